import {
  constant,
  evaluate,
  gradients,
  input,
  program,
  register,
  sigmoid,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import { describe, expect, test } from "vitest";

/** The network of the worked example: two inputs, two hidden and two output neurons, all sigmoid. */
function network() {
  const i = input("i", "f64", [2]);
  const t = input("t", "f64", [2]);
  const data = (elements: readonly number[], shape = [2, 2]) => ({
    initial: { kind: "data" as const, value: valueOf("f64", shape, elements) },
  });
  // Rows are a layer's inputs, columns its neurons: w1, w2 → h1; w3, w4 → h2; w5, w6 → o1; w7, w8 → o2.
  const hiddenWeights = register("hidden", "f64", [2, 2], data([0.15, 0.25, 0.2, 0.3]));
  const outputWeights = register("output", "f64", [2, 2], data([0.4, 0.5, 0.45, 0.55]));
  const netH = i.matMul(hiddenWeights).add(0.35);
  const outH = sigmoid(netH);
  const netO = outH.matMul(outputWeights).add(0.6);
  const outO = sigmoid(netO);
  const errors = t.sub(outO).mul(t.sub(outO)).mul(0.5);
  return { i, t, hiddenWeights, outputWeights, netH, outH, netO, outO, errors, loss: errors.reduceSum() };
}

const net = network();
const weights = [net.hiddenWeights, net.outputWeights] as const;
const [byHidden = net.loss, byOutput = net.loss] = gradients(net.loss, weights);
const rate = constant(0.5, "f64");
const step = program({
  inputs: { i: net.i, t: net.t },
  outputs: {
    netH: net.netH,
    outH: net.outH,
    netO: net.netO,
    outO: net.outO,
    errors: net.errors,
    loss: net.loss,
    byHidden,
    byOutput,
  },
  updates: [
    { register: net.hiddenWeights, next: net.hiddenWeights.sub(byHidden.mul(rate)) },
    { register: net.outputWeights, next: net.outputWeights.sub(byOutput.mul(rate)) },
  ],
});
const feeds = { i: valueOf("f64", [2], [0.05, 0.1]), t: valueOf("f64", [2], [0.01, 0.99]) };

describe("S2: the worked example of backpropagation", () => {
  const { outputs, state } = evaluate(step, feeds);
  const at = (name: keyof typeof outputs, place: number): number => toNumbers(outputs[name])[place] ?? NaN;
  const after = (name: string, place: number): number =>
    toNumbers(state[name] ?? valueOf("f64", [0], []))[place] ?? NaN;

  test.each([
    ["net_h1", at("netH", 0), 0.3775],
    ["out_h1", at("outH", 0), 0.593269992],
    ["out_h2", at("outH", 1), 0.596884378],
    ["net_o1", at("netO", 0), 1.105905967],
    ["out_o1", at("outO", 0), 0.75136507],
    ["out_o2", at("outO", 1), 0.772928465],
    ["E_o1", at("errors", 0), 0.274811083],
    ["E_o2", at("errors", 1), 0.023560026],
    ["E", at("loss", 0), 0.298371109],
    ["∂E/∂w5", at("byOutput", 0), 0.082167041],
    ["w5⁺", after("output", 0), 0.35891648],
    ["∂E/∂w1", at("byHidden", 0), 0.000438568],
    ["w1⁺", after("hidden", 0), 0.149780716],
  ])("%s is %f, as printed %f", (_, value, printed) => {
    expect(Math.abs(value - printed)).toBeLessThan(1e-8);
  });

  test("all weights take the delta rule's step, worked by hand", () => {
    const [i, o, h] = [toNumbers(feeds.i), toNumbers(outputs.outO), toNumbers(outputs.outH)];
    const t = toNumbers(feeds.t);
    const deltaO = o.map((out, k) => (out - (t[k] ?? 0)) * out * (1 - out));
    const old = [0.4, 0.5, 0.45, 0.55];
    const deltaH = h.map(
      (out, j) => deltaO.reduce((sum, delta, k) => sum + delta * (old[j * 2 + k] ?? 0), 0) * out * (1 - out),
    );
    const stepped = (start: readonly number[], from: readonly number[], delta: readonly number[]): number[] =>
      start.map((w, place) => w - 0.5 * (from[Math.floor(place / 2)] ?? 0) * (delta[place % 2] ?? 0));
    const expected = { hidden: stepped([0.15, 0.25, 0.2, 0.3], i, deltaH), output: stepped(old, h, deltaO) };
    for (const [name, list] of Object.entries(expected)) {
      list.forEach((w, place) => expect(after(name, place)).toBeCloseTo(w, 15));
    }
  });

  test("the error falls at the next step, and to 3.5e-5 after 10,000", () => {
    let current = state;
    const losses: number[] = toNumbers(outputs.loss);
    for (let count = 0; count < 10000; count++) {
      const run = evaluate(step, feeds, { state: current });
      current = run.state;
      losses.push(...toNumbers(run.outputs.loss));
    }
    expect(losses[1]).toBeLessThan(losses[0] ?? NaN);
    expect(losses.at(-1)).toBeCloseTo(3.51e-5, 7);
  });
});
