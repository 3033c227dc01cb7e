import {
  NEVER,
  type ZodMiniType,
  custom,
  gt,
  lt,
  maximum,
  minimum,
  number,
  refine,
  safeParse as zodSafeParse,
  transform,
} from "zod/mini";
import type {
  $ZodCheck,
  $ZodDefault,
  $ZodErrorMap,
  $ZodIssue,
  $ZodOptional,
  $ZodRawIssue,
  $ZodType,
} from "zod/v4/core";
import { AdjointError } from "./error.ts";

/*
 * The part of zod's small form that Adjoint uses, for all packages, so that there is one copy of it. The small form has no
 * texts for issues; `safeParse` adds them.
 */

export {
  NEVER,
  ZodMiniObject as ObjectSchema,
  _default as withDefault,
  array,
  bigint,
  boolean,
  custom,
  enum as oneOf,
  exactOptional,
  gt,
  instanceof as instanceOf,
  length,
  literal,
  lt,
  maxLength,
  maximum,
  minLength,
  minimum,
  nan,
  nullable,
  number,
  object,
  optional,
  type output as Output,
  pipe,
  refine,
  regex,
  strictObject,
  string,
  transform,
  tuple,
  union,
  unknown,
} from "zod/mini";

/** A schema by any form of zod. */
export type Schema<T = unknown> = $ZodType<T>;

/** The schema of a key that may be missing. */
export type OptionalSchema<T> = $ZodOptional<$ZodType<T>>;

/** The schema of a key that may be missing and has a value all the same. */
export type DefaultSchema<T> = $ZodDefault<$ZodType<T>>;

/** A fault of a value, with its path. */
export type Issue = $ZodIssue;

/** A schema that takes further conditions. */
export type CheckableSchema<T> = ZodMiniType<T>;

/** A whole number that a double holds exactly. */
// @__NO_SIDE_EFFECTS__
export function int(message = "Invalid input: expected a whole number"): CheckableSchema<number> {
  // A message alone would stand for what further checks find, too.
  const error: $ZodErrorMap = ({ code }) => (code === "invalid_type" ? message : undefined);
  return number({ error }).check(refine(Number.isSafeInteger, { message, abort: true }));
}

/** A whole number of at least `from`, and of at most `to`. */
// @__NO_SIDE_EFFECTS__
export function whole(from: number, to: number = Number.MAX_SAFE_INTEGER): CheckableSchema<number> {
  const range = to === Number.MAX_SAFE_INTEGER ? `≥ ${from}` : `from ${from} to ${to}`;
  const message = `must be a whole number ${range}`;
  return int(message).check(minimum(from, message), maximum(to, message));
}

/** A number that is neither NaN nor infinite. */
export const finite: CheckableSchema<number> = number("must be a finite number");

/** A finite number of at least 0. */
export const nonNegative: CheckableSchema<number> = checked(
  number("must be a number ≥ 0"),
  minimum(0, "must be a number ≥ 0"),
);

/** A finite number above 0. */
export const positive: CheckableSchema<number> = checked(
  number("must be a number > 0"),
  gt(0, "must be a number > 0"),
);

/** A number from 0 to below 1: a probability, a share that is kept. */
export const fraction: CheckableSchema<number> = checked(
  number("must be a number from 0 to below 1"),
  minimum(0, "must be a number from 0 to below 1"),
  lt(1, "must be a number from 0 to below 1"),
);

/** A seed of a random order, or `false` for an order that isn't random. */
export const seedOrFalse: CheckableSchema<number | false> = custom(
  (value) => value === false || (Number.isSafeInteger(value) && Number(value) >= 0),
  "must be false or a whole number ≥ 0",
);

/** A schema with further conditions. */
// @__NO_SIDE_EFFECTS__
export function checked<T>(
  schema: CheckableSchema<T>,
  ...checks: readonly $ZodCheck<NoInfer<T>>[]
): CheckableSchema<T> {
  return schema.check(...checks);
}

/** Objects of any keys, each with a value of one kind. Zod's own drops a key called `__proto__`. */
// @__NO_SIDE_EFFECTS__
export function record<T>(
  value: Schema<T>,
  message = "Invalid input: expected an object",
): Schema<{ readonly [key: string]: T }> {
  return transform((input, { issues }): { readonly [key: string]: T } => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      issues.push({ code: "custom", path: [], input, message });
      return NEVER;
    }
    const entries = Object.entries(input).flatMap(([key, item]): [string, T][] => {
      const result = safeParse(value, item);
      if (result.success) return [[key, result.data]];
      // They keep their inputs, which the issues of this list must have.
      const found = result.issues as readonly $ZodRawIssue[];
      issues.push(...found.map((issue) => ({ ...issue, path: [key, ...(issue.path ?? [])] })));
      return [];
    });
    return Object.fromEntries(entries);
  });
}

/** Objects of several kinds: the value of `key` says which of the schemas holds. */
// @__NO_SIDE_EFFECTS__
export function variant<T>(
  key: string,
  schemas: { readonly [kind: string]: Schema<T> },
  message = "Invalid input",
): Schema<T> {
  const kinds = new Map<unknown, Schema<T>>(Object.entries(schemas));
  return transform((input, { issues }): T => {
    const kind = typeof input === "object" && input !== null ? Reflect.get(input, key) : undefined;
    const schema = kinds.get(kind);
    const result: Parsed<T> =
      schema === undefined
        ? { success: false, issues: [{ code: "custom", path: [], input, message }] }
        : safeParse(schema, input);
    if (result.success) return result.data;
    // They keep their inputs, which the issues of this list must have.
    issues.push(...(result.issues as readonly $ZodRawIssue[]));
    return NEVER;
  });
}

/** Result of `safeParse`. */
export type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly issues: readonly Issue[] };

/** Checks a value, which issues keep. */
export function safeParse<T>(schema: Schema<T>, value: unknown): Parsed<T> {
  const result = zodSafeParse(schema, value, { error: textOf, reportInput: true });
  return result.success ? result : { success: false, issues: result.error.issues };
}

/**
 * Checks settings that a caller or a file gave.
 * @param operation the public name that the message begins with.
 * @param refusal the error for what is wrong; an AdjointError `attribute` by default.
 * @throws what `refusal` makes, naming each setting that is wrong and the value it had.
 */
export function parseSettings<T>(
  operation: string,
  schema: Schema<T>,
  value: unknown,
  refusal: (operation: string, problem: string) => AdjointError = wrongAttribute,
): T {
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  throw refusal(operation, problemsOf(result.issues));
}

const wrongAttribute = (operation: string, problem: string): AdjointError =>
  new AdjointError("attribute", operation, problem);

/** The message of an issue whose schema has none. */
const textOf: $ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return `Invalid input: expected ${issue.expected}, received ${typeOf(issue.input)}`;
    case "invalid_value":
      return `Invalid option: expected ${issue.values.map(show).join(" or ")}`;
    case "too_small":
      return `Too small: expected ${issue.inclusive ? "≥" : ">"} ${issue.minimum}`;
    case "too_big":
      return `Too big: expected ${issue.inclusive ? "≤" : "<"} ${issue.maximum}`;
    case "unrecognized_keys":
      return `Unrecognized key: ${issue.keys.map(show).join(", ")}`;
    default:
      return undefined;
  }
};

function typeOf(value: unknown): string {
  if (value === null || Number.isNaN(value)) return String(value);
  return Array.isArray(value) ? "array" : typeof value;
}

/** Each issue as a phrase that names the setting and the value it had, such as `units must be > 0 and is -1`. */
export function problemsOf(issues: readonly Issue[]): string {
  const problems = issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown setting ${issue.keys.map(show).join(", ")}`;
    const path = issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")} `;
    // These end in what they got.
    const got = issue.message.startsWith("Invalid input") ? "" : ` and is ${show(issue.input)}`;
    return `${path}${issue.message}${got}`;
  });
  return problems.join("; ");
}

/** A value as it would stand in a program, short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value))
    return value.length > 8 ? `a list of ${value.length}` : `[${value.map(show).join(", ")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  return ArrayBuffer.isView(value) ? `a ${value.constructor.name}` : "an object";
}
