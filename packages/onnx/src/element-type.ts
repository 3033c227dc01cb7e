import type { DType } from "@adjoint/ir";
import { malformed, unsupported } from "./errors.ts";

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

/** Element types that Adjoint does not have; many are newer than the generated code. */
const foreign: ReadonlyMap<number, string> = new Map([
  [8, "STRING"],
  [14, "COMPLEX64"],
  [15, "COMPLEX128"],
  [17, "FLOAT8E4M3FN"],
  [18, "FLOAT8E4M3FNUZ"],
  [19, "FLOAT8E5M2"],
  [20, "FLOAT8E5M2FNUZ"],
  [21, "UINT4"],
  [22, "INT4"],
  [23, "FLOAT4E2M1"],
  [24, "FLOAT8E8M0"],
  [25, "UINT2"],
  [26, "INT2"],
]);

// Object.entries widens the keys, which are those of the table.
const byNumber: ReadonlyMap<number, DType> = new Map(
  (Object.entries(elementTypes) as [DType, number][]).map(([dtype, number]) => [number, dtype]),
);

/** @throws UnsupportedError for an element type that has no counterpart; AdjointError for none at all. */
export function dtypeOfElement(dataType: number, owner: string): DType {
  const dtype = byNumber.get(dataType);
  if (dtype !== undefined) return dtype;
  const name = foreign.get(dataType);
  if (name === undefined) throw malformed(`${owner} has the unknown element type ${dataType}`);
  throw unsupported(`element type ${name}`, `${owner} has elements that can't be imported`);
}
