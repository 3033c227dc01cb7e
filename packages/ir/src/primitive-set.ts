import type { Schema } from "./schema.ts";
import type { Dim } from "./dim.ts";
import type { DType } from "./dtype.ts";
import type { Initial } from "./initial.ts";
import type { Shape } from "./shape.ts";
import type { TensorValue } from "./value.ts";

/**
 * The closed set of primitives, by kind. Every concern that answers per primitive is a table over these names, so a
 * new row here is a type error in each table that lacks it.
 */
export interface PrimitiveSet {
  source: {
    /** A value fed at run time. */
    input: { name: string; dtype: DType; shape: Shape };
    /** State that outlives a run: reads see the value from before the step. */
    register: RegisterAttributes;
    constant: { value: TensorValue };
    /** 0, 1, 2… along `axis`. */
    iota: { dtype: DType; shape: Shape; axis: number };
    /** 32 random bits an element, a pure function of the key (u32[2]) and the element's index: Threefry-2x32-20. */
    randomBits: { shape: Shape };
  };
  /** Elementwise: all operands have one shape. */
  map: FloatFunctions & {
    abs: None;
    neg: None;
    sign: None;
    floor: None;
    ceil: None;
    round: None;
    isNaN: None;
    isInf: None;
    not: None;
    bitwiseNot: None;
    cast: { dtype: DType };
    bitcast: { dtype: DType };
    /** The same value; no gradient passes. */
    stopGradient: None;
    add: None;
    sub: None;
    mul: None;
    div: None;
    /** Remainder with the sign of the divisor (Python's `%`, ONNX Mod). */
    mod: None;
    /** Remainder with the sign of the dividend (C's `%`, ONNX Mod with fmod=1). */
    fmod: None;
    pow: None;
    atan2: None;
    max: None;
    min: None;
    equal: None;
    less: None;
    lessOrEqual: None;
    and: None;
    or: None;
    xor: None;
    bitwiseAnd: None;
    bitwiseOr: None;
    bitwiseXor: None;
    shiftLeft: None;
    shiftRight: None;
    where: None;
  };
  /** The reduced axes leave the shape. */
  reduce: {
    reduceSum: { axes: Axes };
    reduceProd: { axes: Axes };
    reduceMax: { axes: Axes };
    reduceMin: { axes: Axes };
    /** i32 index of the first largest element. */
    argMax: { axis: number };
    argMin: { axis: number };
  };
  cumulative: {
    cumSum: CumulativeAttributes;
    cumProd: CumulativeAttributes;
  };
  view: {
    reshape: { shape: Shape };
    /** Output axis i is input axis `permutation[i]`. */
    transpose: { permutation: Axes };
    /** NumPy's right-aligned stretching to `shape`. */
    broadcast: { shape: Shape };
    /** Per axis: elements `start`, `start + step`… `size` of them; `step` ≥ 1. */
    slice: { starts: Shape; sizes: Shape; steps: Axes };
    /** Per axis: `low` fillers before, `interior` between elements, `high` after. The second operand is the scalar filler. */
    pad: { low: Axes; high: Axes; interior: Axes };
    concat: { axis: number };
    flip: { axes: Axes };
    /** Axis `axes[i]` becomes the window's position; new last axes (one each, in order) run within the window. */
    window: WindowAttributes;
    /** The transpose of `window`: overlapping windows are summed; `sizes` are the extents that were windowed. */
    windowSum: WindowAttributes & { extents: Shape };
  };
  contract: {
    /** Output axes: batch…, the left's free axes, the right's free axes. */
    dotGeneral: DotAttributes;
    /** x [N, C, …spatial] ∗ w [O, C/groups, …kernel] → [N, O, …]; cross-correlation, as ONNX Conv. */
    conv: ConvAttributes;
    /** The transpose of `conv` by its input: g [N, O, …], w [O, C/groups, …kernel] → [N, C, …extents]. */
    convTranspose: ConvAttributes & { extents: Shape };
    /** The transpose of `conv` by its weight: x [N, C, …], g [N, O, …] → [O, C/groups, …extents]. */
    convWeight: ConvAttributes & { extents: Axes };
  };
  index: {
    /** ONNX GatherND: data [d0…], indices i32 [q…, k] → [q…, dk…]. An index outside its axis is an error. */
    gather: None;
    /** ONNX ScatterND: data, indices [q…, k], updates [q…, dk…]; updates are applied in row-major order. */
    scatter: { reduction: ScatterReduction };
  };
  order: {
    /** Stable; NaN counts as largest. Outputs: values, i32 indices. */
    sort: { axis: number; descending: boolean };
    /** The k largest (or smallest) in order, ties by lower index. Outputs: values, i32 indices. */
    topK: { axis: number; k: number; largest: boolean };
  };
  control: {
    /** Runs the body `length` times. Inputs: carries, then sequences (sliced on axis 0), then invariants. */
    scan: { carries: number; sequences: number; length: Dim; reverse: boolean };
    /** Inputs: scalar bool condition, then what the branches use. */
    if: None;
    /** Its first operand, unchanged; a program that holds it updates the named register with its second. */
    commit: { register: string };
  };
}

export type None = Record<never, never>;

/** Elementwise functions of one float, each a method of `Tensor` too. Defined in `ops/transcendental.ts`. */
export interface FloatFunctions {
  exp: None;
  /** eˣ − 1 without cancellation near 0. */
  expm1: None;
  /** Natural logarithm. */
  log: None;
  /** log(1 + x) without cancellation near 0. */
  log1p: None;
  sqrt: None;
  sin: None;
  cos: None;
  tan: None;
  asin: None;
  acos: None;
  atan: None;
  sinh: None;
  cosh: None;
  tanh: None;
  asinh: None;
  acosh: None;
  atanh: None;
  /** The error function, 2/√π·∫₀ˣ e^(−t²) dt. */
  erf: None;
}
export type FloatFunction = keyof FloatFunctions;

export type Axes = readonly number[];
export type ScatterReduction = "none" | "add" | "mul" | "max" | "min";

export interface RegisterAttributes {
  /** Unique in a program; entries of a session share registers by name. */
  name: string;
  dtype: DType;
  shape: readonly number[];
  initial: Initial;
  /** Optimizers update trainable registers. */
  trainable: boolean;
}

export interface CumulativeAttributes {
  axis: number;
  /** Element i excludes itself. */
  exclusive: boolean;
  /** From the end. */
  reverse: boolean;
}

export interface WindowAttributes {
  axes: Axes;
  sizes: Axes;
  strides: Axes;
  dilations: Axes;
}

export interface DotAttributes {
  leftBatch: Axes;
  rightBatch: Axes;
  leftContract: Axes;
  rightContract: Axes;
}

export interface ConvAttributes {
  strides: Axes;
  dilations: Axes;
  padLow: Axes;
  padHigh: Axes;
  groups: number;
}

export type Kind = keyof PrimitiveSet;
export type NameOf<K extends Kind> = keyof PrimitiveSet[K] & string;
export type PrimitiveName = { [K in Kind]: NameOf<K> }[Kind];
export type KindOf<N extends PrimitiveName> = { [K in Kind]: N extends NameOf<K> ? K : never }[Kind];
type Merged = PrimitiveSet[Kind] extends infer U
  ? (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
    ? I
    : never
  : never;
export type AttributesOf<N extends PrimitiveName> = N extends keyof Merged ? Merged[N] : never;
export type AttributeSchema<N extends PrimitiveName> = Schema<AttributesOf<N>>;

/**
 * Additions that computing one element is about worth: of the elementwise primitives, and of random bits. Whoever weighs
 * computing against reading from memory, or shares work out, reads these.
 */
export const operationCosts: { readonly [N in NameOf<"map"> | "randomBits"]: number } = {
  abs: 1,
  neg: 1,
  sign: 1,
  exp: 10,
  expm1: 12,
  log: 12,
  log1p: 15,
  sqrt: 4,
  sin: 15,
  cos: 15,
  tan: 30,
  asin: 30,
  acos: 30,
  atan: 30,
  sinh: 30,
  cosh: 30,
  tanh: 14,
  asinh: 40,
  acosh: 40,
  atanh: 40,
  erf: 20,
  floor: 1,
  ceil: 1,
  round: 1,
  isNaN: 1,
  isInf: 1,
  not: 1,
  bitwiseNot: 1,
  cast: 1,
  bitcast: 1,
  stopGradient: 0,
  add: 1,
  sub: 1,
  mul: 1,
  div: 4,
  mod: 20,
  fmod: 20,
  pow: 40,
  atan2: 40,
  max: 1,
  min: 1,
  equal: 1,
  less: 1,
  lessOrEqual: 1,
  and: 1,
  or: 1,
  xor: 1,
  bitwiseAnd: 1,
  bitwiseOr: 1,
  bitwiseXor: 1,
  shiftLeft: 1,
  shiftRight: 1,
  where: 1,
  randomBits: 40,
};
