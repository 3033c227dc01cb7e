import { at, elementCount } from "@adjoint/ir/values";
import {
  array,
  checked,
  finite,
  minLength,
  strictObject,
  tuple,
  union,
  withDefault,
} from "@adjoint/ir/schema";
import { AffineSource } from "./affine.ts";
import type { FloatDType, NumberDType } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import { parseOptions } from "./options.ts";
import type { Source } from "./source.ts";

/** (x − mean) ÷ deviation. One number for all elements, or one for each position of the example or of its last axis. */
export interface Standardization {
  readonly mean: number | readonly number[];
  /** Standard deviation; nowhere 0. */
  readonly deviation: number | readonly number[];
}

/** Maps the range `from` linearly to the range `to`; values outside `from` land outside `to`. */
export interface RangeNormalization {
  /** `[low, high]`: numbers, or as many as there are positions in the example or in its last axis. */
  readonly from: readonly [low: number | readonly number[], high: number | readonly number[]];
  /** Default: `[0, 1]`. */
  readonly to?: readonly [low: number, high: number];
}

/** A linear change of scale. Plain data: keep it beside the model, and give new inputs the same. */
export type Normalization = Standardization | RangeNormalization;

const numbers = "must be a finite number or a list of them";
const oneOrMany = union([finite, checked(array(finite), minLength(1, numbers))], numbers);
const schema = union(
  [
    strictObject({ mean: oneOrMany, deviation: oneOrMany }),
    strictObject({
      from: tuple([oneOrMany, oneOrMany]),
      to: withDefault(tuple([finite, finite]), [0, 1]),
    }),
  ],
  "must be { mean, deviation } or { from: [low, high], to: [low, high] } of finite numbers",
);

/**
 * `source` on a new scale, computed when it is read.
 *
 * @throws DatasetError `bad-option` for NaN, infinite or zero scales; `bad-shape` for lists of another length.
 */
export function normalized<D extends FloatDType>(
  source: Source<NumberDType>,
  normalization: Normalization,
  dtype: D,
): Source<D> {
  const parsed = parseOptions("normalize", schema, normalization);
  if ("mean" in parsed) return affine(source, dtype, list(parsed.mean), list(parsed.deviation), "deviation");
  const [low, high] = parsed.from;
  const [toLow, toHigh] = parsed.to;
  if (toLow === toHigh) {
    throw new DatasetError(
      "bad-option",
      "normalize",
      `"to" must be a range of some width and is [${toLow}, ${toHigh}].`,
    );
  }
  // toLow + (x − low)·(toHigh − toLow)/(high − low) as (x − shift) ÷ divisor; exact in the usual case of [0, 1].
  const divisor = zip(list(high), list(low), (h, l) => (h - l) / (toHigh - toLow));
  const shift = zip(list(low), divisor, (l, d) => l - toLow * d);
  return affine(source, dtype, shift, divisor, 'width of "from"');
}

function affine<D extends FloatDType>(
  source: Source<NumberDType>,
  dtype: D,
  shift: readonly number[],
  divisor: readonly number[],
  divisorName: string,
): Source<D> {
  if (divisor.includes(0)) {
    throw new DatasetError(
      "bad-option",
      "normalize",
      `the ${divisorName} must not be 0. Use 1 to leave a constant as it is.`,
    );
  }
  const shifts = Float64Array.from(zip(shift, divisor, (s) => s));
  const divisors = Float64Array.from(zip(divisor, shift, (d) => d));
  const size = elementCount(source.shape);
  const last = source.shape.at(-1) ?? 1;
  if (![1, last, size].includes(shifts.length)) {
    throw new DatasetError(
      "bad-shape",
      "normalize",
      `got ${shifts.length} values for examples of shape [${source.shape.join(", ")}]. ` +
        `Give 1, ${last} (the last axis) or ${size} (the whole example).`,
    );
  }
  return new AffineSource(source, dtype, shifts, divisors);
}

function list(values: number | readonly number[]): readonly number[] {
  return typeof values === "number" ? [values] : values;
}

/** `fn` over two lists of one length, or of which one has a single value for all. */
function zip(a: readonly number[], b: readonly number[], fn: (a: number, b: number) => number): number[] {
  const length = Math.max(a.length, b.length);
  for (const { length: other } of [a, b]) {
    if (other !== 1 && other !== length) {
      throw new DatasetError(
        "bad-shape",
        "normalize",
        `lists of ${a.length} and ${b.length} values don't fit each other.`,
      );
    }
  }
  return Array.from({ length }, (_, index) => fn(at(a, index % a.length), at(b, index % b.length)));
}
