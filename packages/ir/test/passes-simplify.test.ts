import { describe } from "vitest";
import { bitcast, cond, constant, filled, scan } from "@adjoint/ir";
import { apply, primitives, simplify } from "@adjoint/ir/graph";
import { simplifyRules } from "../src/passes/simplify.ts";
import { x, y, d, i, j, u, p, q, row, s, c, full, loop, scanOver, ifOf, testRules } from "./rule-cases.ts";

describe("simplify", () => {
  testRules(simplify, simplifyRules, {
    examples: {
      "c ∘ x → x ∘ c": [full(2).add(x), full(2).mul(y), full(0).max(x), full(1).equal(x)],
      "x + 0 → x": [
        x.add(full(-0)),
        x.abs().add(0),
        i.add(0),
        x.mul(x).add(0),
        x.max(0).add(y).add(0),
        p.cast("f32").add(0),
      ],
      "x − 0 → x": [x.sub(0), i.sub(0)],
      "−0 − x → −x": [full(-0).sub(x), full(0, "i32").sub(i)],
      "x − x → 0 of integers": [i.sub(i)],
      "x·1 → x": [x.mul(1), i.mul(1), full(1).mul(x)],
      "x·0 → 0 of integers": [i.mul(0)],
      "x·−1 → −x": [x.mul(-1), i.mul(-1)],
      "x/1 → x": [x.div(1), i.div(1)],
      "x/−1 → −x": [x.div(-1), i.div(-1)],
      "x/2ⁿ → x·2⁻ⁿ": [x.div(8), y.div(-0.25), d.div(2 ** 40)],
      "−(−x) → x": [x.neg().neg(), i.neg().neg()],
      "x + (−y) → x − y": [x.add(y.neg()), x.neg().add(y), i.add(j.neg())],
      "x − (−y) → x + y": [x.sub(y.neg())],
      "(−x)·(−y) → x·y": [x.neg().mul(y.neg()), i.neg().mul(j.neg())],
      "(−x)/(−y) → x/y": [x.neg().div(y.neg())],
      "(−x)·c → x·(−c)": [x.neg().mul(3), i.neg().mul(3)],
      "−(x·c) → x·(−c)": [x.mul(3).neg(), i.mul(-2147483648).neg()],
      "−(c/x) → (−c)/x": [full(3).div(y).neg()],
      "(x ∘ a) ∘ b → x ∘ (a ∘ b)": [
        i.add(2147483647).add(5),
        i.mul(3).mul(7),
        x.max(1).max(-2),
        y.min(NaN).min(1),
      ],
      "max(x, lowest) → x": [x.max(-Infinity), i.max(-2147483648)],
      "min(x, highest) → x": [x.min(Infinity), i.min(2147483647)],
      "x⁰ → 1": [x.pow(0), i.pow(0), y.pow(-0)],
      "x¹ → x": [x.pow(1), i.pow(1)],
      "x² → x·x": [x.pow(2), i.pow(2)],
      "x⁻¹ → 1/x": [x.pow(-1), y.pow(-1)],
      "x^½ → √x where x ≥ 0": [x.abs().pow(0.5), y.mul(y).add(1e-3).pow(0.5), x.max(0.25).pow(0.5)],
      "1ˣ → 1": [full(1).pow(x), full(1, "i32").pow(i)],
      "|−x| → |x|": [x.neg().abs(), i.neg().abs()],
      "|x| → x where x ≥ 0": [x.abs().abs(), i.abs().abs(), x.exp().add(y.abs()).abs()],
      "rounding what is rounded": [x.floor().ceil(), y.round().floor(), d.ceil().round()],

      "x ∘ x → x": [x.max(x), x.max(y).max(y), x.min(y.min(x)), p.and(p), p.or(p).or(q), i.bitwiseAnd(i)],
      "x ⊕ x → 0": [p.xor(p), i.bitwiseXor(i)],
      "x ∧ true → x": [p.and(true)],
      "x ∧ false → false": [p.and(false), i.bitwiseAnd(0)],
      "x ∨ true → true": [p.or(true)],
      "x ∨ 0 → x": [p.or(false), p.xor(false), i.bitwiseOr(0), i.shiftLeft(0), i.shiftRight(0)],
      "x ⊕ true → ¬x": [p.xor(true)],
      "¬¬x → x": [p.not().not()],
      "∼∼x → x": [i.bitwiseNot().bitwiseNot()],
      "¬(a < b) → b ≤ a of integers": [i.less(j).not()],
      "x < x → false": [x.less(x), i.less(i)],
      "x = x → true of integers": [i.equal(i), i.lessOrEqual(i), p.equal(p)],
      "x = true → x": [p.equal(true), p.equal(false)],
      "known ? a : b": [filled(1, "bool", [2, 3]).where(x, y), filled(0, "bool", [2, 3]).where(x, y)],
      "c ? a : a → a": [p.where(x, x)],
      "¬c ? a : b → c ? b : a": [p.not().where(x, y)],
      "c ? (c ? a : b) : d → c ? a : d": [p.where(p.where(x, y), 3), p.where(3, p.where(x, y))],
      "c ? true : false → c": [
        p.where(filled(1, "bool", [2, 3]), filled(0, "bool", [2, 3])),
        p.where(filled(0, "bool", [2, 3]), filled(1, "bool", [2, 3])),
      ],

      "cast to its own type": [apply(primitives.cast, [x], { dtype: "f32" }).output],
      "cast of a lossless cast": [
        u.cast("i32").cast("f32"),
        x.cast("f64").cast("i32"),
        i.cast("f64").cast("f32"),
        p.cast("f32").cast("i32"),
        x.cast("f64").cast("f32"),
        u.cast("f32").cast("i32"),
      ],
      "bitcast of a bitcast": [bitcast(bitcast(i, "f32"), "u32")],
      "stopGradient x → x": [x.stopGradient()],

      "reduction over axes of size 1": [
        x.unsqueeze(1).reduceSum({ axes: [1] }),
        x.unsqueeze(1).reduceSum({ axes: [0, 1] }),
        x.unsqueeze(0).reduceMax({ axes: [0] }),
        x.unsqueeze(0).reduceProd({ axes: [0] }),
        s.reshape([1]).reduceSum(),
        apply(primitives.reduceSum, [x], { axes: [] }).output,
      ],
      "reduction of a broadcast": [
        row.broadcast([2, 3]).reduceSum({ axes: [0] }),
        s.broadcast([4, 3]).reduceSum(),
        row.broadcast([2, 4, 3]).reduceSum({ axes: [1] }),
        row.broadcast([2, 4, 3]).reduceSum({ axes: [1, 2] }),
        row.broadcast([2, 3]).reduceMax(),
        x
          .unsqueeze(1)
          .broadcast([2, 4, 3])
          .reduceMin({ axes: [1] }),
        filled(1, "f32", [300]).reduceSum(),
      ],
      "place of the extreme of one": [x.unsqueeze(1).argMax({ axis: 1 })],
      "running total of one": [
        x.unsqueeze(1).cumSum({ axis: 1 }),
        x.unsqueeze(1).cumProd({ axis: 1 }),
        x.unsqueeze(1).cumSum({ axis: 1, exclusive: true }),
        x.unsqueeze(1).cumProd({ axis: 1, exclusive: true }),
      ],

      "if with a known condition → its branch": [
        ...cond(
          constant(true, "bool"),
          () => [x.exp()],
          () => [y],
        ),
        ...cond(
          constant(false, "bool"),
          () => [x.exp()],
          () => [y],
        ),
      ],
      "if on constants, or on one tensor twice": ifOf(c, [x, full(2), x], (first, second, third) =>
        first.mul(second).add(third),
      ),
      "scan of no step → its first carry": loop([x, y], 0),
      "scan of one step → its body": [
        ...scan({ carry: [row], sequences: [x.slice([{ end: 1 }])] }, ([carry = x], [slice = x]) => ({
          carry: [carry.add(slice)],
          outputs: [carry.mul(row)],
        })).outputs,
        ...loop([x, y], 1),
      ],
      "scan over a carry that stays → invariant": loop([x, y], 3),
      "scan over constants, or over one tensor twice": [
        ...scanOver([x, x], [], (first, second) => first.mul(second)),
        ...scanOver([x], [row, row], (slice, first, second) => slice.add(first).mul(second)),
        ...scanOver([x], [filled(2, "f32", [3]), constant([1, 2, 3])], (slice, first, second) =>
          slice.add(first).mul(second),
        ),
      ],
    },
    kept: {
      "x + 0, which makes 0 of −0": x.add(0),
      "x·0 of floats, which may be NaN": x.mul(0),
      "x − x of floats, which may be NaN": x.sub(x),
      "0 − x, which is 0 where −x is −0": full(0).sub(x),
      "x = x of floats, which is false of NaN": x.equal(x),
      "¬(a < b) of floats": x.less(y).not(),
      "√ of what may be −0": x.pow(0.5),
      "division by 3": x.div(3),
      "division by 2⁵² + 1, whose logarithm rounds to 52": d.div(2 ** 52 + 1),
      "division by 2¹²⁷, whose reciprocal is subnormal": x.div(2 ** 127),
      "integers through a narrow float": i.cast("f32").cast("f64"),
      "integers that saturate on the way": i.cast("f64").cast("i8"),
      "floats through integers": x.cast("i32").cast("f32"),
      "log of exp": x.exp().log(),
      "regrouped sums of floats": x.add(1).add(2),
      "division of negated integers": i.neg().div(j.neg()),
    },
  });
});
