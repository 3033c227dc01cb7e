import { afterEach, describe, expect, it, vi } from "vitest";
import { detectFeatures } from "@adjoint/backend-wasm";
import { enableWideVectors } from "@adjoint/backend-wasm/node";

const major = Number(process.versions.node.split(".")[0]);
const source = new URL("../src/index.ts", import.meta.url);

describe("detectFeatures", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });
  it("finds vectors and threads in every Node we support", () => {
    expect(detectFeatures()).toMatchObject({ simd: true, threads: true });
  });
  it("says what the engine says of relaxed SIMD, and does not switch it on", () => {
    // f32x4.relaxed_madd of three splats of 0, as bytes.
    const splat = [0x43, 0, 0, 0, 0, 0xfd, 0x13];
    const code = [0, ...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x0b];
    const type = [1, 5, 1, 0x60, 0, 1, 0x7b];
    const body = [10, code.length + 2, 1, code.length, ...code];
    const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, ...body);
    const before = WebAssembly.validate(bytes);
    expect(detectFeatures().relaxedSimd).toBe(before);
    expect(WebAssembly.validate(bytes)).toBe(before);
    expect(before || major < 22).toBe(true);
  });
  it("has no threads on a page without cross-origin isolation", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    // A fresh copy, since the answer is kept.
    const fresh = (await import(/* @vite-ignore */ `${source.href}?isolated`)) as {
      detectFeatures: typeof detectFeatures;
    };
    expect(fresh.detectFeatures()).toMatchObject({ simd: true, threads: false });
  });
});

describe("enableWideVectors", () => {
  it("says whether the engine has them", () => {
    expect(enableWideVectors()).toBe(major >= 24);
  });
});
