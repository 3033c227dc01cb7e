import * as z from "zod";
import { DatasetError } from "./error.ts";

/** A whole number from 0 to 2⁵³−1: seeds, epochs, positions. */
export const naturalNumber: z.ZodInt = z
  .int("must be a whole number from 0 to 2^53−1")
  .nonnegative("must be a whole number from 0 to 2^53−1");

/** A whole number from 1 to 2⁵³−1: sizes and counts. */
export const positiveInteger: z.ZodInt = z
  .int("must be a whole number, at least 1")
  .positive("must be a whole number, at least 1");

/** A number that is neither NaN nor infinite. */
export const finiteNumber: z.ZodNumber = z.number("must be a finite number");

/** A seed, or `false` for an order that isn't random. */
export const seedOrFalse: z.ZodType<number | false> = z.custom<number | false>(
  (value) => value === false || naturalNumber.safeParse(value).success,
  "must be a whole number from 0 to 2^53−1, or false",
);

/**
 * Checks what a caller gave.
 *
 * @param operation the public name that the message begins with
 * @throws DatasetError `bad-option` naming each option that is wrong and the value it had.
 */
export function parseOptions<T>(operation: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `unknown option ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    const path = issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")} `;
    return `${path}${issue.message}, got ${show(issue.input)}`;
  });
  throw new DatasetError("bad-option", `${operation}: ${problems.join("; ")}.`);
}

/** A value as it would stand in a program, short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const first = value.slice(0, 8).map(show).join(", ");
    return value.length > 8 ? `[${first}, …]` : `[${first}]`;
  }
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "object";
  return String(value);
}
