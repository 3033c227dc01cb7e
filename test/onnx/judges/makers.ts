import { type DType, type State, type Tensor, type TensorValue, input, isFloat } from "@adjoint/ir";
import type { Draw } from "./draw.ts";

/** An operator with attributes over inputs of types that were drawn. */
export interface OperatorCase {
  readonly feeds: State;
  readonly build: (inputs: { readonly [name: string]: Tensor }) => Tensor;
}

export type Maker = (draw: Draw) => OperatorCase;

export const FLOATS = ["f32", "f32", "f64", "f16"] as const;
export const INTEGERS = ["i32", "i64", "u8", "i8", "u32", "i16", "u16"] as const;

export const the = (inputs: { readonly [name: string]: Tensor }, name: string): Tensor => {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`no input ${name}`);
  return tensor;
};

export const shapeOf = (draw: Draw, low = 0, high = 4, most = 20): readonly number[] =>
  Array.from({ length: draw.whole(low, high) }, () => draw.size(most));

/** Numbers that the type has, small enough that products stay within it. */
export function valuesOf(draw: Draw, dtype: DType, shape: readonly number[]): TensorValue {
  if (dtype === "bool") return draw.wholes("bool", shape, 0, 1);
  if (isFloat(dtype)) return draw.tensor(dtype, shape, 3);
  return draw.wholes(dtype, shape, dtype.startsWith("u") ? 0 : -9, 9);
}

/** Between `low` and `high`, where a function is defined or is not steep. */
export const between = (
  draw: Draw,
  dtype: DType,
  shape: readonly number[],
  low: number,
  high: number,
): TensorValue => draw.tensor(dtype, shape, (high - low) / 2, (high + low) / 2);

export const unary =
  (build: (x: Tensor) => Tensor, dtypes: readonly [DType, ...DType[]], low = -3, high = 3): Maker =>
  (draw) => {
    const dtype = draw.of(...dtypes);
    const shape = shapeOf(draw);
    const x = isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    return { feeds: { x }, build: (inputs) => build(the(inputs, "x")) };
  };

/** Two shapes that broadcast to one. */
export function broadcasting(draw: Draw): readonly [readonly number[], readonly number[]] {
  const whole = shapeOf(draw, 0, 3);
  const part = (): readonly number[] =>
    whole.slice(draw.whole(0, whole.length)).map((size) => (draw.whole(0, 3) === 0 ? 1 : size));
  return draw.of(true, false) ? [whole, part()] : [part(), whole];
}

export const binary =
  (
    build: (a: Tensor, b: Tensor) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    second: (draw: Draw, dtype: DType, shape: readonly number[]) => TensorValue = valuesOf,
    first: (draw: Draw, dtype: DType, shape: readonly number[]) => TensorValue = valuesOf,
  ): Maker =>
  (draw) => {
    const dtype = draw.of(...dtypes);
    const [left, right] = broadcasting(draw);
    return {
      feeds: { a: first(draw, dtype, left), b: second(draw, dtype, right) },
      build: (inputs) => build(the(inputs, "a"), the(inputs, "b")),
    };
  };

/** Away from 0, where a quotient is steep. */
export const nonZero = (draw: Draw, dtype: DType, shape: readonly number[]): TensorValue =>
  isFloat(dtype) ? between(draw, dtype, shape, 0.5, 4) : draw.wholes(dtype, shape, 1, 9);

/** Some axes of a shape, none of them twice. */
export const axesOf = (draw: Draw, rank: number): readonly number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.of(true, false));

export const reduction =
  (
    build: (x: Tensor, options: { readonly axes: readonly number[]; readonly keepDims: boolean }) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    low = -3,
    high = 3,
  ): Maker =>
  (draw) => {
    const shape = shapeOf(draw, 1, 4);
    const options = { axes: axesOf(draw, shape.length), keepDims: draw.of(true, false) };
    const dtype = draw.of(...dtypes);
    const x = isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    return { feeds: { x }, build: (inputs) => build(the(inputs, "x"), options) };
  };

/** One tensor of at least an axis, and one of its axes. */
export const along =
  (
    build: (x: Tensor, axis: number, draw: Draw) => (x: Tensor) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    low = -3,
    high = 3,
  ): Maker =>
  (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    const dtype = draw.of(...dtypes);
    const x = isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    const finish = build(input("x", dtype, shape), axis, draw);
    return { feeds: { x }, build: (inputs) => finish(the(inputs, "x")) };
  };

export const ANY = ["f32", "i32", "f64", "i64", "u8", "bool", "f16"] as const;

export const view =
  (build: (draw: Draw, shape: readonly number[]) => (x: Tensor) => Tensor, ranks = [0, 4] as const): Maker =>
  (draw) => {
    const shape = shapeOf(draw, ranks[0], ranks[1]);
    const change = build(draw, shape);
    return {
      feeds: { x: valuesOf(draw, draw.of(...ANY), shape) },
      build: (inputs) => change(the(inputs, "x")),
    };
  };

export function permuted(draw: Draw, rank: number): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  for (let at = rank - 1; at > 0; at--) {
    const other = draw.whole(0, at);
    [axes[at], axes[other]] = [axes[other] ?? 0, axes[at] ?? 0];
  }
  return axes;
}

export const two = (
  a: TensorValue,
  b: TensorValue,
  build: (a: Tensor, b: Tensor) => Tensor,
): OperatorCase => ({
  feeds: { a, b },
  build: (inputs) => build(the(inputs, "a"), the(inputs, "b")),
});
