/** Arithmetic that JavaScript's own operators don't give: what the primitives mean, for the oracle and for backends in JavaScript. */

export * from "./special.ts";

/** Integer division toward zero; by zero it is 0. */
export const divide = (a: number, b: number): number => (b === 0 ? 0 : Math.trunc(a / b));

/** aᵇ of floats; 1 to any power is 1 (`**` gives NaN for an infinite exponent). */
export const floatPower = (a: number, b: number): number => (a === 1 ? 1 : a ** b);

/** 64-bit division and remainder by zero give 0, as the narrower types do. */
export const bigDivide = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b);
export const bigRemainder = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a % b);
export const bigModulo = (a: bigint, b: bigint): bigint => {
  const rest = bigRemainder(a, b);
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
};
/** The integer remainder with the sign of the dividend; by zero it is 0. */
export const remainder = (a: number, b: number): number => (b === 0 ? 0 : a % b);
/** The remainder with the sign of the divisor. */
export const modulo = (a: number, b: number): number => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

/** Integer power by squaring, wrapping; a negative exponent gives the truncated reciprocal. */
export function integerPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** The same for 64 bits; more bits are kept and wrap when stored. */
export function bigPower(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let square = BigInt.asIntN(128, base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(128, result * square);
    square = BigInt.asIntN(128, square * square);
  }
  return result;
}
