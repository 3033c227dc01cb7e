import { SymbolicDim } from "../dim.ts";
import { dtypes } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type TensorValue, tensorValue } from "../value.ts";
import { checkDepth, checkKey } from "./limits.ts";

/** The functions by which a format writes each kind of value in attributes. */
export interface ValueWriter<T> {
  plain(value: null | boolean | string): T;
  number(value: number): T;
  bigint(value: bigint): T;
  dim(value: SymbolicDim): T;
  tensor(value: TensorValue): T;
  list(items: readonly T[]): T;
  /** Keys in code-unit order, so that equal attributes give equal text. */
  record(entries: readonly (readonly [key: string, value: T])[]): T;
}

/**
 * Writes an attribute value, inner values first. Keys whose value is undefined are left out.
 * @param path names the value in errors, such as `attributes.initial`.
 * @throws AdjointError for values that no format can hold: functions, class instances, `__proto__`, nesting without end.
 */
export function foldValue<T>(writer: ValueWriter<T>, value: unknown, path: string, depth = 0): T {
  checkDepth(depth, "attributes");
  if (value === null || typeof value === "boolean" || typeof value === "string") return writer.plain(value);
  if (typeof value === "number") return writer.number(value);
  if (typeof value === "bigint") return writer.bigint(value);
  if (value instanceof SymbolicDim) return writer.dim(value);
  if (isTensorValue(value)) return writer.tensor(tensorValue(value.dtype, value.shape, value.data));
  if (Array.isArray(value)) {
    return writer.list(value.map((item, index) => foldValue(writer, item, `${path}[${index}]`, depth + 1)));
  }
  if (isRecord(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return writer.record(
      entries.map(([key, item]) => [checkKey(key), foldValue(writer, item, `${path}.${key}`, depth + 1)]),
    );
  }
  const what = typeof value === "object" ? "an instance of a class" : `a value of type ${typeof value}`;
  throw new AdjointError("text", path, `is ${what}`, "Attributes are plain data, sizes and tensor values.");
}

/** A plain object, such as a literal or what JSON gives. */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isTensorValue(value: unknown): value is TensorValue {
  return (
    isRecord(value) &&
    ArrayBuffer.isView(value["data"]) &&
    Array.isArray(value["shape"]) &&
    dtypes.some((dtype) => dtype === value["dtype"])
  );
}
