import { type TensorValue, elementReader, isFloat, typeText } from "@adjoint/ir/values";
import type { HostValue, TypeSource } from "@adjoint/onnx";

/** The official runner's tolerances for floats. Whole numbers and bools must be the same. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/**
 * The difference of an output from what is expected, or undefined. The items of a sequence are outputs of their own; an optional value that
 * holds nothing is none. Narrow elements must be the same, and of the type that the model declares.
 */
export function valueDifference(
  name: string,
  actual: { readonly [name: string]: TensorValue },
  expected: HostValue,
  type: TypeSource | undefined,
): string | undefined {
  if (type?.kind === "optional" && expected !== null)
    return valueDifference(name, actual, expected, type.element);
  if (expected === null) return actual[name] && `output "${name}" should hold nothing`;
  if ("dtype" in expected) {
    const { narrow } = expected;
    if (narrow !== undefined && type?.kind === "tensor" && type.dataType !== narrow.dataType)
      return `output "${name}" is not declared ${narrow.name}`;
    return difference(name, actual[name], expected);
  }
  const element = type?.kind === "sequence" ? type.element : undefined;
  if (actual[`${name}.${expected.length}`] !== undefined)
    return `output "${name}" has more than ${expected.length} items`;
  return expected
    .map((item, index) => valueDifference(`${name}.${index}`, actual, item, element))
    .find((problem) => problem !== undefined);
}

/** The difference of a tensor from what is expected, or undefined. */
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
