import { malformed } from "../errors.ts";

/** A 64-bit integer as two halves. */
interface Halves {
  readonly high: number;
  readonly low: number;
  readonly unsigned: boolean;
}

/** A 64-bit integer of protobufjs: a Long (two halves) if that package is installed. */
export type Integer = number | Halves | null | undefined;

/** Exactly, as a bigint. */
export function toBigInt(value: Integer): bigint {
  if (value == null) return 0n;
  if (typeof value === "number") return BigInt(value);
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
  return value.unsigned ? bits : BigInt.asIntN(64, bits);
}

/** As a number where that is exact, else as a bigint. */
export function toInteger(value: Integer): number | bigint {
  const exact = toBigInt(value);
  return exact >= Number.MIN_SAFE_INTEGER && exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}

/** A count. @throws AdjointError when it is negative or larger than a double holds exactly. */
export function toSize(what: string, value: Integer): number {
  const size = toInteger(value);
  if (typeof size === "bigint" || size < 0) throw malformed(`${what} is ${size}`, "Is the file complete?");
  return size;
}
