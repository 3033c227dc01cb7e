import type { Affine, ContractKernel, IndexMap } from "@adjoint/compiler";
import { type DType, at } from "@adjoint/ir/values";
import type { PlanOptions } from "../src/kernels/contract/contraction.ts";
import { READ_SLACK, emitContraction, workspaceBytes } from "../src/kernels/contract/emit.ts";
import { type Epilogue, denseEpilogue } from "../src/kernels/contract/epilogue/epilogue.ts";
import { type WayPlan, planContraction } from "../src/kernels/contract/plan.ts";
import type { Split } from "../src/share.ts";
import { ModuleBuilder } from "../src/emit/index.ts";

const arrays = {
  f64: Float64Array,
  f32: Float32Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u8: Uint8Array,
  f16: Uint16Array,
  bf16: Uint16Array,
} as const;
type Held = keyof typeof arrays;
export type Numbers = InstanceType<(typeof arrays)[Held]>;

export interface Parts {
  readonly batch?: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly inner: readonly number[];
}

export const map = (
  strides: readonly number[],
  offset = 0,
  guards: readonly (Affine & { limit: number })[] = [],
): IndexMap => ({ offset, strides, guards });

/** A contraction kernel whose sums are stored densely. Buffers: 0 left, 1 right, 2 result. */
export function kernelOf(
  { batch = [], rows, columns, inner }: Parts,
  left: IndexMap,
  right: IndexMap,
  dtype: DType = "f32",
  operands: DType = dtype,
): ContractKernel {
  const domain = [...batch, ...rows, ...columns];
  const strides = domain.map((_, axis) => domain.slice(axis + 1).reduce((a, b) => a * b, 1));
  return {
    form: "contract",
    batch,
    rows,
    columns,
    inner,
    dtype,
    left: { buffer: 0, dtype: operands, index: left },
    right: { buffer: 1, dtype: operands, index: right },
    epilogue: [{ kind: "accumulator", dtype, index: 0 }],
    stores: [{ buffer: 2, index: { offset: 0, strides }, value: 0 }],
  };
}

/** [batch,] rows × inner by inner × columns, either side transposed. */
export function product(
  batch: number,
  m: number,
  k: number,
  n: number,
  { leftTransposed = false, rightTransposed = false, dtype = "f32" as DType } = {},
): ContractKernel {
  const left = leftTransposed ? [m * k, 1, 0, m] : [m * k, k, 0, 1];
  const right = rightTransposed ? [n * k, 0, k, 1] : [n * k, 0, 1, n];
  return kernelOf({ batch: [batch], rows: [m], columns: [n], inner: [k] }, map(left), map(right), dtype);
}

const sizeOf = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The way that a kernel takes if its sums are stored as they are. */
export function wayOf(kernel: ContractKernel): WayPlan["kind"] {
  const epilogue = denseEpilogue(kernel, () => 0);
  if (epilogue === undefined) throw new Error("its sums are not stored densely");
  return planContraction(kernel, {}, epilogue).way.kind;
}

export interface RunOptions extends PlanOptions {
  readonly threads?: number;
  /** The number of threads that run, each in turn. */
  readonly running?: number;
  readonly epilogue?: (address: number, kernel: ContractKernel) => Epilogue;
  /** The dtype of the result's elements. */
  readonly result?: Held;
}

export interface Ran {
  readonly result: Numbers;
  readonly split: Split;
  /** Runs it again; the memory is the same. */
  readonly again: () => void;
  readonly bytes: number;
  /** True if nothing outside the workspace and the result was written. */
  readonly clean: boolean;
}

/** A contraction, as code: a thread takes some of the parts. */
export type SharedCode = (thread: number, from: number, to: number, parts: number) => void;

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const GUARD = 0x5a;

/** Compiles a kernel and runs it on these operands. */
export function run(
  kernel: ContractKernel,
  operands: readonly [Numbers, Numbers],
  options: RunOptions = {},
): Ran {
  const count = sizeOf([...kernel.batch, ...kernel.rows, ...kernel.columns]);
  const Result = arrays[options.result ?? (kernel.dtype as Held)];
  const threads = options.threads ?? 1;
  const addresses: number[] = [];
  let end = 128;
  for (const bytes of [operands[0].byteLength, operands[1].byteLength, count * Result.BYTES_PER_ELEMENT]) {
    addresses.push(end);
    end = align(end + bytes + READ_SLACK);
  }
  const address = (buffer: number): number => at(addresses, buffer);
  const epilogue = options.epilogue?.(address(2), kernel) ?? denseEpilogue(kernel, address);
  if (epilogue === undefined) throw new Error("the result is not dense");
  const plan = { ...options, threads, epilogue };
  const bytes = workspaceBytes(kernel, plan);
  const workspace = end;
  const total = workspace + bytes;
  const pages = Math.ceil((total + READ_SLACK) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages });
  const all = new Uint8Array(memory.buffer).fill(GUARD);
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: pages });
  const contraction = emitContraction(module, kernel, { ...plan, address, workspace });
  module.export("run", contraction.run);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  operands.forEach((operand, index) =>
    all.set(new Uint8Array(operand.buffer, operand.byteOffset, operand.byteLength), address(index)),
  );
  const code = instance.exports["run"] as SharedCode;
  const running = options.running ?? threads;
  const again = (): void => {
    for (let thread = 0; thread < running; thread++) code(thread, thread, thread + 1, running);
  };
  again();
  const resultStart = address(2);
  const resultEnd = resultStart + count * Result.BYTES_PER_ELEMENT;
  let clean = true;
  for (const [from, to] of [
    [0, address(0)],
    [resultEnd, workspace],
    [total, all.length],
  ] as const)
    for (let index = from; index < to; index++) clean &&= all[index] === GUARD;
  const result = new Result(memory.buffer, resultStart, count) as Numbers;
  return { result, split: contraction.split, again, bytes, clean };
}

/** start + Σ stride·coordinate at each point of some axes, in row-major order. */
function table(strides: readonly number[], sizes: readonly number[], start: number): Int32Array {
  let values = Int32Array.of(start);
  sizes.forEach((size, axis) => {
    const step = at(strides, axis);
    values = Int32Array.from(
      { length: values.length * size },
      (_, index) => at(values, Math.floor(index / size)) + (index % size) * step,
    );
  });
  return values;
}

/** Reads an operand at a row-major index of the outer axes and one of the inner axes; zero if a guard fails. */
function reader(
  index: IndexMap,
  outer: readonly number[],
  inner: readonly number[],
  data: ArrayLike<number>,
): (point: number, term: number) => number {
  const tables = (a: Affine): readonly [Int32Array, Int32Array] => [
    table(a.strides, outer, a.offset),
    table(a.strides.slice(outer.length), inner, 0),
  ];
  const [first, second] = tables(index);
  const guards = index.guards.map((guard) => ({ limit: guard.limit, values: tables(guard) }));
  return (point, term) => {
    for (const { limit, values } of guards) {
      const value = (values[0][point] ?? NaN) + (values[1][term] ?? NaN);
      if (value < 0 || value >= limit) return 0;
    }
    return data[(first[point] ?? NaN) + (second[term] ?? NaN)] ?? NaN;
  };
}

/** The sums in doubles, and for each the sum of magnitudes. */
export function reference(
  kernel: ContractKernel,
  operands: readonly [ArrayLike<number>, ArrayLike<number>],
): { readonly sums: Float64Array; readonly magnitudes: Float64Array } {
  const { batch, rows, columns, inner, left, right } = kernel;
  const outer = [...batch, ...rows, ...columns];
  const [a, b] = [
    reader(left.index, outer, inner, operands[0]),
    reader(right.index, outer, inner, operands[1]),
  ];
  const sums = new Float64Array(sizeOf(outer));
  const magnitudes = new Float64Array(sizeOf(outer));
  const terms = sizeOf(inner);
  for (let point = 0; point < sums.length; point++) {
    let [sum, magnitude] = [0, 0];
    for (let term = 0; term < terms; term++) {
      const value = a(point, term) * b(point, term);
      sum += value;
      magnitude += Math.abs(value);
    }
    sums[point] = sum;
    magnitudes[point] = magnitude;
  }
  return { sums, magnitudes };
}

/** Numbers in −1 … 1, the same each time. */
export function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed * 2654435761 + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}
