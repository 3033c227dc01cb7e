import type { Affine, BufferId, DynamicIndex, Guard } from "@adjoint/compiler/kernel";
import { type DType, dtypeInfo } from "@adjoint/ir/values";
import { type Body, type Value, i32 } from "../emit/index.ts";
import type { Element } from "./carriers.ts";

/** The addresses and dtypes of buffers, and the code for an index from data that is out of range. */
export interface Addressing {
  /** Byte offset in memory. */
  readonly address: (buffer: BufferId) => number;
  readonly dtype: (buffer: BufferId) => DType;
  /** Statements that report the operation and the value, and leave. */
  readonly outOfRange: (body: Body, term: DynamicIndex, value: Element) => void;
}

/** The point of the domain that code is for. */
export type Coordinates = readonly Value<"i32">[];

/** An address as an instruction takes it: an expression, and a constant that is added without wrapping. */
export interface Address {
  readonly base: Value<"i32">;
  readonly offset: number;
}

const constantOf = ({ operands, immediate }: Value<"i32">): number | undefined =>
  operands.length === 0 && immediate.kind === "i32" ? immediate.value : undefined;

/** Σ stride·coordinate without the offset, in a variable part and a constant one. */
function parts(affine: Affine, coordinates: Coordinates): { variable?: Value<"i32">; constant: number } {
  let constant = affine.offset;
  let variable: Value<"i32"> | undefined;
  affine.strides.forEach((stride, axis) => {
    const coordinate = coordinates[axis];
    if (stride === 0 || coordinate === undefined) return;
    const known = constantOf(coordinate);
    if (known !== undefined) {
      constant += known * stride;
      return;
    }
    const term = stride === 1 ? coordinate : i32.mul(coordinate, i32.const(stride));
    variable = variable === undefined ? term : i32.add(variable, term);
  });
  return variable === undefined ? { constant } : { variable, constant };
}

export function affineValue(affine: Affine, coordinates: Coordinates): Value<"i32"> {
  const { variable, constant } = parts(affine, coordinates);
  if (variable === undefined) return i32.const(constant);
  return constant === 0 ? variable : i32.add(variable, i32.const(constant));
}

/** The affine with its values moved on. */
export const shifted = <A extends Affine>(affine: A, by: number): A =>
  by === 0 ? affine : { ...affine, offset: affine.offset + by };

const inBytes = (addressing: Addressing, buffer: BufferId, affine: Affine): Affine => {
  const { bytes } = dtypeInfo[addressing.dtype(buffer)];
  return {
    offset: affine.offset * bytes + addressing.address(buffer),
    strides: affine.strides.map((stride) => stride * bytes),
  };
};

/** Address of a position. */
export const addressOf = (
  addressing: Addressing,
  buffer: BufferId,
  affine: Affine,
  coordinates: Coordinates,
): Value<"i32"> => affineValue(inBytes(addressing, buffer, affine), coordinates);

/**
 * Address of a position, with all constants that can be in the instruction's own offset.
 * @param dynamic terms that code adds to the base later.
 */
export function splitAddress(
  addressing: Addressing,
  buffer: BufferId,
  affine: Affine,
  coordinates: Coordinates,
  dynamic: readonly Pick<DynamicIndex, "stride">[] = [],
): Address {
  const { variable, constant } = parts(inBytes(addressing, buffer, affine), coordinates);
  // The engine adds the offset without wrapping, so the rest must not be negative.
  const grows =
    constant >= 0 &&
    affine.strides.every((stride) => stride >= 0) &&
    dynamic.every(({ stride }) => stride >= 0);
  if (variable === undefined)
    return grows ? { base: i32.const(0), offset: constant } : { base: i32.const(constant), offset: 0 };
  return grows
    ? { base: variable, offset: constant }
    : { base: i32.add(variable, i32.const(constant)), offset: 0 };
}

export function inside(guards: readonly Guard[], coordinates: Coordinates): Value<"i32"> {
  return guards
    .map((guard) => i32.ltU(affineValue(guard, coordinates), i32.const(guard.limit)))
    .reduce<Value<"i32">>((all, guard) => i32.and(all, guard), i32.const(1));
}
