import { type DType, isFloat } from "@adjoint/ir/values";
import { arithmeticOf } from "../layout/words.ts";
import { type Use, asBool, fit, heldRange } from "./wgsl.ts";

/** A value of one dtype as another: floats to integers truncate and saturate, integers wrap, anything to bool is ≠ 0. */
export function castCode(code: string, from: DType, to: DType, use: Use): string {
  const [source, target] = [arithmeticOf(from), arithmeticOf(to)];
  // NaN is not zero, by its bits.
  if (to === "bool")
    return asBool(source === "f32" ? `${use("magnitude")}(${code}) != 0u` : `${code} != ${source}(0)`);
  if (target === "f32") return fit(to, source === "f32" ? code : `f32(${code})`, use);
  if (!isFloat(from)) return fit(to, source === target ? code : `bitcast<${target}>(${code})`, use);
  const [low, high] = heldRange(to);
  return target === "i32"
    ? `${use("toI32")}(${code}, i32(${low}), i32(${high}))`
    : `${use("toU32")}(${code}, ${high}u)`;
}

/** The bits of a value, in the low end of a word. */
function bitsCode(code: string, from: DType, use: Use): string {
  if (from === "f16") return `${use("f16Bits")}(${code})`;
  if (from === "bf16") return `(bitcast<u32>(${code}) >> 16u)`;
  return arithmeticOf(from) === "u32" ? code : `bitcast<u32>(${code})`;
}

/** The same bits read as another dtype of the same width. */
export function bitcastCode(code: string, from: DType, to: DType, use: Use): string {
  const bits = bitsCode(code, from, use);
  if (to === "f16") return `${use("fromF16Bits")}(${bits} & 0xffffu)`;
  if (to === "bf16") return `bitcast<f32>(${bits} << 16u)`;
  if (to === "bool") return asBool(`(${bits} & 0xffu) != 0u`);
  const arithmetic = arithmeticOf(to);
  return fit(to, arithmetic === "u32" ? bits : `bitcast<${arithmetic}>(${bits})`, use);
}
