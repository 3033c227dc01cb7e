import { type DType, isFloat, isInteger, isSigned } from "../dtype.ts";
import { type Tensor, apply } from "../tensor.ts";
import { abs, add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { broadcast } from "../ops/broadcast.ts";
import { filled, uniformConstant } from "../ops/source.ts";
import { sqrt } from "../ops/transcendental.ts";
import { type Rule, rule } from "./rewrite.ts";
import { COMMUTATIVE } from "./commutative.ts";
import {
  computed,
  isAll,
  isExtreme,
  isNeverMinusZero,
  isNonNegative,
  madeBy,
  under,
  uniformScalar,
} from "./facts.ts";

const isKnown = (tensor: Tensor): boolean => uniformConstant(tensor) !== undefined;

/** −c of a constant whose elements are all equal. */
function negated(constant: Tensor): Tensor | undefined {
  const scalar = isSigned(constant.dtype) ? uniformScalar(constant) : undefined;
  return scalar && broadcast(computed(neg(scalar)), constant.shape);
}

/** Exponents of 2 whose powers and their reciprocals are both normal numbers of the dtype. */
const NORMAL: { readonly [D in DType]?: number } = { f64: 1022, f32: 126, bf16: 126, f16: 14 };

/** 1/c if c is a power of 2 and the reciprocal is exact. */
function exactReciprocal(constant: Tensor): Tensor | undefined {
  const element = Number(uniformConstant(constant) ?? 0);
  const exponent = Math.log2(Math.abs(element));
  const exact = Math.abs(exponent) <= (NORMAL[constant.dtype] ?? -1) && 2 ** exponent === Math.abs(element);
  return exact && Number.isInteger(exponent)
    ? filled(1 / element, constant.dtype, constant.shape)
    : undefined;
}

/** The operands of a node of two, the constant one last. */
function withConstantLast(tensors: readonly Tensor[]): readonly [Tensor, Tensor] | undefined {
  const [a, b] = tensors;
  return a !== undefined && b !== undefined && isKnown(b) && !isKnown(a) ? [a, b] : undefined;
}

/**
 * Algebra on numbers. Each rule is exact to the bit, ±0, ±∞ and NaN included (a NaN's payload and sign aside), unless
 * it says otherwise. x·0, x − x, log(exp x) and regrouped sums of floats are not, and stay.
 */
export const arithmeticRules: readonly Rule[] = [
  rule("c ∘ x → x ∘ c", COMMUTATIVE, ({ node }, a, b) =>
    isKnown(a) && !isKnown(b) ? apply(node.operation, [b, a], node.attributes).output : undefined,
  ),
  // −0 + 0 is 0, so that only −0 is neutral for every x.
  rule("x + 0 → x", "add", (_, x, c) =>
    isAll(c, -0) || (isAll(c, 0) && isNeverMinusZero(x)) ? x : undefined,
  ),
  rule("x − 0 → x", "sub", (_, x, c) => (isAll(c, 0) ? x : undefined)),
  // 0 − 0 is 0 and −(0) is −0: of floats only −0 − x is −x.
  rule("−0 − x → −x", "sub", (_, c, x) => (isAll(c, -0) && isSigned(x.dtype) ? neg(x) : undefined)),
  rule("x − x → 0 of integers", "sub", ({ output }, a, b) =>
    a === b && isInteger(a.dtype) ? filled(0, output.dtype, output.shape) : undefined,
  ),
  rule("x·1 → x", "mul", (_, x, c) => (isAll(c, 1) ? x : undefined)),
  rule("x·0 → 0 of integers", "mul", (_, x, c) => (isInteger(x.dtype) && isAll(c, 0) ? c : undefined)),
  rule("x·−1 → −x", "mul", (_, x, c) => (isSigned(x.dtype) && isAll(c, -1) ? neg(x) : undefined)),
  rule("x/1 → x", "div", (_, x, c) => (isAll(c, 1) ? x : undefined)),
  rule("x/−1 → −x", "div", (_, x, c) => (isSigned(x.dtype) && isAll(c, -1) ? neg(x) : undefined)),
  rule("x/2ⁿ → x·2⁻ⁿ", "div", (_, x, c) => {
    const reciprocal = isFloat(x.dtype) ? exactReciprocal(c) : undefined;
    return reciprocal && mul(x, reciprocal);
  }),

  rule("−(−x) → x", "neg", (_, x) => under(x, "neg")),
  rule("x + (−y) → x − y", "add", (_, a, b) => {
    const [left, right] = [under(a, "neg"), under(b, "neg")];
    if (right !== undefined) return sub(a, right);
    return left && sub(b, left);
  }),
  rule("x − (−y) → x + y", "sub", (_, a, b) => {
    const y = under(b, "neg");
    return y && add(a, y);
  }),
  rule("(−x)·(−y) → x·y", "mul", (_, a, b) => {
    const [x, y] = [under(a, "neg"), under(b, "neg")];
    return x && y && mul(x, y);
  }),
  // Not for integers: −x wraps at the lowest one, and the quotient would be wrong.
  rule("(−x)/(−y) → x/y", "div", (_, a, b) => {
    const [x, y] = isFloat(a.dtype) ? [under(a, "neg"), under(b, "neg")] : [];
    return x && y && div(x, y);
  }),
  rule("(−x)·c → x·(−c)", "mul", (_, a, c) => {
    const [x, opposite] = [under(a, "neg"), negated(c)];
    return x && opposite && mul(x, opposite);
  }),
  rule("−(x·c) → x·(−c)", "neg", (_, x) => {
    const [a, c] = withConstantLast(madeBy(x, "mul")?.inputs ?? []) ?? [];
    const opposite = c && negated(c);
    return a && opposite && mul(a, opposite);
  }),
  rule("−(c/x) → (−c)/x", "neg", (_, x) => {
    const [c, y] = isFloat(x.dtype) ? (madeBy(x, "div")?.inputs ?? []) : [];
    const opposite = c && negated(c);
    return y && opposite && div(opposite, y);
  }),

  // Integers are a ring modulo 2ⁿ, so that grouping does not matter; nor does it for max and min of any type.
  rule("(x ∘ a) ∘ b → x ∘ (a ∘ b)", ["add", "mul", "max", "min"], ({ node }, inner, b) => {
    const { operation } = node;
    if (inner.node.operation !== operation) return undefined;
    const ordered = operation.name === "max" || operation.name === "min";
    const [x, a] = ordered || isInteger(b.dtype) ? (withConstantLast(inner.node.inputs) ?? []) : [];
    const [first, second] = [a && uniformScalar(a), uniformScalar(b)];
    if (x === undefined || first === undefined || second === undefined) return undefined;
    const joined = computed(apply(operation, [first, second], node.attributes).output);
    return apply(operation, [x, broadcast(joined, b.shape)], node.attributes).output;
  }),
  rule("max(x, lowest) → x", "max", (_, x, c) => (isExtreme(c, "lowest") ? x : undefined)),
  rule("min(x, highest) → x", "min", (_, x, c) => (isExtreme(c, "highest") ? x : undefined)),

  rule("x⁰ → 1", "pow", ({ output }, _, c) =>
    isAll(c, 0) || isAll(c, -0) ? filled(1, output.dtype, output.shape) : undefined,
  ),
  rule("x¹ → x", "pow", (_, x, c) => (isAll(c, 1) ? x : undefined)),
  // The product rounds once; a general power may be off by a unit in the last place. ±0, ±∞ and NaN agree.
  rule("x² → x·x", "pow", (_, x, c) => (isAll(c, 2) ? mul(x, x) : undefined)),
  // Rounds once, as above; (±0)⁻¹ is ±∞ and (±∞)⁻¹ is ±0 in both.
  rule("x⁻¹ → 1/x", "pow", (_, x, c) =>
    isFloat(x.dtype) && isAll(c, -1) ? div(filled(1, x.dtype, x.shape), x) : undefined,
  ),
  // (−0)^½ is 0 and (−∞)^½ is ∞, but √ gives −0 and NaN: only for x that is neither.
  rule("x^½ → √x where x ≥ 0", "pow", (_, x, c) =>
    isFloat(x.dtype) && isAll(c, 0.5) && isNonNegative(x) ? sqrt(x) : undefined,
  ),
  rule("1ˣ → 1", "pow", (_, c) => (isAll(c, 1) ? c : undefined)),

  rule("|−x| → |x|", "abs", (_, x) => {
    const inner = under(x, "neg");
    return inner && abs(inner);
  }),
  rule("|x| → x where x ≥ 0", "abs", (_, x) =>
    isNonNegative(x) || madeBy(x, "abs") !== undefined ? x : undefined,
  ),
  rule("rounding what is rounded", ["floor", "ceil", "round"], (_, x) =>
    madeBy(x, "floor", "ceil", "round") === undefined ? undefined : x,
  ),
];
