import { type DType, type TensorValue, elementReader, isFloat, typeText } from "@adjoint/ir/values";
import type { Case } from "./case.ts";

/**
 * Relative error allowed by dtype, about 8 units in the last place of f64 and f32 and 2 of the halves: the oracle
 * computes in f64 and rounds once, a backend rounds each step of its own way to the same function.
 */
const tolerances: { readonly [D in DType]: number } = {
  f64: 2e-15,
  f32: 1e-6,
  f16: 2e-3,
  bf16: 1.6e-2,
  i64: 0,
  i32: 0,
  i16: 0,
  i8: 0,
  u64: 0,
  u32: 0,
  u16: 0,
  u8: 0,
  bool: 0,
};

/** Half the smallest number of each float type: rounding to the grid of the subnormals is not an error. */
const GRID: { readonly [D in DType]?: number } = { f64: 5e-324, f32: 1.5e-45, f16: 6e-8, bf16: 9.2e-41 };

export interface Comparison extends Pick<Case, "tolerance" | "traits"> {
  /** In place of `tolerances`, for a device whose functions are coarser. */
  readonly base?: { readonly [D in DType]?: number };
}

/** The difference of a value from the expected one, or undefined: dtype and shape exact, floats within tolerance, NaN equal to NaN, all else exact. */
export function difference(
  actual: TensorValue | undefined,
  expected: TensorValue,
  { tolerance = {}, traits = [], base = {} }: Comparison = {},
): string | undefined {
  if (actual === undefined) return `is missing: ${typeText(expected)}`;
  if (typeText(actual) !== typeText(expected))
    return `is ${typeText(actual)} and should be ${typeText(expected)}`;
  if (actual.data.length !== expected.data.length)
    return `has ${actual.data.length} elements and should have ${expected.data.length}`;
  const [read, want] = [elementReader(actual), elementReader(expected)];
  const float = isFloat(expected.dtype);
  const relative = (base[expected.dtype] ?? tolerances[expected.dtype]) * (tolerance.times ?? 1);
  const floor = float && tolerance.ofMean === true ? meanMagnitude(expected) : 0;
  const wrong: string[] = [];
  for (let index = 0; index < expected.data.length; index++) {
    const [a, e] = [read(index), want(index)];
    const fits = float
      ? closeTo(
          Number(a),
          Number(e),
          relative,
          floor,
          GRID[expected.dtype] ?? 0,
          traits.includes("signedZero"),
        )
      : a === e;
    if (!fits)
      wrong.push(`[${position(index, expected.shape).join(", ")}] is ${text(a)} and should be ${text(e)}`);
  }
  if (wrong.length === 0) return undefined;
  return `${typeText(expected)}: ${wrong.length} of ${expected.data.length} elements differ: ${wrong.slice(0, 3).join("; ")}`;
}

function closeTo(
  actual: number,
  expected: number,
  relative: number,
  floor: number,
  grid: number,
  signedZero: boolean,
): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  if (!Number.isFinite(expected)) return actual === expected;
  if (signedZero && expected === 0) return Object.is(actual, expected);
  const bound = relative * Math.max(Math.abs(expected), floor);
  return Math.abs(actual - expected) <= (relative === 0 ? 0 : Math.max(bound, grid));
}

function meanMagnitude(value: TensorValue): number {
  const read = elementReader(value);
  let [sum, count] = [0, 0];
  for (let index = 0; index < value.data.length; index++) {
    const magnitude = Math.abs(Number(read(index)));
    if (!Number.isFinite(magnitude)) continue;
    sum += magnitude;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

const text = (element: number | bigint): string => (Object.is(element, -0) ? "-0" : String(element));

function position(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}
