import { type DType, type DTypeInfo, type DataOf, type TypedArray, dtypeInfo, dtypeRange } from "./dtype.ts";
import { AdjointError } from "./error.ts";
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from "./float16.ts";
import { elementCount, typeText } from "./shape.ts";

/** One element: a `bigint` for i64 and u64, a `number` for all others (bool is 0 or 1). */
export type Scalar = number | bigint;

/** A tensor's elements on the host, row-major. */
export interface TensorValue<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
}

/**
 * Puts a dtype and shape on a typed array; the array is not copied.
 * @throws AdjointError when the array's class or length does not fit.
 */
export function tensorValue(dtype: DType, shape: readonly number[], data: TypedArray): TensorValue {
  const expected = dtypeInfo[dtype].array;
  if (!(data instanceof expected)) {
    throw new AdjointError(
      "dtype",
      "tensorValue",
      `${typeText({ dtype, shape })} wants a ${expected.name} and got a ${data?.constructor?.name ?? typeof data}`,
    );
  }
  if (data.length !== elementCount(shape)) {
    throw new AdjointError(
      "shape",
      "tensorValue",
      `${typeText({ dtype, shape })} has ${elementCount(shape)} elements and the array has ${data.length}`,
    );
  }
  return { dtype, shape, data };
}

/** A value of zeros. @throws AdjointError if there is no memory for it. */
export function zeroValue<D extends DType>(dtype: D, shape: readonly number[]): TensorValue<D> {
  const { array, bytes } = dtypeInfo[dtype];
  const elements = elementCount(shape);
  try {
    return { dtype, shape, data: new array(elements) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AdjointError(
      "backend",
      "memory",
      `there is none for a value ${typeText({ dtype, shape })} of ${elements * bytes} bytes (${error.message})`,
      "Use smaller sizes or batches.",
    );
  }
}

/** A value from plain numbers (or bigints), rounded to the dtype as `cast` rounds. */
export function valueOf(
  dtype: DType,
  shape: readonly number[],
  elements: ArrayLike<Scalar | boolean>,
): TensorValue {
  if (elements.length !== elementCount(shape)) {
    throw new AdjointError(
      "shape",
      "valueOf",
      `${typeText({ dtype, shape })} has ${elementCount(shape)} elements and ${elements.length} were given`,
    );
  }
  const value = zeroValue(dtype, shape);
  const write = elementWriter(value);
  for (let index = 0; index < elements.length; index++)
    write(index, castScalar(elements[index] ?? 0, dtype, typeof elements[index] === "number"));
  return value;
}

/** Reads elements as numbers or bigints, whatever the storage. */
export function elementReader(value: TensorValue): (index: number) => Scalar {
  const { data, dtype } = value;
  if (dtype === "f16") return (index) => f16ToNumber(Number(data[index]));
  if (dtype === "bf16") return (index) => bf16ToNumber(Number(data[index]));
  return (index) => {
    const element = data[index];
    if (element === undefined) throw new RangeError(`element ${index} of ${data.length}`);
    return element;
  };
}

/** Writes elements, rounded or wrapped to the storage as typed arrays do; f16 and bf16 round to nearest even. */
export function elementWriter(value: TensorValue): (index: number, element: Scalar | boolean) => void {
  const { data, dtype } = value;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (index, element) => void (data[index] = typeof element === "bigint" ? element : BigInt(element));
  }
  if (dtype === "f16") return (index, element) => void (data[index] = numberToF16(Number(element)));
  if (dtype === "bf16") return (index, element) => void (data[index] = numberToBf16(Number(element)));
  if (dtype === "bool") return (index, element) => void (data[index] = element ? 1 : 0);
  return (index, element) => void (data[index] = Number(element));
}

/** All elements as plain numbers; i64 and u64 lose what a double can't hold. */
export function toNumbers(value: TensorValue): number[] {
  const read = elementReader(value);
  return Array.from({ length: value.data.length }, (_, index) => Number(read(index)));
}

/**
 * One element converted to another type. From floats (`fromFloat`) to integers it truncates and saturates, and NaN
 * becomes 0; integers to integers wrap; anything to bool is `≠ 0`. Rounding to a float's own width is left to storage.
 */
export function castScalar(element: Scalar | boolean, to: DType, fromFloat = false): Scalar {
  const info = dtypeInfo[to];
  const value = typeof element === "boolean" ? Number(element) : element;
  if (info.class === "bool") return Number(value) === 0 ? 0 : 1;
  if (info.class === "float") return Number(value);
  if (typeof value === "number") {
    if (fromFloat || !Number.isInteger(value)) return saturate(value, to);
    if (!info.big) return wrapNumber(value, info);
  }
  const bits = info.bytes * 8;
  const wide = BigInt(value);
  const wrapped = info.class === "int" ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide);
  return info.big ? wrapped : Number(wrapped);
}

function saturate(value: number, to: DType): Scalar {
  const { big } = dtypeInfo[to];
  if (Number.isNaN(value)) return big ? 0n : 0;
  const [low, high] = dtypeRange(to);
  if (value <= Number(low)) return low;
  if (value >= Number(high)) return high;
  // `+ 0` turns the −0 that truncation may leave into 0.
  return big ? BigInt(Math.trunc(value)) : Math.trunc(value) + 0;
}

function wrapNumber(value: number, info: DTypeInfo): number {
  const spare = 32 - info.bytes * 8;
  return info.class === "int" ? (value << spare) >> spare : (value << spare) >>> spare;
}

/** Rounds a number to the precision of a float type; other values pass. */
export function roundScalar(element: Scalar, dtype: DType): Scalar {
  if (typeof element === "bigint") return element;
  if (dtype === "f32") return Math.fround(element);
  if (dtype === "f16") return f16ToNumber(numberToF16(element));
  if (dtype === "bf16") return bf16ToNumber(numberToBf16(element));
  return element;
}

/** Copies elements between arrays of one class; arrays of two classes are left as they are. */
export function copyInto(target: TypedArray, source: TypedArray): void {
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
    if (source instanceof BigInt64Array || source instanceof BigUint64Array) target.set(source);
  } else if (!(source instanceof BigInt64Array || source instanceof BigUint64Array)) {
    target.set(source);
  }
}
