import { Body, type Value, type ValueType, ModuleBuilder, i32, v128 } from "../src/emit/index.ts";

export type Exports = Record<string, (...values: (number | bigint)[]) => number | bigint>;

export function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Exports {
  // Exports of these modules are functions over numbers and bigints.
  return new WebAssembly.Instance(new WebAssembly.Module(module.finish()), imports).exports as Exports;
}

/** Runs one function of no parameters. */
export function run<T extends ValueType>(type: T, write: (body: Body) => Value<T>): number | bigint {
  const module = new ModuleBuilder();
  const callee = module.declare([], type as ValueType);
  module.define(callee, (body) => write(body));
  module.export("run", callee);
  return instantiate(module)["run"]?.() ?? NaN;
}

/** The lanes of a vector expression, as 32-bit integers. */
export function words(vector: (body: Body) => Value<"v128">): Int32Array {
  const bytes = new WebAssembly.Memory({ initial: 1 });
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  module.export(
    "run",
    module.function([], "void", (body) => body.run(v128.store(i32.const(16), vector(body)))),
  );
  instantiate(module, { env: { memory: bytes } })["run"]?.();
  return new Int32Array(bytes.buffer, 16, 4).slice();
}
export const floats = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Float32Array(words(vector).buffer),
];
export const doubles = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Float64Array(words(vector).buffer),
];
export const bytesOf = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Int8Array(words(vector).buffer),
];
export const halves = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Int16Array(words(vector).buffer),
];

export const four = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Float32Array(values).buffer));
export const two = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Float64Array(values).buffer));
export const ints = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Int32Array(values).buffer));
export const longs = (values: readonly bigint[]): Value<"v128"> =>
  v128.const(new Uint8Array(new BigInt64Array(values).buffer));
export const small = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Int16Array(values).buffer));
