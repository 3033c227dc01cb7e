import { describe, expect, it } from "vitest";
import {
  type Graph,
  type State,
  type Tensor,
  evaluate,
  input,
  program,
  register,
  sub,
  tensorValue,
  toNumbers,
} from "@adjoint/ir";
import { deltaRule, hebb, perceptronRule } from "@adjoint/optimizers";

const corners = tensorValue("f32", [4, 2], Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1));
const column = (values: readonly number[]) =>
  tensorValue("f32", [values.length, 1], Float32Array.from(values));

/** A unit that fires where its net input is not negative. */
const step = (net: Tensor): Tensor => net.greaterOrEqual(0).cast("f32");

/** A perceptron of two inputs that sees one example a run. */
function perceptron(): Graph<"x" | "d", "y"> {
  const [x, d] = [input("x", "f32", [1, 2]), input("d", "f32", [1, 1])];
  const [weight, bias] = [register("w", "f32", [2, 1]), register("b", "f32", [1])];
  const y = step(x.matMul(weight).add(bias));
  return program({
    inputs: { x, d },
    outputs: { y },
    updates: perceptronRule({ weight, bias, input: x, output: y, target: d, rate: 1 }),
  });
}

/** Weights after each epoch over the four corners, and the errors made in it. */
function epochs(targets: readonly number[], count: number): readonly { state: State; errors: number }[] {
  const graph = perceptron();
  let state: State = {};
  return Array.from({ length: count }, () => {
    let errors = 0;
    targets.forEach((target, index) => {
      const x = tensorValue(
        "f32",
        [1, 2],
        Float32Array.from(corners.data.slice(index * 2, index * 2 + 2), Number),
      );
      const result = evaluate(graph, { x, d: column([target]) }, { state });
      ({ state } = result);
      if (result.outputs.y.data[0] !== target) errors++;
    });
    return { state, errors };
  });
}

const weightsOf = (state: State): string => `${state["w"]?.data.join()} ${state["b"]?.data.join()}`;

describe("S1 perceptron rule", () => {
  it.each([
    { name: "AND", targets: [0, 0, 0, 1] },
    { name: "OR", targets: [0, 1, 1, 1] },
  ])("learns $name", ({ targets }) => {
    const run = epochs(targets, 10);
    expect(run[0]?.errors).toBeGreaterThan(0);
    expect(run.at(-1)?.errors).toBe(0);
  });

  it("never learns XOR: the weights return to where they were, with errors between", () => {
    const run = epochs([0, 1, 1, 0], 12);
    const seen = run.map(({ state }) => weightsOf(state));
    const last = seen.at(-1);
    const before = seen.indexOf(last ?? "");
    // An epoch is a function of the weights alone, so a return to old weights is a cycle for ever.
    expect(before).toBeGreaterThanOrEqual(0);
    expect(before).toBeLessThan(seen.length - 1);
    expect(run.slice(before).every(({ errors }) => errors > 0)).toBe(true);
  });
});

describe("S1 Hebb's rule", () => {
  it("adds η·yᵢ·yⱼ", () => {
    const x = input("x", "f32", [1, 2]);
    const weight = register("w", "f32", [2, 3], { initial: { kind: "constant", value: 0.5 } });
    const output = x.matMul(weight);
    const updates = hebb({ weight, input: x, output, rate: 0.1 });
    const graph = program({ inputs: { x }, outputs: { output }, updates });
    const { state } = evaluate(graph, { x: tensorValue("f32", [1, 2], Float32Array.of(1, -3)) });
    const w = state["w"];
    // y = ½·(1 − 3) = −1 for each unit.
    const expected = [1, -3].flatMap((yi) => [-1, -1, -1].map((yj) => 0.5 + 0.1 * yi * yj));
    (w === undefined ? [] : toNumbers(w)).forEach((value, at) =>
      expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 6),
    );
    expect(w?.shape).toEqual([2, 3]);
  });
});

describe("S1 δ rule", () => {
  const x = input("x", "f32", [4, 2]);
  const d = input("d", "f32", [4, 1]);
  const weight = register("w", "f32", [2, 1], { initial: { kind: "constant", value: 0.25 } });
  const bias = register("b", "f32", [1]);

  it("is Δw = η·(d − y)·f'(net)·x with a sigmoid, summed over the batch", () => {
    const y = sub(0, x.matMul(weight).add(bias)).exp().add(1).pow(-1);
    const slope = y.mul(sub(1, y));
    const updates = deltaRule({ weight, bias, input: x, output: y, target: d, slope, rate: 2 });
    const graph = program({ inputs: { x, d }, outputs: { y }, updates });
    const targets = [0, 1, 1, 1];
    const { state } = evaluate(graph, { x: corners, d: column(targets) });
    const change = [0, 0, 0];
    targets.forEach((target, index) => {
      const [a, b] = [Number(corners.data[index * 2]), Number(corners.data[index * 2 + 1])];
      const out = 1 / (1 + Math.exp(-(0.25 * a + 0.25 * b)));
      const delta = 2 * (target - out) * out * (1 - out);
      [a, b, 1].forEach((each, at) => (change[at] = (change[at] ?? 0) + delta * each));
    });
    expect(state["w"]?.data[0]).toBeCloseTo(0.25 + (change[0] ?? 0), 6);
    expect(state["w"]?.data[1]).toBeCloseTo(0.25 + (change[1] ?? 0), 6);
    expect(state["b"]?.data[0]).toBeCloseTo(change[2] ?? 0, 6);
  });

  it("with linear units finds the least squares line", () => {
    const y = x.matMul(weight).add(bias);
    const updates = deltaRule({ weight, bias, input: x, output: y, target: d, rate: 0.2 });
    const graph = program({ inputs: { x, d }, outputs: { y }, updates });
    let state: State = {};
    for (let run = 0; run < 200; run++)
      ({ state } = evaluate(graph, { x: corners, d: column([1, 3, 4, 6]) }, { state }));
    [3, 2].forEach((w, at) => expect(state["w"]?.data[at]).toBeCloseTo(w, 4));
    expect(state["b"]?.data[0]).toBeCloseTo(1, 4);
  });

  it("refuses shapes that don't fit, and weights that are no registers", () => {
    const y = x.matMul(weight);
    const flat = input("flat", "f32", [4]);
    expect(() => deltaRule({ weight, input: flat, output: y, target: d, rate: 1 })).toThrow(
      /deltaRule: input is input "flat".*should have shape \[4, 2\]/,
    );
    const wrong = { weight, input: x, output: y, target: d, rate: 1 };
    expect(() => perceptronRule({ ...wrong, bias: register("b", "f32", [2]) })).toThrow(
      /perceptronRule: bias is register "b": f32\[2\].*should have shape \[1\]/,
    );
    expect(() => perceptronRule({ ...wrong, bias: bias.mul(2) })).toThrow(/is not a register/);
    expect(() => hebb({ ...wrong, output: input("other", "f32", [4, 2]) })).toThrow(
      /hebb: output is input "other".*should have shape \[4, 1\]/,
    );
    expect(() => hebb({ weight: weight.mul(2), input: x, output: y, rate: 1 })).toThrow(/is not a register/);
    expect(() => hebb({ weight, input: x, output: y, rate: 0 })).toThrow(
      /hebb rate: must be a number > 0 and is 0/,
    );
  });
});
