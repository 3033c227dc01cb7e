import { at, elementCount } from "@adjoint/ir/values";
import { oneOf, strictObject, withDefault } from "@adjoint/ir/schema";
import { DatasetError } from "./error.ts";
import type { NumberDType } from "./dtype.ts";
import type { RangeNormalization, Standardization } from "./normalize.ts";
import { parseOptions } from "./options.ts";
import { forEachPiece, read, type Source } from "./source.ts";

/** The axes that statistics are taken over. */
export interface StatisticsOptions {
  /**
   * `"feature"`: each position of the example has its own (columns of a table). `"field"`: one for all elements (pixels
   * of an image). Default: `"feature"`.
   */
  readonly per?: "feature" | "field";
}

type Per = "feature" | "field";

const schema = strictObject({
  per: withDefault(oneOf(["feature", "field"], 'must be "feature" or "field"'), "feature"),
});

/**
 * Mean and deviation of the examples of `source`.
 *
 * The deviation divides by the number of values, not by one less. Where all values are the same it is given as 1, so
 * that standardizing makes them 0 instead of dividing by 0. Two passes in f64.
 *
 * @throws DatasetError `bad-value` when there is a NaN or an infinity.
 */
export function standardizationOf(source: Source<NumberDType>, options: StatisticsOptions): Standardization {
  const { per } = parseOptions("standardization", schema, options);
  const period = per === "feature" ? elementCount(source.shape) : 1;
  const valuesEach = (source.length * elementCount(source.shape)) / period;
  // Sums of differences from the first example: those of a constant are exactly 0, and large means cost no precision.
  const origin = Float64Array.from(read(source, Uint32Array.of(0)).data.subarray(0, period));
  const sum = new Float64Array(period);
  forEachValue(source, (value, index) => {
    const position = index % period;
    sum[position] = (sum[position] ?? 0) + (value - (origin[position] ?? 0));
  });
  const mean = origin.map((first, position) => first + at(sum, position) / valuesEach);
  const squares = new Float64Array(period);
  forEachValue(source, (value, index) => {
    const position = index % period;
    const difference = value - (mean[position] ?? 0);
    squares[position] = (squares[position] ?? 0) + difference * difference;
  });
  const deviation = squares.map((sumOfSquares) => Math.sqrt(sumOfSquares / valuesEach) || 1);
  return { mean: oneOrAll(mean, per), deviation: oneOrAll(deviation, per) };
}

/**
 * The smallest and the largest value of the examples of `source`. Where all values are the same, the range is given a
 * width of 1.
 *
 * @throws DatasetError `bad-value` when there is a NaN or an infinity.
 */
export function rangeOf(source: Source<NumberDType>, options: StatisticsOptions): RangeNormalization {
  const { per } = parseOptions("range", schema, options);
  const period = per === "feature" ? elementCount(source.shape) : 1;
  const low = new Float64Array(period).fill(Infinity);
  const high = new Float64Array(period).fill(-Infinity);
  forEachValue(source, (value, index) => {
    const position = index % period;
    low[position] = Math.min(low[position] ?? value, value);
    high[position] = Math.max(high[position] ?? value, value);
  });
  const above = high.map((value, position) => (value === low[position] ? value + 1 : value));
  return { from: [oneOrAll(low, per), oneOrAll(above, per)], to: [0, 1] };
}

function oneOrAll(values: Float64Array, per: Per): number | readonly number[] {
  return per === "field" ? at(values, 0) : Array.from(values);
}

/** Calls `visit` with every value and an index whose remainder by the example's size is its position. */
function forEachValue(source: Source<NumberDType>, visit: (value: number, index: number) => void): void {
  const size = elementCount(source.shape);
  forEachPiece(source, (values, count, from) => {
    for (let index = 0; index < count; index++) {
      const value = values[index] ?? 0;
      if (!Number.isFinite(value)) {
        const example = from + Math.floor(index / size);
        throw new DatasetError(
          "bad-value",
          "statistics",
          `example ${example} has the value ${value}. Replace or leave out such examples first.`,
        );
      }
      // A piece begins with a whole example, so that its own index has the same position in the example.
      visit(value, index);
    }
  });
}
