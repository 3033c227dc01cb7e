import { AdjointError } from "@adjoint/ir";
import { z } from "zod";

const LARGEST = 2 ** 31 - 1;
const SIZE = `must be a whole number from 1 to ${LARGEST}`;
const COUNT = `must be a whole number from 0 to ${LARGEST}`;

/** A size of at least 1. */
export const size: z.ZodInt = z.int(SIZE).min(1, SIZE).max(LARGEST, SIZE);

/** A number of at least 0 that counts elements. */
const count: z.ZodInt = z.int(COUNT).min(0, COUNT).max(LARGEST, COUNT);

/** A number that is neither NaN nor infinite. */
export const finite: z.ZodNumber = z.number("must be a finite number");

/** One whole number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];

const perAxis = (one: z.ZodInt, what: string): z.ZodType<PerAxis> =>
  z.union([one, z.array(one).min(1).max(8)], `must be ${what}, or a list of one for each spatial axis`);

/** `PerAxis` of sizes. */
export const sizes: z.ZodType<PerAxis> = perAxis(size, "a whole number ≥ 1");

/** `PerAxis` of counts. */
export const counts: z.ZodType<PerAxis> = perAxis(count, "a whole number ≥ 0");

/**
 * One number for each of `rank` axes.
 * @throws AdjointError when a list has another length.
 */
export function spread(operation: string, what: string, value: PerAxis, rank: number): readonly number[] {
  if (typeof value === "number") return Array.from({ length: rank }, () => value);
  if (value.length === rank) return value;
  throw new AdjointError(
    "attribute",
    operation,
    `${what} [${value.join(", ")}] has ${value.length} numbers for ${rank} spatial axes`,
  );
}

/**
 * Checks what a caller or a file gave.
 * @throws AdjointError naming each setting that is wrong and the value it had.
 */
export function parseConfig<T>(operation: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `unknown setting ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    const path = issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")} `;
    // zod's own messages end in what they got.
    const got = issue.message.startsWith("Invalid input") ? "" : ` and is ${show(issue.input)}`;
    return `${path}${issue.message}${got}`;
  });
  throw new AdjointError("attribute", operation, problems.join("; "));
}

/** A value as it would stand in a program, short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value))
    return value.length > 8 ? `a list of ${value.length}` : `[${value.map(show).join(", ")}]`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
