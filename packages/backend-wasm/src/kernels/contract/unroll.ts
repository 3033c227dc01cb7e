import { type Body, type Value, i32 } from "../../emit/index.ts";

/** Writes statements `count` times, one copy after the other: a loop of the compiler, none in the output. */
export function unroll(count: number, write: (index: number) => void): void {
  for (let index = 0; index < count; index++) write(index);
}

/** Values for whole units of a size, and for the rest at its end, as far as the size has them. */
export interface WholeAndRest<T> {
  readonly whole: T | undefined;
  readonly rest: T | undefined;
}

/** @param emit is called with the unit, then with the size of the rest. */
export const wholeAndRest = <T>(size: number, unit: number, emit: (size: number) => T): WholeAndRest<T> => ({
  whole: size >= unit ? emit(unit) : undefined,
  rest: size % unit > 0 ? emit(size % unit) : undefined,
});

/**
 * Statements with what is written for whole units or for the rest, whichever an index is at.
 * @param lastWhole the last index at which there is a whole unit.
 */
export function wholeOrRest<T>(
  body: Body,
  { whole, rest }: WholeAndRest<T>,
  index: Value<"i32">,
  lastWhole: number,
  write: (one: T) => void,
): void {
  if (whole !== undefined && rest !== undefined)
    body.if(
      i32.leS(index, i32.const(lastWhole)),
      () => write(whole),
      () => write(rest),
    );
  else if (whole !== undefined) write(whole);
  else if (rest !== undefined) write(rest);
}
