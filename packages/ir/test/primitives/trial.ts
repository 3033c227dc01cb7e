import type { Tensor, TensorValue } from "@adjoint/ir";
import type { PrimitiveName } from "@adjoint/ir/graph";
import fc from "fast-check";
import { type Build, type GradientOptions, f64, numbers, someF64 } from "../finite-differences.ts";

/** A function with a place to differentiate it at. */
export interface Trial {
  readonly build: Build;
  readonly inputs: readonly TensorValue[];
  readonly options?: GradientOptions;
}

/** Operands that the trial gives; a missing one is a mistake in the table. */
export const the = (tensor: Tensor | undefined): Tensor => {
  if (tensor === undefined) throw new Error("the trial has no such operand");
  return tensor;
};

/** Why an operation passes no gradient, and one application that shows it. */
export interface NoGradient {
  readonly why:
    | "has no operands"
    | "takes no floats"
    | "gives a bool"
    | "gives an integer"
    | "is zero almost everywhere"
    | "reads bits"
    | "stops it by definition";
  readonly build: (x: Tensor) => Tensor;
}

export type GradientRows<N extends PrimitiveName> = { readonly [K in N]: fc.Arbitrary<Trial> | NoGradient };

export const none = (why: NoGradient["why"], build: NoGradient["build"]): NoGradient => ({ why, build });

export const seeds: fc.Arbitrary<number> = fc.integer({ min: 1, max: 10000 });

/** Up to three axes of up to three elements, none among them. */
export const shapes = (min = 0, max = 3): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 3 }), { minLength: min, maxLength: max });

export const size = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

/** 0 … n−1 in an order by the seed. */
export function shuffled(count: number, seed: number): number[] {
  const keys = numbers(count, seed);
  return Array.from({ length: count }, (_, index) => index).toSorted(
    (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0),
  );
}

/** Values of several shapes that are all 0.1 apart and none at 0: no two tie, and none does within a step. */
export function distinct(groups: readonly (readonly number[])[], seed: number): TensorValue[] {
  const total = groups.reduce((sum, shape) => sum + size(shape), 0);
  const order = shuffled(total, seed);
  let next = 0;
  return groups.map((shape) =>
    f64(
      shape,
      Array.from({ length: size(shape) }, () => 0.1 * ((order[next++] ?? 0) - total / 2) + 0.03),
    ),
  );
}

/** Two shapes that broadcast: ones stretched on either side, leading axes missing on either side. */
export const pairOfShapes: fc.Arbitrary<readonly [number[], number[]]> = shapes().chain((shape) => {
  const side = fc
    .tuple(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), fc.nat({ max: shape.length }))
    .map(([ones, drop]) => shape.map((extent, axis) => (ones[axis] === true ? 1 : extent)).slice(drop));
  return fc.tuple(side, side);
});

/** A function of one tensor, over any shape and elements in [low, high). */
export const unaryTrial = (
  build: (x: Tensor) => Tensor,
  low = -1.5,
  high = 1.5,
  options: GradientOptions = {},
): fc.Arbitrary<Trial> =>
  fc
    .tuple(shapes(), seeds)
    .map(([shape, seed]) => ({ build, inputs: [someF64(shape, seed, low, high)], options }));

/** A function of two tensors that broadcast. */
export const binaryTrial = (
  build: (a: Tensor, b: Tensor) => Tensor,
  a: readonly [number, number] = [-1.5, 1.5],
  b: readonly [number, number] = [-1.5, 1.5],
): fc.Arbitrary<Trial> =>
  fc.tuple(pairOfShapes, seeds).map(([[left, right], seed]) => ({
    build,
    inputs: [someF64(left, seed, ...a), someF64(right, seed + 1, ...b)],
  }));

/** A shape with at least one axis, and one of its axes. */
export const axisOf = (min = 0): fc.Arbitrary<readonly [number[], number]> =>
  fc
    .array(fc.integer({ min, max: 3 }), { minLength: 1, maxLength: 3 })
    .chain((shape) => fc.tuple(fc.constant(shape), fc.nat({ max: shape.length - 1 })));
