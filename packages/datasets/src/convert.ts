import { type DataOf, dtypeInfo, dtypeRange, elementCount } from "@adjoint/ir/values";
import { type Column } from "./column.ts";
import { allocate, type CastDType, type NumberDType } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import { forEachPiece, type Source } from "./source.ts";

/**
 * `source` with `fn` applied to each element, as `dtype`.
 *
 * @throws DatasetError `bad-value` when `dtype` can't hold a result.
 */
export function mapped<D extends NumberDType>(
  source: Source<NumberDType>,
  fn: (value: number) => number,
  dtype: D,
): Column<D> {
  return converted("mapValues", source, (value) => fn(Number(value)), dtype);
}

/**
 * `source` as another element type. Floats are rounded to the precision of `dtype`; nothing else may change a value.
 *
 * @throws DatasetError `bad-value` when `dtype` can't hold a value: 0.5 as i32, 300 as u8, 2⁵³ + 1 as f64.
 */
export function cast<D extends CastDType>(source: Source<CastDType>, dtype: D): Column<D> {
  return converted("cast", source, exactNumber, dtype);
}

/**
 * Class indices as rows with a 1 in the place of the class: [examples, …] becomes [examples, …, classes], f32.
 *
 * @throws DatasetError `bad-value` for a label that isn't a whole number from 0 to `classes` − 1.
 */
export function oneHotOf(source: Source<CastDType>, classes: number): Column<"f32"> {
  const size = elementCount(source.shape);
  const data = allocate("f32", source.length * size * classes);
  forEachPiece(source, (labels, count, from) => {
    for (let index = 0; index < count; index++) {
      const label = Number(labels[index] ?? 0);
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw new DatasetError(
          "bad-value",
          "oneHot",
          `example ${from + Math.floor(index / size)} has the label ${label}. ` +
            `With ${classes} classes, labels are whole numbers from 0 to ${classes - 1}.`,
        );
      }
      data[(from * size + index) * classes + label] = 1;
    }
  });
  return { dtype: "f32", shape: [source.length, ...source.shape, classes], data };
}

function converted<D extends CastDType>(
  operation: string,
  source: Source<CastDType>,
  fn: (value: number | bigint) => number | undefined,
  dtype: D,
): Column<D> {
  const size = elementCount(source.shape);
  const data: DataOf<D> = allocate(dtype, source.length * size);
  const store = storeOf(data);
  const fits = fitting(dtype);
  forEachPiece(source, (values, count, from) => {
    for (let index = 0; index < count; index++) {
      const old = values[index] ?? 0;
      const value = fn(old);
      if (value === undefined || !fits(value)) {
        const example = from + Math.floor(index / size);
        throw new DatasetError(
          "bad-value",
          operation,
          `example ${example} has the value ${value ?? old}, which ${dtype} can't hold exactly.`,
        );
      }
      store(from * size + index, value);
    }
  });
  return { dtype, shape: [source.length, ...source.shape], data };
}

/** Nothing for a bigint beyond 2⁵³, where numbers skip whole values. */
function exactNumber(value: number | bigint): number | undefined {
  const number = Number(value);
  return typeof value === "bigint" && !Number.isSafeInteger(number) ? undefined : number;
}

function storeOf(data: DataOf<CastDType>): (index: number, value: number) => void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (index, value) => void (data[index] = BigInt(value));
  }
  return (index, value) => void (data[index] = value);
}

function fitting(dtype: CastDType): (value: number) => boolean {
  if (dtype === "f64") return () => true;
  if (dtype === "f32") return (value) => Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
  const [low, high] = dtypeRange(dtype);
  // The types of bigints are bounded by what a number states exactly.
  const isWhole = dtypeInfo[dtype].big ? Number.isSafeInteger : Number.isInteger;
  return (value) => isWhole(value) && value >= low && value <= high;
}
