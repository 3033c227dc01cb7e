import { type Dim, parseDim } from "../dim.ts";
import { type DType, dtypes } from "../dtype.ts";
import { type Shape, type TensorType, elementCount, isStatic, typeText } from "../shape.ts";
import { type TensorValue, elementWriter, zeroValue } from "../value.ts";
import { located } from "./build.ts";
import { elementsFromBase64 } from "./bytes.ts";
import { parseElement } from "./elements.ts";
import { checkDepth, checkDims, checkKey, checkShape } from "./limits.ts";
import { KEYWORDS, type Scanner } from "./scanner.ts";

/** More digits than any bigint attribute has; conversion is quadratic. */
const BIGINT_DIGITS = 100;

const dtypeOf = (text: string): DType | undefined => dtypes.find((dtype) => dtype === text);

/** Runs a check; its errors name the position `at`. */
const check = <T>(scanner: Scanner, at: number, run: () => T): T =>
  located("parse", () => scanner.place(at), run);

/** Reads an attribute's value. @throws AdjointError with line and column if it is not one. */
function readValue(scanner: Scanner, depth = 0): unknown {
  const { at, text } = scanner.token;
  check(scanner, at, () => checkDepth(depth, "attributes"));
  if (scanner.at("string")) return scanner.next().text;
  if (scanner.at("mark", "{")) return readRecord(scanner, depth);
  if (scanner.take("[")) return scanner.list("]", () => readValue(scanner, depth + 1));
  if (scanner.take("(")) {
    const dim = readDim(scanner);
    scanner.expect("mark", ")");
    return dim;
  }
  if (scanner.at("name")) {
    const keyword = KEYWORDS.get(text);
    if (keyword !== undefined) {
      scanner.next();
      return keyword;
    }
    const dtype = dtypeOf(text);
    const parts = readDimParts(scanner);
    // No symbol is followed by a bracket, so this is a tensor even if a symbol is named f32.
    if (dtype !== undefined && parts.length === 1 && scanner.at("mark", "[")) {
      return readTensor(scanner, dtype, at);
    }
    return dimOf(scanner, parts, at);
  }
  if (scanner.at("number") || scanner.at("mark", "-")) {
    const parts = readDimParts(scanner);
    return numberOf(scanner, parts, at) ?? dimOf(scanner, parts, at);
  }
  throw scanner.expected("a value");
}

/** Reads `{key: value, …}`. @throws AdjointError for a key that is given twice or reserved. */
export function readRecord(scanner: Scanner, depth = 0): { readonly [key: string]: unknown } {
  const entries = new Map<string, unknown>();
  scanner.expect("mark", "{");
  scanner.list("}", () => {
    const { at } = scanner.token;
    const key = readName(scanner);
    check(scanner, at, () => checkKey(key));
    if (entries.has(key)) throw scanner.error(`"${key}" is given twice`, at);
    scanner.expect("mark", ":");
    entries.set(key, readValue(scanner, depth + 1));
  });
  return Object.fromEntries(entries);
}

/** Reads a name, in quotes or not. */
export function readName(scanner: Scanner): string {
  if (!scanner.at("name") && !scanner.at("string")) throw scanner.expected("a name");
  return scanner.next().text;
}

/** Reads `f32[batch, 784]`. */
export function readType(scanner: Scanner): TensorType {
  const token = scanner.token;
  const dtype = token.kind === "name" ? dtypeOf(token.text) : undefined;
  if (dtype === undefined)
    throw scanner.expected(`a type such as ${typeText({ dtype: "f32", shape: [2, 3] })}`);
  scanner.next();
  return { dtype, shape: readShape(scanner) };
}

function readShape(scanner: Scanner): Shape {
  const { at } = scanner.expect("mark", "[");
  const shape = scanner.list("]", () => readDim(scanner));
  return check(scanner, at, () => checkShape(shape));
}

function readDim(scanner: Scanner): Dim {
  const { at } = scanner.token;
  return dimOf(scanner, readDimParts(scanner), at);
}

/** The tokens of a sum of products; a lone number is one too. */
function readDimParts(scanner: Scanner): readonly string[] {
  const parts: string[] = [];
  if (scanner.take("-")) parts.push("-");
  for (;;) {
    if (!scanner.at("number") && !scanner.at("name")) throw scanner.expected("a number or a symbol");
    parts.push(scanner.next().text);
    const sign = ["+", "-", "*"].find((mark) => scanner.take(mark));
    if (sign === undefined) return parts;
    parts.push(sign);
  }
}

function dimOf(scanner: Scanner, parts: readonly string[], at: number): Dim {
  return check(scanner, at, () => {
    const [only] = parts;
    if (only !== undefined && parts.length === 1 && /^\d+$/.test(only)) return Number(only);
    const dim = parseDim(parts.join(""));
    checkDims([dim]);
    return dim;
  });
}

/** The number that the tokens are; undefined if they are a size with symbols or arithmetic. */
function numberOf(scanner: Scanner, parts: readonly string[], at: number): number | bigint | undefined {
  const negative = parts[0] === "-";
  const [digits, ...rest] = negative ? parts.slice(1) : parts;
  if (digits === undefined || rest.length > 0) return undefined;
  if (/^\d+n$/.test(digits)) {
    if (digits.length > BIGINT_DIGITS)
      throw scanner.error(`a bigint has at most ${BIGINT_DIGITS} digits`, at);
    const value = BigInt(digits.slice(0, -1));
    return negative ? -value : value;
  }
  const value =
    digits === "Infinity" ? Number.POSITIVE_INFINITY : /^\d/.test(digits) ? Number(digits) : undefined;
  if (value === undefined) return undefined;
  if (Number.isNaN(value)) throw scanner.error(`"${digits}" is not a number`, at);
  if (value === Number.POSITIVE_INFINITY && digits !== "Infinity") {
    throw scanner.error("the number is too large for a double", at);
  }
  return negative ? -value : value;
}

/** Reads `[2, 2](1, 2, 3, 4)` or `[64](base64 "…")`, the dtype having been read. */
function readTensor(scanner: Scanner, dtype: DType, at: number): TensorValue {
  const shape = readShape(scanner);
  if (!isStatic(shape))
    throw scanner.error(`a tensor's sizes must be numbers, not ${typeText({ dtype, shape })}`, at);
  scanner.expect("mark", "(");
  if (scanner.at("mark", "...")) {
    throw scanner.error(
      `the elements of ${typeText({ dtype, shape })} were left out; print with { constants: "full" }`,
    );
  }
  if (scanner.at("name", "base64")) {
    scanner.next();
    const digits = scanner.expect("string").text;
    scanner.expect("mark", ")");
    return check(scanner, at, () => elementsFromBase64(dtype, shape, digits));
  }
  const elements = scanner.list(")", () => {
    const place = scanner.token.at;
    const sign = scanner.take("-") ? "-" : "";
    if (!scanner.at("number") && !scanner.at("name")) throw scanner.expected("an element");
    const { text } = scanner.next();
    return check(scanner, place, () => parseElement(sign + text, dtype));
  });
  const count = elementCount(shape);
  if (elements.length !== count) {
    throw scanner.error(
      `${typeText({ dtype, shape })} has ${count} elements and ${elements.length} are given`,
      at,
    );
  }
  const value = zeroValue(dtype, shape);
  const write = elementWriter(value);
  elements.forEach((element, index) => write(index, element));
  return value;
}
