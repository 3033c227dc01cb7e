import type { DType } from "@adjoint/ir/values";
import type { Value, ValueType } from "../emit/index.ts";

/** The WebAssembly type that holds an element of each dtype: 8 and 16-bit integers extended by their sign, f16 and bf16 as their f32 value. */
export const carrier: { readonly [D in DType]: "f32" | "f64" | "i32" | "i64" } = {
  f64: "f64",
  f32: "f32",
  f16: "f32",
  bf16: "f32",
  i64: "i64",
  i32: "i32",
  i16: "i32",
  i8: "i32",
  u64: "i64",
  u32: "i32",
  u16: "i32",
  u8: "i32",
  bool: "i32",
};

/** A value in one of the carriers. */
export type Element = Value<ValueType>;

/** Floats of 16 bits. */
export type Half = "f16" | "bf16";

/** Dtypes that fill lanes of 32 bits; a bool is a mask, all ones or zeros. */
export type LaneDType = "f32" | "i32" | "u32" | "bool";
export const isLaneDType = (dtype: DType): dtype is LaneDType =>
  dtype === "f32" || dtype === "i32" || dtype === "u32" || dtype === "bool";

/** Dtypes that loads bring into lanes: small integers too, which are then cast. */
export type LoadedDType = LaneDType | "u8" | "i8" | "u16" | "i16";
const SMALL: readonly DType[] = ["u8", "i8", "u16", "i16"];
export const isLoadedDType = (dtype: DType): dtype is LoadedDType =>
  isLaneDType(dtype) || SMALL.includes(dtype);
