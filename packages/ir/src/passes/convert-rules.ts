import { type DType, dtypeInfo, dtypeRange } from "../dtype.ts";
import { bitcast, cast } from "../ops/convert.ts";
import { type Rule, rule } from "./rewrite.ts";
import { madeBy } from "./facts.ts";

/** Bits of the significand: integers up to 2^bits are exact. */
const SIGNIFICAND: { readonly [D in DType]?: number } = { f64: 53, f32: 24, f16: 11, bf16: 8 };

/** Largest exponent of a float type. */
const EXPONENT: { readonly [D in DType]?: number } = { f64: 1023, f32: 127, f16: 15, bf16: 127 };

const isWithin = (inner: DType, outer: DType): boolean => {
  const [[low, high], [lowest, highest]] = [dtypeRange(inner), dtypeRange(outer)];
  return lowest <= low && high <= highest;
};

/** True if every value of `from` is one of `to`. */
function isLossless(from: DType, to: DType): boolean {
  const [source, target] = [dtypeInfo[from], dtypeInfo[to]];
  if (from === to || source.class === "bool") return true;
  if (target.class === "bool") return false;
  const significand = SIGNIFICAND[to] ?? 0;
  if (source.class === "float") {
    return significand >= (SIGNIFICAND[from] ?? 64) && (EXPONENT[to] ?? 0) >= (EXPONENT[from] ?? 0);
  }
  if (target.class !== "float") return isWithin(from, to);
  const bits = source.bytes * 8 - (source.class === "int" ? 1 : 0);
  return significand >= bits;
}

/**
 * True if casting from → via → to gives what the direct cast gives. Floats saturate when cast to integers and
 * integers wrap, so an integer may pass through a float only to a type that it fits.
 */
function isDetour(from: DType, via: DType, to: DType): boolean {
  if (!isLossless(from, via)) return false;
  const [source, middle, target] = [dtypeInfo[from].class, dtypeInfo[via].class, dtypeInfo[to].class];
  const saturates = middle === "float" && source !== "float" && (target === "int" || target === "uint");
  return !saturates || source === "bool" || isWithin(from, to);
}

/** Conversions; exact to the bit. */
export const convertRules: readonly Rule[] = [
  rule("cast to its own type", ["cast", "bitcast"], ({ output }, x) =>
    x.dtype === output.dtype ? x : undefined,
  ),
  rule("cast of a lossless cast", "cast", ({ attributes }, x) => {
    const [inner] = madeBy(x, "cast")?.inputs ?? [];
    return inner !== undefined && isDetour(inner.dtype, x.dtype, attributes.dtype)
      ? cast(inner, attributes.dtype)
      : undefined;
  }),
  rule("bitcast of a bitcast", "bitcast", ({ attributes }, x) => {
    const [inner] = madeBy(x, "bitcast")?.inputs ?? [];
    return inner && bitcast(inner, attributes.dtype);
  }),
  // It only matters to gradients, which are taken before passes run.
  rule("stopGradient x → x", "stopGradient", (_, x) => x),
];
