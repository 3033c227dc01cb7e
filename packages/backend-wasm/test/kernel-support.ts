import {
  type CumulativeKernel,
  type Kernel,
  type MapKernel,
  type CompiledProgram,
  type ReduceKernel,
  compileProgram,
} from "@adjoint/compiler";
import { type Tensor, evaluate, input, program } from "@adjoint/ir";
import {
  type DType,
  type TensorValue,
  type TypedArray,
  dtypeInfo,
  elementCount,
  valueOf,
} from "@adjoint/ir/values";
import { expect } from "vitest";
import { ModuleBuilder, call, i32 } from "../src/emit/index.ts";
import { cumulativeKernel } from "../src/kernels/cumulative.ts";
import type { KernelEnvironment } from "../src/kernels/environment.ts";
import { mapKernel } from "../src/kernels/map.ts";
import type { Ranged } from "../src/kernels/ranged.ts";
import { reduceKernel } from "../src/kernels/reduce.ts";
import { MathLibrary } from "../src/math/library.ts";
import { Helpers } from "../src/scalar/helpers.ts";

/** The order in which the units of each kernel run: all at once, or one by one and the last one first. */
export type Order = "whole" | "backwards";
type Walked = MapKernel | ReduceKernel | CumulativeKernel;

const isWalked = (kernel: Kernel): kernel is Walked =>
  kernel.form === "map" || kernel.form === "reduce" || kernel.form === "cumulative";

function rangedOf(environment: KernelEnvironment, kernel: Walked, workspace: number): Ranged {
  switch (kernel.form) {
    case "map":
      return mapKernel(environment, kernel);
    case "reduce":
      return reduceKernel(environment, kernel, workspace);
    case "cumulative":
      return cumulativeKernel(environment, kernel);
  }
}

export interface Ran {
  readonly outputs: readonly TypedArray[];
  /** Of each kernel, and of what joins its parts. */
  readonly units: readonly (readonly number[])[];
}

/** Runs a program of ranged kernels, every buffer at its own address. */
export function run(compiled: CompiledProgram, feeds: readonly TypedArray[], order: Order = "whole"): Ran {
  const addresses: number[] = [];
  let end = 64;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil((bytes + 64) / 64) * 64;
    return at;
  };
  for (const { dtype, elements } of compiled.buffers) addresses.push(take(elements * dtypeInfo[dtype].bytes));
  const workspace = take(1 << 16);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536) + 1 });
  // What kernels read beyond a buffer must not matter.
  new Uint8Array(memory.buffer).fill(0xa5);
  const address = (buffer: number): number => addresses[buffer] ?? 0;
  const dtype = (buffer: number): DType => compiled.buffers[buffer]?.dtype ?? "f32";
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  const environment: KernelEnvironment = {
    module,
    math: new MathLibrary(module, false),
    helpers: new Helpers(module),
    addressing: { address, dtype, outOfRange: (body) => body.unreachable() },
  };
  const kernels = compiled.kernels.filter(isWalked);
  expect(kernels.length).toBe(compiled.kernels.length);
  const stages = kernels.map((kernel) => {
    const first = rangedOf(environment, kernel, workspace);
    return first.joins === undefined ? [first] : [first, first.joins];
  });
  module.export(
    "run",
    module.function([], "void", (body) => {
      for (const { callee, units } of stages.flat()) {
        if (order === "whole") {
          body.run(call(callee, i32.const(0), i32.const(units)));
          continue;
        }
        const left = body.let(i32.const(0));
        body.for(left, i32.const(units), 1, () => {
          const unit = body.let(i32.sub(i32.const(units - 1), left));
          body.run(call(callee, unit, i32.add(unit, i32.const(1))));
        });
      }
    }),
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const fill = (buffer: number, data: TypedArray): void =>
    new Uint8Array(memory.buffer, address(buffer), data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  compiled.buffers.forEach(({ owner }, id) => {
    if (owner.kind === "constant") fill(id, owner.value.data);
  });
  compiled.inputs.forEach(({ buffer }, index) => fill(buffer, feeds[index] ?? new Float32Array()));
  // The one export is this function.
  (instance.exports["run"] as () => void)();
  const view = (buffer: number, elements: number): TypedArray =>
    new dtypeInfo[dtype(buffer)].array(memory.buffer, address(buffer), elements);
  return {
    outputs: compiled.outputs.map(({ buffer, shape }) => view(buffer, elementCount(shape))),
    units: stages.map((parts) => parts.map((part) => part.units)),
  };
}

export type Tensors = Record<string, Tensor>;

/** Compares a program with the reference, and every order of its units with the others, bit by bit. */
export function check(inputs: Record<string, TensorValue>, outputs: (tensors: Tensors) => Tensors): Ran {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, input(name, value.dtype, value.shape)]),
  );
  const graph = program({ inputs: tensors, outputs: outputs(tensors) });
  const expected = evaluate(graph, inputs).outputs;
  const feeds = Object.values(inputs).map((value) => value.data);
  const ran = run(compileProgram(graph), feeds);
  Object.entries(expected).forEach(([name, { data }], index) => {
    const got = Array.from({ length: ran.outputs[index]?.length ?? 0 }, (_, at) =>
      Number(ran.outputs[index]?.[at]),
    );
    const wanted = Array.from({ length: data.length }, (_, at) => Number(data[at]));
    const near = (value: number, at: number): boolean =>
      Object.is(got[at], value) || Math.abs((got[at] ?? NaN) - value) <= 1e-6 * Math.abs(value);
    const wrong = wanted.flatMap((value, at) =>
      near(value, at) ? [] : [`${name}[${at}] is ${got[at]}, not ${value}`],
    );
    expect([got.length, wrong]).toEqual([wanted.length, []]);
  });
  expect(run(compileProgram(graph), feeds, "backwards").outputs).toEqual(ran.outputs);
  return ran;
}

export const ramp = (dtype: DType, shape: readonly number[]): TensorValue =>
  valueOf(
    dtype,
    shape,
    Array.from({ length: elementCount(shape) }, (_, index) =>
      dtype === "bool" ? index % 2 : ((index * 7) % 19) - (dtype.startsWith("u") ? 0 : 7),
    ),
  );

export const get = (tensors: Tensors, name: string): Tensor => {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(name);
  return tensor;
};
