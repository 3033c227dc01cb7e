import {
  type BufferId,
  type Kernel,
  type CompiledProgram,
  buffersOf,
  describeKernel,
} from "@adjoint/compiler/kernel";

/** The name that a user gave what a buffer holds. */
function givenName({ inputs, outputs, buffers }: CompiledProgram, id: BufferId): string | undefined {
  const input = inputs.find(({ buffer }) => buffer === id);
  if (input !== undefined) return `input "${input.name}"`;
  const output = outputs.find(({ buffer }) => buffer === id);
  if (output !== undefined) return `output "${output.name}"`;
  const location = buffers[id]?.location;
  return location?.kind === "register" ? `register "${location.name}"` : undefined;
}

const typeName = ({ buffers }: CompiledProgram, id: BufferId): string =>
  `a tensor ${buffers[id]?.dtype}[${buffers[id]?.elements}]`;

/** The contents of a buffer, by the user's name if it has one. */
export function tensorName(program: CompiledProgram, id: BufferId): string {
  const name = givenName(program, id);
  if (name !== undefined) return name;
  const kernel = program.kernels.find((candidate) => buffersOf(candidate).writes.has(id));
  const type = typeName(program, id);
  return kernel === undefined ? type : `${type}, which "${describeKernel(kernel)}" computes,`;
}

/** A kernel by what it does and what it computes. */
export function kernelName(program: CompiledProgram, kernel: Kernel): string {
  const results = [...buffersOf(kernel).writes].map((id) => givenName(program, id) ?? typeName(program, id));
  return `the kernel "${describeKernel(kernel)}", which computes ${results.join(", ")}`;
}
