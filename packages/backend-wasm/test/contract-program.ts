import type { ContractKernel, CompiledProgram } from "@adjoint/compiler";
import { at } from "@adjoint/ir/values";
import type { PlanOptions } from "../src/kernels/contract/contraction.ts";
import { READ_SLACK } from "../src/kernels/contract/emit.ts";
import { ModuleBuilder } from "../src/emit/index.ts";
import { contractKernel, contractRegions } from "../src/kernels/contract/kernel.ts";
import { MathLibrary } from "../src/math/library.ts";
import { Helpers } from "../src/scalar/helpers.ts";
import { type SharedCode, noise } from "./contract-support.ts";
import { layOut } from "../src/region.ts";

export interface ProgramRun {
  /** Runs one contraction of the program, all threads in turn. */
  readonly again: (kernel: number) => void;
  /** A buffer's elements. */
  readonly read: (buffer: number) => Float32Array;
  readonly moduleBytes: number;
  readonly emitMilliseconds: number;
}

export const contractionsOf = (program: CompiledProgram): readonly ContractKernel[] =>
  program.kernels.filter((kernel) => kernel.form === "contract");

/** The contractions of a program as one module, over memory in which no two buffers overlap; f32 buffers hold noise. */
export function runContractions(
  program: CompiledProgram,
  { fused = false, wide = false, threads = 1 }: PlanOptions,
): ProgramRun {
  const kernels = contractionsOf(program);
  let end = 128;
  const addresses = program.buffers.map(({ elements }) => {
    const address = end;
    end = Math.ceil((end + elements * 8 + READ_SLACK) / 64) * 64;
    return address;
  });
  const options = { fused, wide, threads };
  const addressing = {
    address: (buffer: number): number => at(addresses, buffer),
    dtype: (buffer: number) => at(program.buffers, buffer).dtype,
    outOfRange: (): void => {},
  };
  const environment = (module: ModuleBuilder) => ({
    module,
    math: new MathLibrary(module, fused),
    helpers: new Helpers(module),
    addressing,
  });
  const started = performance.now();
  const idle = environment(new ModuleBuilder());
  const workspaceBytes = Math.max(
    0,
    ...kernels.map((kernel) => layOut(contractRegions(idle, kernel, options), threads).bytes),
  );
  const module = new ModuleBuilder();
  const pages = Math.ceil((end + workspaceBytes + READ_SLACK) / 65536);
  module.importMemory("env", "memory", { initial: pages });
  const own = environment(module);
  kernels.forEach((kernel, index) =>
    module.export(`run${index}`, contractKernel(own, kernel, { ...options, workspace: end }).run),
  );
  const bytes = module.finish();
  const emitMilliseconds = performance.now() - started;
  const memory = new WebAssembly.Memory({ initial: pages });
  program.buffers.forEach(({ dtype, elements }, buffer) => {
    if (dtype === "f32")
      new Float32Array(memory.buffer, addresses[buffer], elements).set(noise(elements, buffer + 1));
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return {
    again: (kernel) => {
      const code = instance.exports[`run${kernel}`] as SharedCode;
      for (let thread = 0; thread < threads; thread++) code(thread, thread, thread + 1, threads);
    },
    read: (buffer) => new Float32Array(memory.buffer, addresses[buffer], program.buffers[buffer]?.elements),
    moduleBytes: bytes.length,
    emitMilliseconds,
  };
}
