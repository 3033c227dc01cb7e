import { AdjointError } from "@adjoint/ir";
import { type Schema, checked, gt, lt, minimum, number, problemsOf, safeParse } from "@adjoint/ir/schema";

/** A number that is no less than 0. */
export const nonNegative: Schema<number> = checked(
  number("must be a number ≥ 0"),
  minimum(0, "must be a number ≥ 0"),
);

/** A number above 0. */
export const positive: Schema<number> = checked(
  number("must be a number > 0"),
  gt(0, "must be a number > 0"),
);

/** A share of the past that is kept: 0 ≤ β < 1. */
export const decayRate: Schema<number> = checked(
  number("must be a number from 0 to below 1"),
  minimum(0, "must be from 0 to below 1"),
  lt(1, "must be from 0 to below 1"),
);

/**
 * Checks what a caller gave.
 * @throws AdjointError naming each setting that is wrong and the value it had.
 */
export function parseConfig<T>(operation: string, schema: Schema<T>, value: unknown): T {
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  throw new AdjointError("attribute", operation, problemsOf(result.issues));
}
