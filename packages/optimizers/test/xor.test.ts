import { describe, expect, it } from "vitest";
import {
  type Initial,
  type State,
  evaluate,
  input,
  program,
  register,
  sub,
  tensorValue,
  toNumbers,
} from "@adjoint/ir";
import { adam } from "@adjoint/optimizers";

describe("S1 XOR", () => {
  it("a two-layer net learns what the perceptron can't", () => {
    const normal: Initial = { kind: "normal", mean: 0, standardDeviation: 1 };
    const [x, d] = [input("x", "f32", [4, 2]), input("d", "f32", [4, 1])];
    const hidden = x
      .matMul(register("hidden.weight", "f32", [2, 4], { initial: normal }))
      .add(register("hidden.bias", "f32", [4]))
      .tanh();
    const net = hidden
      .matMul(register("output.weight", "f32", [4, 1], { initial: normal }))
      .add(register("output.bias", "f32", [1]));
    const y = sub(0, net).exp().add(1).pow(-1);
    const loss = y.sub(d).mul(y.sub(d)).reduceMean();
    const train = program({
      inputs: { x, d },
      outputs: { loss, y },
      updates: adam({ learningRate: 0.1 })(loss),
    });
    const feeds = {
      x: tensorValue("f32", [4, 2], Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1)),
      d: tensorValue("f32", [4, 1], Float32Array.of(0, 1, 1, 0)),
    };
    let state: State = {};
    for (let run = 0; run < 150; run++) ({ state } = evaluate(train, feeds, { state, seed: 1 }));
    const { outputs } = evaluate(train, feeds, { state });
    expect(toNumbers(outputs.y).map(Math.round)).toEqual([0, 1, 1, 0]);
    expect(outputs.loss.data[0]).toBeLessThan(0.01);
  });
});
