import { AdjointError } from "@adjoint/ir";
import {
  type CheckableSchema,
  type Schema,
  array,
  checked,
  int,
  maxLength,
  maximum,
  minLength,
  minimum,
  number,
  problemsOf,
  safeParse,
  union,
} from "@adjoint/ir/schema";

const LARGEST = 2 ** 31 - 1;
const SIZE = `must be a whole number from 1 to ${LARGEST}`;
const COUNT = `must be a whole number from 0 to ${LARGEST}`;

/** A size of at least 1. */
export const size: Schema<number> = checked(int(SIZE), minimum(1, SIZE), maximum(LARGEST, SIZE));

/** A number of at least 0 that counts elements. */
const count: Schema<number> = checked(int(COUNT), minimum(0, COUNT), maximum(LARGEST, COUNT));

/** A number that is neither NaN nor infinite. */
export const finite: CheckableSchema<number> = number("must be a finite number");

/** One whole number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];

// @__NO_SIDE_EFFECTS__
const perAxis = (one: Schema<number>, what: string): Schema<PerAxis> =>
  union(
    [one, checked(array(one), minLength(1), maxLength(8))],
    `must be ${what}, or a list of one for each spatial axis`,
  );

/** `PerAxis` of sizes. */
export const sizes: Schema<PerAxis> = perAxis(size, "a whole number ≥ 1");

/** `PerAxis` of counts. */
export const counts: Schema<PerAxis> = perAxis(count, "a whole number ≥ 0");

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
export function parseConfig<T>(operation: string, schema: Schema<T>, value: unknown): T {
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  throw new AdjointError("attribute", operation, problemsOf(result.issues));
}
