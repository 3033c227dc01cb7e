import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu } from "../gpu.ts";

const program = ["../from-sources.mjs", "../../apps/mnist-trainer/src/main.ts"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("the trainer")}`, () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-webgpu-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The losses of a short training in a process of its own. */
  async function lossesOn(backend: string): Promise<readonly number[]> {
    const out = join(folder, backend);
    const options = ["--model", "logistic", "--limit", "600", "--epochs", "2", "--backend", backend];
    await promisify(execFile)(process.execPath, [...program, ...options, "--out", out]);
    const history = JSON.parse(await readFile(join(out, "history.json"), "utf8"));
    return history.epochs.map(({ train }: { readonly train: { readonly loss: number } }) => train.loss);
  }

  it("trains with --backend webgpu as with wasm", { timeout: 120_000 }, async () => {
    const [webgpu, wasm] = [await lossesOn("webgpu"), await lossesOn("wasm")];
    expect(webgpu).toHaveLength(2);
    webgpu.forEach((loss, epoch) => expect(loss).toBeCloseTo(wasm[epoch] ?? NaN, 4));
  });
});
