import { AdjointError } from "@adjoint/ir";
import {
  type Schema,
  array,
  checked,
  maxLength,
  maximum,
  minLength,
  minimum,
  number,
  union,
  whole,
} from "@adjoint/ir/schema";

const LARGEST = 2 ** 31 - 1;

/** A size of at least 1. */
export const size: Schema<number> = whole(1, LARGEST);

/** A number of at least 0 that counts elements. */
const count: Schema<number> = whole(0, LARGEST);

const SHARE = "must be a number from 0 to 1";

/** The weight of one of two, 0 to 1. */
export const share: Schema<number> = checked(number(SHARE), minimum(0, SHARE), maximum(1, SHARE));

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
