import { webgpu } from "@adjoint/backend-webgpu";
import { compileProgram, type Kernel, type CompiledProgram } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";
import { AdjointError } from "@adjoint/ir/values";
import { expect, it } from "vitest";
import { stubDevice } from "./stub-device.ts";

const x = input("x", "f32", [6]);
const doubled = compileProgram(program({ inputs: { x }, outputs: { y: x.flip([0]).mul(2) } }));

async function compiled(main: CompiledProgram): Promise<unknown> {
  const { device } = stubDevice();
  const opened = await (await webgpu({ device })).open();
  return opened.compile(main, { profile: false }).catch((error: unknown) => error);
}

it("refuses a kernel that could read outside its operand, and names both", async () => {
  expect(await compiled(doubled)).not.toBeInstanceOf(Error);
  const kernels = doubled.kernels.map((kernel): Kernel => {
    if (kernel.form !== "map") return kernel;
    const body = kernel.body.map((node) =>
      node.kind === "load" ? { ...node, index: { ...node.index, offset: node.index.offset + 1 } } : node,
    );
    return { ...kernel, body };
  });
  const refused = await compiled({ ...doubled, kernels });
  expect(refused).toBeInstanceOf(AdjointError);
  expect(String(refused)).toMatch(
    /webgpu: the kernel "map \[6\] mul", which computes output "y", reads input "x" at positions 1 to 6, and it has 6 elements/,
  );
});
