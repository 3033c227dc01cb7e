import { array, checked, oneOf, int, minimum, safeParse, strictObject, string } from "../schema.ts";
import { parseDim } from "../dim.ts";
import { dtypes } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { elementsFromBase64, elementsToBase64 } from "./bytes.ts";
import { numberText } from "./elements.ts";
import { type ValueWriter, isRecord } from "./fold.ts";
import { checkDepth, checkKey, checkShape } from "./limits.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Records of one key that stand for values that JSON lacks; a record that looks like one is wrapped in `record`. */
type Tag = "number" | "bigint" | "dim" | "tensor" | "record";

const isTag = (key: string): key is Tag => Object.hasOwn(readers, key);

/** Attribute values as JSON. */
export const jsonWriter: ValueWriter<Json> = {
  plain: (value) => value,
  number: (value) =>
    Number.isFinite(value) && !Object.is(value, -0) ? value : { number: numberText(value) },
  bigint: (value) => ({ bigint: String(value) }),
  dim: (value) => ({ dim: value.text }),
  tensor: (value) => ({
    tensor: { dtype: value.dtype, shape: value.shape, data: elementsToBase64(value) },
  }),
  list: (items) => items,
  record: (entries) => {
    const [first, ...rest] = entries;
    const record = Object.fromEntries(entries);
    return first !== undefined && rest.length === 0 && isTag(first[0]) ? { record } : record;
  },
};

const tensorSchema = strictObject({
  dtype: oneOf(dtypes),
  shape: array(checked(int(), minimum(0))),
  data: string(),
});

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

const refuse = (problem: string): AdjointError => new AdjointError("text", "attributes", problem);

const readers: { readonly [T in Tag]: (content: unknown, depth: number) => unknown } = {
  number: (content) => {
    const value = SPECIAL.get(content);
    if (value === undefined) throw refuse("a number in words is NaN, Infinity, -Infinity or -0");
    return value;
  },
  bigint: (content) => {
    if (typeof content !== "string" || !/^-?\d{1,100}$/.test(content)) {
      throw refuse("a bigint is a string of up to 100 digits");
    }
    return BigInt(content);
  },
  dim: (content) => {
    if (typeof content !== "string" || content === "") throw refuse("a symbolic size is a string");
    return parseDim(content);
  },
  tensor: (content) => {
    const tensor = safeParse(tensorSchema, content);
    if (!tensor.success) throw refuse("a tensor is { dtype, shape, data }");
    const { dtype, shape, data } = tensor.data;
    checkShape(shape);
    return elementsFromBase64(dtype, shape, data);
  },
  record: (content, depth) => readEntries(content, depth),
};

/** Reads an attribute's value. @throws AdjointError for a tag with wrong content, `__proto__`, or deep nesting. */
function readJson(json: unknown, depth = 0): unknown {
  checkDepth(depth, "attributes");
  if (Array.isArray(json)) return json.map((item) => readJson(item, depth + 1));
  if (!isRecord(json)) {
    if (json === null || ["boolean", "number", "string"].includes(typeof json)) return json;
    throw refuse(`a value of type ${typeof json} is not JSON`);
  }
  const [key, ...rest] = Object.keys(json);
  if (key !== undefined && rest.length === 0 && isTag(key)) return readers[key](json[key], depth);
  return readEntries(json, depth);
}

function readEntries(json: unknown, depth: number): { readonly [key: string]: unknown } {
  if (!isRecord(json)) throw refuse("a record is missing");
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [checkKey(key), readJson(value, depth + 1)]),
  );
}

/** Reads a node's attributes. @throws AdjointError if they are not a record. */
export function readJsonRecord(json: unknown): { readonly [key: string]: unknown } {
  const value = readJson(json);
  if (!isRecord(value)) throw refuse("attributes are not a record");
  return value;
}
