import {
  type DType,
  type Graph,
  type Tensor,
  type TensorValue,
  constant,
  evaluate,
  input,
  isFloat,
  toNumbers,
  valueOf,
  vjp,
} from "@adjoint/ir";
import { type Build, numbers } from "./finite-differences.ts";

/** Floats of 16 bits. */
export type Narrow = "f16" | "bf16";
export const narrowTypes: readonly Narrow[] = ["f16", "bf16"];

/** Distance of 1 from the next number, the smallest normal number's exponent, and the smallest number that rounds to ∞. */
const facts: { readonly [N in Narrow]: readonly [epsilon: number, lowest: number, overflow: number] } = {
  f16: [2 ** -10, -14, 65520],
  bf16: [2 ** -7, -126, 3.396e38],
};

/** A unit in the last place of a number. */
function unitOf(x: number, dtype: Narrow): number {
  const [epsilon, lowest] = facts[dtype];
  const exponent = x === 0 ? lowest : Math.floor(Math.log2(Math.abs(x)));
  return 2 ** Math.max(exponent, lowest) * epsilon;
}

/** Numbers rounded to a type. */
const rounded = (shape: readonly number[], elements: readonly number[], dtype: DType): TensorValue =>
  valueOf(dtype, shape, elements);

export interface NarrowOptions {
  /** How many units in the last place a result may be off; 1.01 by default: one rounding of a result in f32. */
  readonly units?: number;
  /** Of the largest magnitude in the result, for what f32 itself loses where terms cancel. */
  readonly cancelled?: number;
}

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;
const named = (tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));

/** The float outputs of what is built, and the gradients of their weighted sum by the float inputs. */
function results(build: Build, inputs: readonly TensorValue[], dtype: DType): TensorValue[] {
  const parameters = inputs.map((value, index) => input(`x${index}`, value.dtype, value.shape));
  const outputs = listed(build(...parameters)).filter((output) => isFloat(output.dtype));
  const weights = outputs.map((output, index) => {
    const shape = output.shape.map(Number);
    const count = shape.reduce((product, size) => product * size, 1);
    // Weights of a few bits are the same numbers in every type.
    const elements = numbers(count, 7 + index, 0.5, 1.5).map((x) => Math.round(x * 64) / 64);
    return constant(valueOf(output.dtype, shape, elements));
  });
  const wrt = parameters.filter((parameter) => parameter.dtype === dtype);
  const pulled = vjp(outputs, weights, wrt).flatMap((cotangent) => cotangent ?? []);
  const graph: Graph = { inputs: named(parameters), outputs: named([...outputs, ...pulled]), updates: [] };
  return Object.values(
    evaluate(graph, Object.fromEntries(inputs.map((value, i) => [`${i}`, value]))).outputs,
  );
}

/**
 * Compares what is built over 16-bit floats, and its gradients, with the same in f64 on the same (rounded) numbers,
 * wherever that is finite.
 * @param inputs f64 where floats are meant.
 */
export function checkNarrow(
  build: Build,
  inputs: readonly TensorValue[],
  dtype: Narrow,
  { units = 1.01, cancelled = 2e-6 }: NarrowOptions = {},
): void {
  const narrow = inputs.map((value) =>
    value.dtype === "f64" ? rounded(value.shape, toNumbers(value), dtype) : value,
  );
  const wide = narrow.map((value) =>
    value.dtype === dtype ? valueOf("f64", value.shape, toNumbers(value)) : value,
  );
  const given = results(build, narrow, dtype);
  results(build, wide, "f64").forEach((value, index) => {
    const wanted = toNumbers(value);
    const actual = toNumbers(given[index] ?? value);
    const top = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
    wanted.forEach((x, at) => {
      if (!Number.isFinite(x)) return;
      const y = actual[at] ?? NaN;
      const slack = units * unitOf(x, dtype) + cancelled * top;
      const mayOverflow = Math.abs(x) + slack >= facts[dtype][2] && y === Math.sign(x) * Infinity;
      if (!(Math.abs(y - x) <= slack) && !mayOverflow)
        throw new Error(
          `result ${index}, element ${at} of ${wanted.length}: ${y} in ${dtype} and ${x} in f64`,
        );
    });
  });
}
