import { describe, expect, it } from "vitest";
import { type State, evaluate, gradients, input, program, toNumbers } from "@adjoint/ir";
import { binaryCrossEntropy, binaryStep, dense, orthogonal, sequential, tanh } from "@adjoint/layers";
import { run, value } from "./support.ts";

const corners = value([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]);

describe("S1 M-P neuron", () => {
  const neuron = sequential([dense({ units: 1 }), binaryStep()]);
  const gate = (w1: number, w2: number, bias: number): readonly number[] =>
    run(neuron, corners, {
      state: { "dense_1.weight": value([2, 1], [w1, w2]), "dense_1.bias": value([1], [bias]) },
    }).numbers;

  it("fires where the weighted sum reaches the threshold: AND, OR, NAND", () => {
    expect(gate(1, 1, -2)).toEqual([0, 0, 0, 1]);
    expect(gate(1, 1, -1)).toEqual([0, 1, 1, 1]);
    expect(gate(-1, -1, 1.5)).toEqual([1, 1, 1, 0]);
  });

  it("in two layers is XOR", () => {
    const two = sequential([dense({ units: 2 }), binaryStep(), dense({ units: 1 }), binaryStep()]);
    const state: State = {
      "dense_1.weight": value([2, 2], [1, -1, 1, -1]),
      "dense_1.bias": value([2], [-1, 1.5]),
      "dense_2.weight": value([2, 1], [1, 1]),
      "dense_2.bias": value([1], [-2]),
    };
    expect(run(two, corners, { state }).numbers).toEqual([0, 1, 1, 0]);
  });
});

describe("S1 XOR", () => {
  it("is learned by two layers and gradient descent", () => {
    const model = sequential([
      dense({ units: 4, weightInitializer: orthogonal({ gain: 2 }) }),
      tanh(),
      dense({ units: 1 }),
    ]);
    const [x, t] = [input("x", "f32", [4, 2]), input("t", "f32", [4, 1])];
    const logits = model(x);
    const loss = binaryCrossEntropy(logits, t);
    const parameters = model.layers.flatMap((layer) => Object.values(layer.registers));
    const slopes = gradients(loss, parameters);
    const updates = parameters.map((parameter, index) => ({
      register: parameter,
      next: parameter.sub(slopes[index]?.mul(1) ?? 0),
    }));
    const train = program({ inputs: { x, t }, outputs: { loss, logits }, updates });
    const feeds = { x: corners, t: value([4, 1], [0, 1, 1, 0]) };
    let state: State = {};
    for (let step = 0; step < 150; step++) ({ state } = evaluate(train, feeds, { state, seed: 2 }));
    const { outputs } = evaluate(train, feeds, { state });
    expect(toNumbers(outputs.logits).map((logit) => Number(logit > 0))).toEqual([0, 1, 1, 0]);
    expect(toNumbers(outputs.loss)[0]).toBeLessThan(0.1);
  });
});
