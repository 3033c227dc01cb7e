import type { Tensor } from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { type TensorValue, elementReader, valueOf } from "@adjoint/ir/values";
import fc from "fast-check";
import { expect } from "vitest";
import { numbers } from "./finite-differences.ts";

// Definitions by coordinates, which know nothing of strides, against the evaluator, which does.

export type Coordinates = readonly number[];

export const coordinates = (shape: readonly number[]): Coordinates[] =>
  shape.reduce<number[][]>(
    (places, size) =>
      places.flatMap((place) => Array.from({ length: size }, (_, index) => [...place, index])),
    [[]],
  );

/** A value from a function of coordinates. */
export const table = (shape: readonly number[], f: (place: Coordinates) => number): TensorValue =>
  valueOf("i32", shape, coordinates(shape).map(f));

/** An element by its coordinates; undefined outside. */
export function at(value: TensorValue, place: Coordinates): number | undefined {
  if (place.some((index, axis) => index < 0 || index >= (value.shape[axis] ?? 0))) return undefined;
  const key = place.join();
  const index = coordinates(value.shape).findIndex((other) => other.join() === key);
  return index < 0 ? undefined : Number(elementReader(value)(index));
}

export const put = (place: Coordinates, axis: number, index: number): number[] =>
  place.map((old, other) => (other === axis ? index : old));
export const without = (place: Coordinates, axis: number): number[] =>
  place.filter((_, other) => other !== axis);

export const filledValue = (shape: readonly number[], seed: number): TensorValue =>
  valueOf(
    "i32",
    shape,
    numbers(
      shape.reduce((n, size) => n * size, 1),
      seed,
      -9,
      10,
    ).map(Math.floor),
  );

export const checkValue = (tensor: Tensor, expected: TensorValue): void => {
  const [value] = evaluateTensors([tensor], new Map());
  expect(value?.shape).toEqual(expected.shape);
  expect([...(value?.data ?? [])]).toEqual([...expected.data]);
};

export const runs: { readonly numRuns: number } = { numRuns: 40 };
export const seed = fc.integer({ min: 1, max: 1000 });
const shapes = (min = 0, max = 3): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: min, maxLength: max });
export const values = (min = 0, max = 3): fc.Arbitrary<TensorValue> =>
  fc.tuple(shapes(min, max), seed).map(([shape, from]) => filledValue(shape, from));
/** A value and one of its axes. */
export const along = values(1).chain((x) => fc.tuple(fc.constant(x), fc.nat({ max: x.shape.length - 1 })));
/** For each axis of a value a number in a range. */
export const each = (x: TensorValue, min: number, max: number): fc.Arbitrary<number[]> =>
  fc.tuple(...x.shape.map(() => fc.integer({ min, max })));
