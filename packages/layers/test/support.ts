import {
  type DType,
  type State,
  type Tensor,
  type TensorValue,
  evaluate,
  input,
  program,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import type { CallOptions } from "@adjoint/layers";
import { expect } from "vitest";

/** A host value of f32, or of another type. */
export const value = (
  shape: readonly number[],
  elements: readonly number[],
  dtype: DType = "f32",
): TensorValue => valueOf(dtype, shape, elements);

/** 0, step, 2·step…, shifted: numbers that differ. */
export const ramp = (shape: readonly number[], step = 0.1, start = -0.5): TensorValue =>
  value(
    shape,
    Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      (_, index) => start + step * index,
    ),
  );

/** The result of one run of a function of tensors. */
export interface Ran {
  readonly value: TensorValue;
  readonly numbers: readonly number[];
  readonly state: State;
}

export interface RunOptions extends CallOptions {
  readonly state?: State;
  readonly seed?: number;
}

/** Runs a layer on a value. */
export function run(
  layer: (x: Tensor, options?: CallOptions) => Tensor,
  x: TensorValue,
  { training = false, ...options }: RunOptions = {},
): Ran {
  const fed = input("x", x.dtype, x.shape);
  const graph = program({ inputs: { x: fed }, outputs: { y: layer(fed, { training }) } });
  const { outputs, state } = evaluate(graph, { x }, options);
  return { value: outputs.y, numbers: toNumbers(outputs.y), state };
}

/** Computes tensors that depend on no input. */
export function numbersOf(tensor: Tensor): readonly number[] {
  return toNumbers(evaluate(program({ inputs: {}, outputs: { tensor } })).outputs.tensor);
}

/** Element by element within an absolute and relative tolerance. */
export function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((element, index) => {
    const target = expected[index] ?? Number.NaN;
    expect(Math.abs(element - target), `element ${index}: ${element} against ${target}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(target)),
    );
  });
}
