import { type TensorValue, elementReader, isFloat, typeText } from "@adjoint/ir";

/** The official runner's tolerances for floats. Whole numbers and bools must be the same. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** What is wrong with an output, or undefined. */
export function difference(
  name: string,
  actual: TensorValue | undefined,
  expected: TensorValue,
): string | undefined {
  if (actual === undefined) return `output "${name}" is missing`;
  if (typeText(actual) !== typeText(expected))
    return `output "${name}" is ${typeText(actual)} and should be ${typeText(expected)}`;
  const [read, readExpected] = [elementReader(actual), elementReader(expected)];
  for (let index = 0; index < expected.data.length; index++) {
    const [a, b] = [read(index), readExpected(index)];
    const same = isFloat(expected.dtype) ? isClose(Number(a), Number(b)) : a === b;
    if (!same) return `output "${name}", element ${index}, is ${a} and should be ${b}`;
  }
  return undefined;
}

const isClose = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || (Number.isFinite(b) && Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.abs(b));
