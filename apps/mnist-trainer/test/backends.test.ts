import { expect, test, vi } from "vitest";
import { quick, runHere, temporaryFolder } from "./support.ts";

const path = temporaryFolder();

vi.mock("webgpu", () => {
  throw new Error("no such binary");
});

test("the webgpu backend says what to install where Node has no WebGPU", async () => {
  const { code, err } = await runHere([...quick, "--backend", "webgpu", "--out", path("none")]);
  expect(code).toBe(2);
  expect(err).toMatch(/--backend webgpu needs a WebGPU.*npm install webgpu/);
});
