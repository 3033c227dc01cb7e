import { isFloat } from "../dtype.ts";
import { lessOrEqual, not, where } from "../ops/logic.ts";
import { filled } from "../ops/source.ts";
import { type Rule, rule } from "./rewrite.ts";
import { isAll, madeBy, under } from "./facts.ts";

/** Algebra on truth values, choices and bits; exact to the bit. */
export const logicRules: readonly Rule[] = [
  rule("x ∘ x → x", ["max", "min", "and", "or", "bitwiseAnd", "bitwiseOr"], ({ node }, a, b) => {
    if (a === b) return a;
    // (x ∘ y) ∘ y is x ∘ y.
    if (a.node.operation === node.operation && a.node.inputs.includes(b)) return a;
    return b.node.operation === node.operation && b.node.inputs.includes(a) ? b : undefined;
  }),
  rule("x ⊕ x → 0", ["xor", "bitwiseXor"], ({ output }, a, b) =>
    a === b ? filled(0, output.dtype, output.shape) : undefined,
  ),
  rule("x ∧ true → x", "and", (_, x, c) => (isAll(c, 1) ? x : undefined)),
  rule("x ∧ false → false", ["and", "bitwiseAnd"], (_, __, c) => (isAll(c, 0) ? c : undefined)),
  rule("x ∨ true → true", "or", (_, __, c) => (isAll(c, 1) ? c : undefined)),
  rule("x ∨ 0 → x", ["or", "xor", "bitwiseOr", "bitwiseXor", "shiftLeft", "shiftRight"], (_, x, c) =>
    isAll(c, 0) ? x : undefined,
  ),
  rule("x ⊕ true → ¬x", "xor", (_, x, c) => (isAll(c, 1) ? not(x) : undefined)),
  rule("¬¬x → x", "not", (_, x) => under(x, "not")),
  rule("∼∼x → x", "bitwiseNot", (_, x) => under(x, "bitwiseNot")),
  // Not for floats: neither a < NaN nor NaN ≤ a holds.
  rule("¬(a < b) → b ≤ a of integers", "not", (_, x) => {
    const [a, b] = madeBy(x, "less")?.inputs ?? [];
    return a !== undefined && b !== undefined && !isFloat(a.dtype) ? lessOrEqual(b, a) : undefined;
  }),

  rule("x < x → false", "less", ({ output }, a, b) =>
    a === b ? filled(0, "bool", output.shape) : undefined,
  ),
  // NaN differs from itself.
  rule("x = x → true of integers", ["equal", "lessOrEqual"], ({ output }, a, b) =>
    a === b && !isFloat(a.dtype) ? filled(1, "bool", output.shape) : undefined,
  ),
  rule("x = true → x", "equal", (_, x, c) => {
    if (x.dtype !== "bool") return undefined;
    if (isAll(c, 1)) return x;
    return isAll(c, 0) ? not(x) : undefined;
  }),

  rule("known ? a : b", "where", (_, condition, a, b) => {
    if (isAll(condition, 1)) return a;
    return isAll(condition, 0) ? b : undefined;
  }),
  rule("c ? a : a → a", "where", (_, __, a, b) => (a === b ? a : undefined)),
  rule("¬c ? a : b → c ? b : a", "where", (_, condition, a, b) => {
    const inner = under(condition, "not");
    return inner && where(inner, b, a);
  }),
  rule("c ? (c ? a : b) : d → c ? a : d", "where", (_, condition, yes, no) => {
    const [first, a] = madeBy(yes, "where")?.inputs ?? [];
    const [second, , b] = madeBy(no, "where")?.inputs ?? [];
    if (first === condition && a !== undefined) return where(condition, a, no);
    return second === condition && b !== undefined ? where(condition, yes, b) : undefined;
  }),
  rule("c ? true : false → c", "where", (_, condition, a, b) => {
    if (a.dtype !== "bool") return undefined;
    if (isAll(a, 1) && isAll(b, 0)) return condition;
    return isAll(a, 0) && isAll(b, 1) ? not(condition) : undefined;
  }),
];
