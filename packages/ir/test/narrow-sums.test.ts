import {
  type Tensor,
  averagePool,
  batchNormalizationTraining,
  evaluate,
  filled,
  gradients,
  input,
  layerNormalization,
  program,
  reduceL2,
  register,
  rmsNormalization,
  scan,
  softmaxCrossEntropy,
  take,
} from "@adjoint/ir";
import { type DType, dim, mulDims, toNumbers, valueOf, zeroValue } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";

/** The numbers of tensors that depend on nothing that is fed. */
const numbersOf = (...tensors: readonly Tensor[]): number[][] => {
  const outputs = Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor]));
  return Object.values(evaluate(program({ inputs: {}, outputs }), {}).outputs).map(toNumbers);
};
const parameter = (dtype: DType, shape: readonly number[], value: number): Tensor =>
  register("x", dtype, shape, { initial: { kind: "constant", value } });

describe("sums of 16-bit floats, by the numbers", () => {
  test("the mean of 70,000 ones is 1, with gradient 1/70,000", () => {
    const x = parameter("f16", [70_000], 1);
    const [mean, gradient] = numbersOf(x.reduceMean(), ...gradients(x.reduceMean(), [x]));
    expect(mean).toEqual([1]);
    expect(new Set(gradient)).toEqual(new Set(toNumbers(valueOf("f16", [1], [1 / 70_000]))));
  });

  test("the mean of 1000 times 100, pooled averages and norms are finite", () => {
    const x = parameter("f16", [1, 1, 25, 40], 100);
    const pool = averagePool(x, { kernel: [25, 40] });
    expect(numbersOf(x.reduceMean(), pool, reduceL2(x))).toEqual([[100], [100], [3162]]);
  });

  test("±1000 normalized is ±1, with variance 10⁶", () => {
    const x = parameter("f16", [2, 1], 1000).mul(valueOfSigns());
    const one = filled(1, "f16", [2]);
    const rows = x.reshape([1, 2]);
    expect(numbersOf(layerNormalization(rows, one), rmsNormalization(rows, one))).toEqual([
      [1, -1],
      [1, -1],
    ]);
  });

  test("a picture of 300 × 300 has a variance", () => {
    const x = parameter("f16", [1, 1, 300, 300], 3);
    const one = filled(1, "f16", [1]);
    const { mean, variance } = batchNormalizationTraining(x, one, one);
    expect(numbersOf(mean, variance)).toEqual([[3], [0]]);
  });

  test("cross-entropy over 128,000 equal logits is ln 128,000", () => {
    const loss = softmaxCrossEntropy(parameter("f16", [1, 128_000], 1), filled(5, "i32", [1]));
    expect(numbersOf(loss)[0]?.[0]).toBeCloseTo(Math.log(128_000), 2);
  });

  test("a weight of 3,000 steps has gradient 4,500, a row of 4,500 looks 4,500", () => {
    const w = parameter("f16", [], 1);
    const { outputs } = scan({ sequences: [filled(1.5, "f16", [3000])] }, (_, [x]) => ({
      carry: [],
      outputs: x === undefined ? [] : [x.mul(w)],
    }));
    const loss = outputs.reduce((sum, output) => sum.add(output.reduceSum()), filled(0, "f16", []));
    expect(numbersOf(...gradients(loss, [w]))).toEqual([[4500]]);
    const table = parameter("f16", [1, 2], 1);
    const looked = take(table, filled(0, "i32", [4500])).reduceSum();
    expect(numbersOf(...gradients(looked, [table]))).toEqual([[4500, 4500]]);
  });

  test("casts pass gradients on in their own types", () => {
    const x = parameter("bf16", [1000], 1);
    const loss = x.cast("f32").mul(3).cast("f16").reduceMean();
    const [gradient] = gradients(loss, [x]);
    expect(gradient?.dtype).toBe("bf16");
    expect(numbersOf(...gradients(loss, [x]))[0]?.[0]).toBeCloseTo(0.003, 4);
  });
});

const valueOfSigns = (): Tensor =>
  register("signs", "f16", [2, 1], {
    initial: { kind: "data", value: valueOf("f16", [2, 1], [1, -1]) },
  });

describe("sizes that a symbol gives, at 0", () => {
  const n = dim("n");
  const x = input("x", "f32", [n]);
  const fed = (count: number) => ({ x: zeroValue("f32", [count]) });

  test("the gradient of a slice with steps has the slice's operand's size", () => {
    const even = input("x", "f32", [mulDims(n, 2)]);
    const sliced = even.slice([{ step: 2 }]);
    const [g] = gradients(sliced.mul(sliced).reduceSum(), [even]);
    const graph = program({ inputs: { x: even }, outputs: { g: g ?? even } });
    for (const count of [0, 2, 6]) expect(evaluate(graph, fed(count)).outputs.g.shape).toEqual([count]);
  });

  test("gaps hold from one element on, and none is refused by name", () => {
    const graph = program({ inputs: { x }, outputs: { y: x.pad({ interior: [2], low: [1] }) } });
    expect(evaluate(graph, fed(1)).outputs.y.shape).toEqual([2]);
    expect(evaluate(graph, fed(3)).outputs.y.shape).toEqual([8]);
    expect(() => evaluate(graph, fed(0))).toThrow(/pad: .*n = 0/);
    const none = input("x", "f32", [0]);
    const fixed = program({ inputs: { x: none }, outputs: { y: none.pad({ interior: [2], low: [1] }) } });
    expect(evaluate(fixed, fed(0)).outputs.y.shape).toEqual([1]);
  });
});
