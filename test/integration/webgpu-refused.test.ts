import { webgpu } from "@adjoint/backend-webgpu";
import { compile } from "@adjoint/compiler";
import { AdjointError, input, program } from "@adjoint/ir";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

const x = input("x", "f32", [3, 40]);
const main = program({ inputs: { x }, outputs: { total: x.mul(2).reduceSum({ axes: [1] }) } });

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("a kernel that the driver refuses")}`, () => {
  let device: GPUDevice;
  const uncaptured: string[] = [];
  beforeEach(async () => {
    const adapter = await (await nodeGpu()).requestAdapter();
    if (adapter === null) throw new Error("no adapter");
    device = await adapter.requestDevice();
    uncaptured.length = 0;
    device.addEventListener("uncapturederror", ({ error }) => uncaptured.push(error.message));
  });
  afterEach(() => device?.destroy());

  it.for<readonly [why: string, edit: (code: string) => string, reason: string]>([
    [
      "for its workgroup memory",
      (code) => code.replace("array<f32, 64>", "array<f32, 8000>"),
      "workgroup storage",
    ],
    [
      "for its size",
      (code) => code.replace("@workgroup_size(64)", "@workgroup_size(512)"),
      String.raw`workgroup_size\(512`,
    ],
    ["for its text", (code) => `${code}\nfn`, "parsing WGSL"],
  ])("%s is named, with the reason and a way out, and the next is compiled", async ([, edit, reason]) => {
    const make = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => make({ ...descriptor, code: edit(descriptor.code) });
    const backend = await webgpu({ device });
    const error: unknown = await compile({ main }, { backend }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AdjointError);
    const kernel = String.raw`the kernel "reduce \[3\] over \[40\] mul · reduceSum", which computes output "total"`;
    expect(error).toMatchObject({
      code: "backend",
      message: expect.stringMatching(
        new RegExp(`^webgpu: the device refuses ${kernel}: .*${reason}.* or use the wasm backend\\.$`, "s"),
      ),
    });
    expect(uncaptured).toEqual([]);
    device.createShaderModule = make;
    await using session = await compile({ main }, { backend });
    const { total } = await session.run("main", { x: new Float32Array(120).fill(1) });
    expect(total.data).toEqual(Float32Array.of(80, 80, 80));
  });
});
