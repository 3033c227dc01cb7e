import { type CompiledProgram, strayAccesses } from "@adjoint/compiler/kernel";
import { AdjointError } from "@adjoint/ir/values";
import type { Memory } from "./memory.ts";
import { kernelName, tensorName } from "./names.ts";
import { bytesPer } from "./words.ts";

/**
 * Proves on the host what a device does not say: it turns an access outside a binding into one inside, or into nothing, and
 * wrong numbers follow.
 * @throws AdjointError naming the kernel that could leave a tensor, or the tensor that its memory does not hold.
 */
export function checkRegions(program: CompiledProgram, memory: Memory): void {
  const refuse = (problem: string): AdjointError =>
    new AdjointError(
      "backend",
      "webgpu",
      problem,
      "This is a fault of the compiler, not of the graph; the cpu backend may run it.",
    );
  program.buffers.forEach(({ elements }, id) => {
    const allocation = memory.find(id);
    if (allocation === undefined) return;
    const bytes = elements * bytesPer[allocation.format];
    if (allocation.buffer.size < bytes)
      throw refuse(
        `${tensorName(program, id)} takes ${bytes} bytes, and its memory has ${allocation.buffer.size}`,
      );
  });
  const [stray] = strayAccesses(program);
  if (stray === undefined) return;
  const { kernel, how, buffer, range, elements } = stray;
  throw refuse(
    `${kernelName(program, kernel)}, ${how} ${tensorName(program, buffer)} at positions ${range[0]} to ${range[1]}, and it has ${elements} elements`,
  );
}
