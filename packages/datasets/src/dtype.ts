import { type DType, type DataOf, dtypeInfo, isFloat } from "@adjoint/ir/values";
import { DatasetError } from "./error.ts";

/** Element types whose values are JavaScript numbers, so that a transformation can compute with them. */
export type NumberDType = Exclude<DType, "f16" | "bf16" | "i64" | "u64">;

/** Element types that `cast` reads and writes: all but the 16-bit floats, whose arrays hold bits. */
export type CastDType = Exclude<DType, "f16" | "bf16">;

/** Element types that a computed column may have. */
export type FloatDType = "f32" | "f64";

/** Whether `cast` takes `dtype`. */
export const isCastable = (dtype: DType): dtype is CastDType => !isFloat(dtype) || dtypeInfo[dtype].bytes > 2;

/** Whether elements of `dtype` are JavaScript numbers with their own value. */
export const isNumber = (dtype: DType): dtype is NumberDType => isCastable(dtype) && !dtypeInfo[dtype].big;

/**
 * A new zeroed array for `length` elements of `dtype`.
 *
 * @throws DatasetError `too-large` when the platform can't make one.
 */
export function allocate<D extends DType>(dtype: D, length: number): DataOf<D> {
  try {
    return new dtypeInfo[dtype].array(length);
  } catch (cause) {
    throw new DatasetError(
      "too-large",
      "memory",
      `there is none for ${length} elements of ${dtype}. Take fewer examples.`,
      { cause },
    );
  }
}
