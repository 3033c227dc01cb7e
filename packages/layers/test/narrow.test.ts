import { type Tensor, evaluate, gradients, input, program, register, toNumbers, valueOf } from "@adjoint/ir";
import { batchNorm, halfSumOfSquares, l1, l2, meanSquaredError } from "@adjoint/layers";
import { describe, expect, it } from "vitest";

const start = (name: string, dtype: "f16" | "bf16" | "f32", elements: readonly number[]): Tensor =>
  register(name, dtype, [elements.length, 1], {
    initial: { kind: "data", value: valueOf(dtype, [elements.length, 1], elements) },
  });
const numbersOf = (...tensors: readonly Tensor[]): number[][] => {
  const outputs = Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));
  return Object.values(evaluate(program({ inputs: {}, outputs }), {}).outputs).map(toNumbers);
};

describe("S5, S8 of f16", () => {
  it("means of squares are finite where single squares are not", () => {
    const p = start("p", "f16", [600, 0, 0, 0, 0, 0, 0, 0]);
    const target = p.mul(0);
    const loss = meanSquaredError(p, target);
    expect(loss.dtype).toBe("f16");
    // (600² / 8, with f16's distance of 32 there), and 2·600 / 8.
    expect(numbersOf(loss, ...gradients(loss, [p]))).toEqual([[44992], [150, 0, 0, 0, 0, 0, 0, 0]]);
    expect(numbersOf(halfSumOfSquares(p, target))).toEqual([[22496]]);
  });

  it("penalties are sums in the widest type", () => {
    const [half, single] = [start("a", "f16", [300, 300]), start("b", "f32", [2])];
    expect(l2([half, single], 0.25).dtype).toBe("f32");
    expect(numbersOf(l2([half], 0.25), l2([half, single], 0.25), l1([half], 2))).toEqual([
      [45000 - 8],
      [45001],
      [1200],
    ]);
  });

  it("batch normalization keeps its running statistics in f32", () => {
    const x = input("x", "f16", [2, 1]);
    const y = batchNorm({ momentum: 0 })(x, { training: true });
    const { outputs, state } = evaluate(program({ inputs: { x }, outputs: { y } }), {
      x: valueOf("f16", [2, 1], [1000, -1000]),
    });
    expect(toNumbers(outputs.y)).toEqual([1, -1]);
    const variance = state["batchNorm_1.variance"];
    expect(variance?.dtype).toBe("f32");
    expect(variance && toNumbers(variance)).toEqual([1e6]);
  });
});
