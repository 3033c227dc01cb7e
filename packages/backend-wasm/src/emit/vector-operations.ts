import { loads, stores } from "./opcodes.ts";
import {
  type Codes,
  type Unaries,
  type Binaries,
  type Ternaries,
  type Shifts,
  type Loads,
  type Stores,
  unary,
  binary,
  ternary,
  loading,
  storing,
} from "./tables.ts";
import { SIMD, Value, type ValueType } from "./value.ts";
import {
  v128Codes,
  f32x4Codes,
  f64x2Codes,
  i8x16Codes,
  i16x8Codes,
  i32x4Codes,
  i64x2Codes,
  lanes,
} from "./vector-opcodes.ts";

type Vector = Value<"v128">;
type Lanes<T extends ValueType> = {
  readonly splat: (a: Value<T>) => Vector;
  readonly extractLane: (a: Vector, lane: number) => Value<T>;
  readonly replaceLane: (a: Vector, lane: number, value: Value<T>) => Vector;
};
const laneOps = <N extends keyof typeof lanes>(name: N): Lanes<(typeof lanes)[N][0]> => {
  const [type, splat, extract, replace] = lanes[name];
  return {
    splat: (a) => new Value("v128", SIMD | splat, [a]),
    extractLane: (a, lane) => new Value(type, SIMD | extract, [a], { kind: "bytes", value: [lane] }),
    replaceLane: (a, lane, value) =>
      new Value("v128", SIMD | replace, [a, value], { kind: "bytes", value: [lane] }),
  };
};
type Family<C extends { readonly binary: Codes; readonly unary: Codes }> = Binaries<
  C["binary"],
  "v128",
  "v128"
> &
  Unaries<C["unary"], "v128", "v128"> &
  (C extends { readonly ternary: infer T extends Codes } ? Ternaries<T> : unknown) &
  (C extends { readonly shift: infer S extends Codes } ? Shifts<S> : unknown);

const family = <C extends { readonly binary: Codes; readonly unary: Codes }>(
  codes: C & { readonly ternary?: Codes; readonly shift?: Codes },
): Family<C> => ({
  // The rows together make the family; each part is checked by its table.
  ...unary<Family<C>>("v128", codes.unary, SIMD),
  ...binary<object>("v128", { ...codes.binary, ...codes.shift }, SIMD),
  ...ternary<object>("v128", codes.ternary ?? {}, SIMD),
});

export const f32x4: Family<typeof f32x4Codes> & Lanes<"f32"> = { ...family(f32x4Codes), ...laneOps("f32x4") };
export const f64x2: Family<typeof f64x2Codes> & Lanes<"f64"> = { ...family(f64x2Codes), ...laneOps("f64x2") };
export const i8x16: Family<typeof i8x16Codes> & {
  /** Bytes of a ++ b, by 16 numbers 0–31. */
  readonly shuffle: (a: Vector, b: Vector, lanes: readonly number[]) => Vector;
  /** The lowest byte in all lanes. */
  readonly splat: (a: Value<"i32">) => Vector;
} = {
  ...family(i8x16Codes),
  splat: (a) => new Value("v128", SIMD | 0x0f, [a]),
  shuffle: (a, b, value) => new Value("v128", SIMD | 0x0d, [a, b], { kind: "bytes", value }),
};
export const i16x8: Family<typeof i16x8Codes> = family(i16x8Codes);
export const i32x4: Family<typeof i32x4Codes> &
  Lanes<"i32"> & {
    /** 32-bit lanes of a ++ b, by four numbers 0–7. */
    readonly shuffle: (a: Vector, b: Vector, lanes: readonly [number, number, number, number]) => Vector;
  } = {
  ...family(i32x4Codes),
  ...laneOps("i32x4"),
  shuffle: (a, b, order) =>
    i8x16.shuffle(
      a,
      b,
      order.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
    ),
};
export const i64x2: Family<typeof i64x2Codes> & Lanes<"i64"> = { ...family(i64x2Codes), ...laneOps("i64x2") };

type LaneAccess = {
  readonly [N in 8 | 16 | 32 | 64 as `load${N}Lane`]: (
    address: Value<"i32">,
    vector: Vector,
    lane: number,
    offset?: number,
  ) => Vector;
} & {
  readonly [N in 8 | 16 | 32 | 64 as `store${N}Lane`]: (
    address: Value<"i32">,
    vector: Vector,
    lane: number,
    offset?: number,
  ) => Value<"void">;
};
const laneAccess =
  <R extends "v128" | "void">(result: R, code: number, align: number) =>
  (address: Value<"i32">, vector: Vector, lane: number, offset = 0): Value<R> =>
    new Value(result, SIMD | code, [address, vector], { kind: "memory", align, offset, lane });

export const v128: Binaries<typeof v128Codes.binary, "v128", "v128"> &
  Unaries<typeof v128Codes.unary, "v128", "v128"> &
  Loads<typeof loads.v128, "v128"> &
  Stores<typeof stores.v128, "v128"> &
  LaneAccess & {
    /** 16 bytes. */
    readonly const: (bytes: ArrayLike<number>) => Vector;
    /** Bits of a where the mask's are 1, else of b. */
    readonly bitselect: (a: Vector, b: Vector, mask: Vector) => Vector;
    readonly anyTrue: (a: Vector) => Value<"i32">;
  } = {
  const: (value) => new Value("v128", SIMD | 0x0c, [], { kind: "bytes", value }),
  bitselect: (a, b, mask) => new Value("v128", SIMD | 0x52, [a, b, mask]),
  anyTrue: (a) => new Value("i32", SIMD | 0x53, [a]),
  ...binary<Binaries<typeof v128Codes.binary, "v128", "v128">>("v128", v128Codes.binary, SIMD),
  ...unary<Unaries<typeof v128Codes.unary, "v128", "v128">>("v128", v128Codes.unary, SIMD),
  ...loading("v128", loads.v128),
  ...storing(stores.v128),
  load8Lane: laneAccess("v128", 0x54, 0),
  load16Lane: laneAccess("v128", 0x55, 1),
  load32Lane: laneAccess("v128", 0x56, 2),
  load64Lane: laneAccess("v128", 0x57, 3),
  store8Lane: laneAccess("void", 0x58, 0),
  store16Lane: laneAccess("void", 0x59, 1),
  store32Lane: laneAccess("void", 0x5a, 2),
  store64Lane: laneAccess("void", 0x5b, 3),
};
