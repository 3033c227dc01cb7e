import { type Body, type Value, i32, i32x4, v128 } from "../emit/index.ts";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const PARITY = 0x1bd11bda;

/** The integer arithmetic of one word, or of four lanes. */
interface Words<T extends "i32" | "v128"> {
  readonly constant: (value: number) => Value<T>;
  readonly add: (a: Value<T>, b: Value<T>) => Value<T>;
  readonly xor: (a: Value<T>, b: Value<T>) => Value<T>;
  readonly rotate: (a: Value<T>, by: number) => Value<T>;
}

/** The first word of Threefry-2x32-20, as `threefry2x32` of @adjoint/ir (Salmon et al., SC 2011), with counter word 1 zero. */
function threefry<T extends "i32" | "v128">(
  body: Body,
  { constant, add, xor, rotate }: Words<T>,
  key0: Value<T>,
  key1: Value<T>,
  counter: Value<T>,
): Value<T> {
  const [first, second] = [body.let(key0), body.let(key1)];
  const third = body.let(xor(constant(PARITY), xor(first, second)));
  const keys = [first, second, third];
  const key = (index: number): Value<T> => keys[index % 3] ?? first;
  const x0 = body.let(add(counter, first));
  const x1 = body.let<T>(second);
  for (let group = 0; group < 5; group++) {
    for (const rotation of ROTATIONS[group % 2] ?? []) {
      body.set(x0, add(x0, x1));
      body.set(x1, rotate(x1, rotation));
      body.set(x1, xor(x1, x0));
    }
    body.set(x0, add(x0, key(group + 1)));
    body.set(x1, add(x1, add(key(group + 2), constant(group + 1))));
  }
  return x0;
}

const word: Words<"i32"> = {
  constant: i32.const,
  add: i32.add,
  xor: i32.xor,
  rotate: (a, by) => i32.rotl(a, i32.const(by)),
};

/** 32 random bits of a key and a position. */
export const randomBits = (
  body: Body,
  key0: Value<"i32">,
  key1: Value<"i32">,
  counter: Value<"i32">,
): Value<"i32"> => threefry(body, word, key0, key1, counter);

/** The same in four lanes. */
export function randomBitsX4(
  body: Body,
  key0: Value<"v128">,
  key1: Value<"v128">,
  counter: Value<"v128">,
): Value<"v128"> {
  const lanes: Words<"v128"> = {
    constant: (value) => body.i32x4(value),
    add: i32x4.add,
    xor: v128.xor,
    rotate: (a, by) => v128.or(i32x4.shl(a, i32.const(by)), i32x4.shrU(a, i32.const(32 - by))),
  };
  return threefry(body, lanes, key0, key1, counter);
}
