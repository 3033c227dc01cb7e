import {
  type Tensor,
  constant,
  evaluate,
  filled,
  gradients,
  program,
  register,
  scan,
  toNumbers,
} from "@adjoint/ir";
import { describe, expect, test } from "vitest";

const numbersOf = (...tensors: readonly Tensor[]): number[][] => {
  const outputs = Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));
  return Object.values(evaluate(program({ inputs: {}, outputs }), {}).outputs).map(toNumbers);
};

describe("what overflows beside the loss does not reach its gradient:", () => {
  /** A sum of w·x, beside a carry that overflows; with `compared`, the sum looks at it. */
  const gradientBeside = (compared: boolean): number[][] => {
    const w = register("w", "f32", [], { initial: { kind: "constant", value: 2 } });
    const start = [filled(0, "f32", []), filled(1, "f32", [])];
    const { carry } = scan(
      { carry: start, sequences: [filled(0.5, "f32", [200])] },
      ([sum = w, big = w], [x = w]) => {
        const term = x.mul(w);
        const counted = compared ? big.greater(1).where(term, 0) : term;
        return { carry: [sum.add(counted), big.mul(w).mul(1e3)] };
      },
    );
    return numbersOf(...carry, ...gradients(carry[0] ?? w, [w]));
  };

  test("a carry that nothing needs", () => {
    expect(gradientBeside(false)).toEqual([[200], [Infinity], [100]]);
  });

  test("a carry that is compared alone, which has no gradient", () => {
    expect(gradientBeside(true)).toEqual([[199], [Infinity], [99.5]]);
  });

  test("the losers of maxima, with an infinite slope behind them", () => {
    const x = constant([-1, -2, 4], "f64");
    const losses = [x.max(0).sqrt().reduceSum(), x.neg().min(0).neg().sqrt().reduceSum()];
    for (const loss of losses)
      expect(numbersOf(...gradients(loss, [x])).map(signless)).toEqual([[0, 0, 0.25]]);
    const rows = constant([0, -1, -2], "f64");
    expect(numbersOf(...gradients(rows.reduceMax().sqrt(), [rows]))).toEqual([[Infinity, 0, 0]]);
  });

  test("factors of a product with a zero, at any place", () => {
    for (const [dtype, big] of [
      ["f64", 1e200],
      ["f32", 1e30],
      ["bf16", 1e30],
    ] as const)
      for (const place of [0, 20, 39]) {
        const x = constant(
          Array.from({ length: 40 }, (_, index) => (index === place ? 0 : big)),
          dtype,
        );
        const product = x.reduceProd();
        const [value, gradient = []] = numbersOf(product, ...gradients(product, [x]));
        expect(value).toEqual([0]);
        expect(gradient).toEqual(Array.from({ length: 40 }, (_, index) => (index === place ? Infinity : 0)));
      }
    const infinite = constant([0, Infinity, 1], "f64").reduceProd();
    expect(numbersOf(infinite)).toEqual([[NaN]]);
  });

  test("a logarithm beside a where, which has to be guarded", () => {
    const x = constant([0, 2], "f64");
    const taken = x.greater(0);
    const plain = taken.where(x.log(), 0).reduceSum();
    const guarded = taken.where(taken.where(x, 1).log(), 0).reduceSum();
    // 0·∞ behind the gradient of 0.
    expect(numbersOf(...gradients(plain, [x]))).toEqual([[NaN, 0.5]]);
    expect(numbersOf(...gradients(guarded, [x]))).toEqual([[0, 0.5]]);
  });

  test("elements between fillers", () => {
    const filler = constant(3, "f64");
    const padded = constant([Infinity, 1], "f64").pad({ low: [2], interior: [1], value: filler });
    expect(numbersOf(...gradients(padded.mul(padded).reduceSum(), [filler]))).toEqual([[18]]);
  });
});

/** Zeros of both signs as one. */
const signless = (numbers: readonly number[]): number[] => numbers.map((x) => x + 0);
