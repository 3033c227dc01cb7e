import type { DType } from "@adjoint/ir";
import { malformed, unsupported } from "./errors.ts";
import { type NarrowType, narrowTypes } from "./narrow/types.ts";

/** TensorProto.DataType of each element type. */
export const elementTypes: { readonly [D in DType]: number } = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  bf16: 16,
};

/** Element types that can't be imported. */
const foreign: ReadonlyMap<number, string> = new Map([
  [8, "STRING"],
  [14, "COMPLEX64"],
  [15, "COMPLEX128"],
]);

const narrowByNumber: ReadonlyMap<number, NarrowType> = new Map(
  narrowTypes.map((type) => [type.dataType, type]),
);

// Object.entries widens the keys, which are those of the table.
const byNumber: ReadonlyMap<number, DType> = new Map(
  (Object.entries(elementTypes) as [DType, number][]).map(([dtype, number]) => [number, dtype]),
);

/** A file's element type: the dtype that holds its elements, and what they stand for if that is not a dtype. */
export interface ElementType {
  readonly dtype: DType;
  readonly narrow: NarrowType | undefined;
}

/** @throws UnsupportedError for an element type that has no counterpart; AdjointError for none at all. */
export function elementType(dataType: number, owner: string): ElementType {
  const narrow = narrowByNumber.get(dataType);
  const dtype = narrow?.storage ?? byNumber.get(dataType);
  if (dtype !== undefined) return { dtype, narrow };
  const name = foreign.get(dataType);
  if (name === undefined) throw malformed(`${owner} has the unknown element type ${dataType}`);
  throw unsupported(`element type ${name}`, `${owner} has elements that can't be imported`);
}

/** An element type that is a dtype. @throws UnsupportedError for any other. */
export function dtypeOfElement(dataType: number, owner: string): DType {
  const { dtype, narrow } = elementType(dataType, owner);
  if (narrow === undefined) return dtype;
  throw unsupported(`element type ${narrow.name}`, `${owner} can't have elements of that type`);
}
