import {
  ATOMIC_COMPARE_EXCHANGE,
  atomicRmw,
  conversions,
  f32Codes,
  f64Codes,
  i32Codes,
  i64Codes,
  loads,
  stores,
} from "./opcodes.ts";
import {
  type Unaries,
  type Binaries,
  type Conversions,
  type Loads,
  type Stores,
  each,
  unary,
  binary,
  conversion,
  loading,
  storing,
} from "./tables.ts";
import { ATOMIC, BULK, type ResultType, Value, type ValueType } from "./value.ts";

/** Reads and writes that other threads see in order. */
interface Atomics<T extends "i32" | "i64"> {
  readonly atomicLoad: (address: Value<"i32">, offset?: number) => Value<T>;
  readonly atomicStore: (address: Value<"i32">, value: Value<T>, offset?: number) => Value<"void">;
  /** The old value; the new one is `old op value`. */
  readonly atomicRmw: {
    readonly [N in keyof typeof atomicRmw]: (
      address: Value<"i32">,
      value: Value<T>,
      offset?: number,
    ) => Value<T>;
  };
  /** The old value; where it is `expected`, the new one is `value`. */
  readonly atomicCompareExchange: (
    address: Value<"i32">,
    expected: Value<T>,
    value: Value<T>,
    offset?: number,
  ) => Value<T>;
}

function atomics<T extends "i32" | "i64">(type: T): Atomics<T> {
  const [wide, align] = type === "i64" ? [1, 3] : [0, 2];
  const access = <R extends ResultType>(
    result: R,
    code: number,
    operands: readonly Value[],
    offset = 0,
  ): Value<R> => new Value(result, ATOMIC | (code + wide), operands, { kind: "memory", align, offset });
  return {
    atomicLoad: (address, offset) => access(type, 0x10, [address], offset),
    atomicStore: (address, value, offset) => access("void", 0x17, [address, value], offset),
    atomicRmw: each(
      atomicRmw,
      (code) => (address: Value<"i32">, value: Value<T>, offset?: number) =>
        access(type, code, [address, value], offset),
    ),
    atomicCompareExchange: (address, expected, value, offset) =>
      access(type, ATOMIC_COMPARE_EXCHANGE, [address, expected, value], offset),
  };
}

/** Instructions that i32 and i64 share. */
export type Integer<T extends "i32" | "i64"> = Binaries<typeof i32Codes.binary, T, T> &
  Binaries<typeof i32Codes.compare, T, "i32">;

type I32 = Binaries<typeof i32Codes.binary & typeof i32Codes.compare, "i32", "i32"> &
  Unaries<typeof i32Codes.unary, "i32", "i32"> &
  Conversions<typeof conversions.i32, "i32"> &
  Loads<typeof loads.i32, "i32"> &
  Stores<typeof stores.i32, "i32"> &
  Atomics<"i32"> & { readonly const: (value: number) => Value<"i32"> };

export const i32: I32 = {
  const: (value) => new Value("i32", 0x41, [], { kind: "i32", value }),
  ...binary<Binaries<typeof i32Codes.binary & typeof i32Codes.compare, "i32", "i32">>("i32", {
    ...i32Codes.binary,
    ...i32Codes.compare,
  }),
  ...unary<Unaries<typeof i32Codes.unary, "i32", "i32">>("i32", i32Codes.unary),
  ...conversion("i32", conversions.i32),
  ...loading("i32", loads.i32),
  ...storing(stores.i32),
  ...atomics("i32"),
};

type I64 = Binaries<typeof i64Codes.binary, "i64", "i64"> &
  Binaries<typeof i64Codes.compare, "i64", "i32"> &
  Conversions<typeof conversions.i64, "i64"> &
  Loads<typeof loads.i64, "i64"> &
  Stores<typeof stores.i64, "i64"> &
  Atomics<"i64"> & {
    readonly const: (value: bigint) => Value<"i64">;
    readonly eqz: (a: Value<"i64">) => Value<"i32">;
  };

export const i64: I64 = {
  const: (value) => new Value("i64", 0x42, [], { kind: "i64", value }),
  eqz: (a) => new Value("i32", 0x50, [a]),
  ...binary<Binaries<typeof i64Codes.binary, "i64", "i64">>("i64", i64Codes.binary),
  ...binary<Binaries<typeof i64Codes.compare, "i64", "i32">>("i32", i64Codes.compare),
  ...conversion("i64", conversions.i64),
  ...loading("i64", loads.i64),
  ...storing(stores.i64),
  ...atomics("i64"),
};

/** Instructions that f32 and f64 share. */
export type Float<T extends "f32" | "f64"> = Binaries<typeof f32Codes.binary, T, T> &
  Binaries<typeof f32Codes.compare, T, "i32"> &
  Unaries<typeof f32Codes.unary, T, T> &
  Loads<(typeof loads)[T], T> &
  Stores<(typeof stores)[T], T> & { readonly const: (value: number) => Value<T> };

export const f32: Float<"f32"> & Conversions<typeof conversions.f32, "f32"> = {
  const: (value) => new Value("f32", 0x43, [], { kind: "f32", value }),
  ...binary<Binaries<typeof f32Codes.binary, "f32", "f32">>("f32", f32Codes.binary),
  ...binary<Binaries<typeof f32Codes.compare, "f32", "i32">>("i32", f32Codes.compare),
  ...unary<Unaries<typeof f32Codes.unary, "f32", "f32">>("f32", f32Codes.unary),
  ...conversion("f32", conversions.f32),
  ...loading("f32", loads.f32),
  ...storing(stores.f32),
};

export const f64: Float<"f64"> & Conversions<typeof conversions.f64, "f64"> = {
  const: (value) => new Value("f64", 0x44, [], { kind: "f64", value }),
  ...binary<Binaries<typeof f64Codes.binary, "f64", "f64">>("f64", f64Codes.binary),
  ...binary<Binaries<typeof f64Codes.compare, "f64", "i32">>("i32", f64Codes.compare),
  ...unary<Unaries<typeof f64Codes.unary, "f64", "f64">>("f64", f64Codes.unary),
  ...conversion("f64", conversions.f64),
  ...loading("f64", loads.f64),
  ...storing(stores.f64),
};

/** `a` where the condition is not 0, else `b`; both are computed. */
export function select<T extends ValueType>(condition: Value<"i32">, a: Value<T>, b: Value<T>): Value<T> {
  const operands = [a, b, condition];
  return a.type === "v128"
    ? new Value(a.type, 0x1c, operands, { kind: "bytes", value: [1, 0x7b] })
    : new Value(a.type, 0x1b, operands);
}

/** Whole-memory instructions. */
export const memory: {
  readonly copy: (to: Value<"i32">, from: Value<"i32">, bytes: Value<"i32">) => Value<"void">;
  readonly fill: (to: Value<"i32">, byte: Value<"i32">, bytes: Value<"i32">) => Value<"void">;
  /** Sleeps while the word is `expected`: 0 woken, 1 another value, 2 timed out. Nanoseconds; −1 waits for ever. */
  readonly wait32: (
    address: Value<"i32">,
    expected: Value<"i32">,
    timeout: Value<"i64">,
    offset?: number,
  ) => Value<"i32">;
  /** Wakes up to `count` sleepers; how many. */
  readonly notify: (address: Value<"i32">, count: Value<"i32">, offset?: number) => Value<"i32">;
} = {
  copy: (to, from, bytes) =>
    new Value("void", BULK | 0x0a, [to, from, bytes], { kind: "bytes", value: [0, 0] }),
  fill: (to, byte, bytes) => new Value("void", BULK | 0x0b, [to, byte, bytes], { kind: "bytes", value: [0] }),
  wait32: (address, expected, timeout, offset = 0) =>
    new Value("i32", ATOMIC | 0x01, [address, expected, timeout], { kind: "memory", align: 2, offset }),
  notify: (address, count, offset = 0) =>
    new Value("i32", ATOMIC | 0x00, [address, count], { kind: "memory", align: 2, offset }),
};
