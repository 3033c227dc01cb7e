import { type TensorValue, elementReader, isFloat, typeText } from "@adjoint/ir/values";
import { type Bounds, at } from "./bounds/bounds.ts";

const text = (element: number | bigint): string => (Object.is(element, -0) ? "-0" : String(element));

/** Says what is wrong with a value: its type, its length, or the first element outside its bounds. Undefined if nothing is. */
export function outside(
  actual: TensorValue | undefined,
  { value, low, high, nan }: Bounds,
): string | undefined {
  if (actual === undefined) return `is missing: ${typeText(value)}`;
  if (typeText(actual) !== typeText(value)) return `is ${typeText(actual)} and should be ${typeText(value)}`;
  if (actual.data.length !== value.data.length)
    return `has ${actual.data.length} elements and should have ${value.data.length}`;
  const [read, want] = [elementReader(actual), elementReader(value)];
  const float = isFloat(value.dtype);
  const wrong: number[] = [];
  for (let index = 0; index < value.data.length; index++) {
    const element = read(index);
    const fits = float
      ? fitsInterval(Number(element), at(low, index), at(high, index), at(nan, index))
      : at(nan, index) === 1 || element === want(index);
    if (!fits) wrong.push(index);
  }
  const [first] = wrong;
  if (first === undefined) return undefined;
  return `${typeText(value)}: ${wrong.length} of ${value.data.length} elements are wrong; element ${first} is ${text(read(first))} and should be ${text(want(first))}${float ? `, in ${at(low, first)} to ${at(high, first)}` : ""}`;
}

const fitsInterval = (element: number, low: number, high: number, nan: number): boolean =>
  Number.isNaN(element) ? nan === 1 : element >= low && element <= high;

/** True if two values have the same bits; which NaN a NaN is does not count. */
export function sameBits(a: TensorValue, b: TensorValue | undefined): boolean {
  if (b === undefined || a.data.length !== b.data.length) return false;
  const [read, other] = [elementReader(a), elementReader(b)];
  for (let index = 0; index < a.data.length; index++) if (!Object.is(read(index), other(index))) return false;
  return true;
}
