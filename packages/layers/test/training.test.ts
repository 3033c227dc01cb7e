import { describe, expect, it } from "vitest";
import { type State, evaluate, gradients, input, program, toNumbers } from "@adjoint/ir";
import { batchNorm, dense, dropout, gaussianNoise, sequential } from "@adjoint/layers";
import { expectClose, ramp, run, value } from "./support.ts";

const ones = value(
  [10, 100],
  Array.from({ length: 1000 }, () => 1),
);
const mean = (elements: readonly number[]): number =>
  elements.reduce((sum, e) => sum + e, 0) / elements.length;

describe("S9 dropout", () => {
  const layer = dropout({ rate: 0.25 });

  it("changes nothing outside training, and reads no random state", () => {
    const { numbers, state } = run(layer, ones);
    expect(new Set(numbers)).toEqual(new Set([1]));
    expect(state).toEqual({});
  });

  it("drops that share in training and scales the rest", () => {
    const { numbers } = run(layer, ones, { training: true, seed: 1 });
    expect(new Set(numbers)).toEqual(new Set([0, Math.fround(4 / 3)]));
    // Four standard deviations of a share of 1000 draws are 0.055.
    expect(Math.abs(numbers.filter((e) => e === 0).length / 1000 - 0.25)).toBeLessThan(0.055);
  });

  it("has one mask for one seed and run, another for another of either", () => {
    const first = run(layer, ones, { training: true, seed: 1 });
    expect(run(layer, ones, { training: true, seed: 1 }).numbers).toEqual(first.numbers);
    expect(run(layer, ones, { training: true, seed: 2 }).numbers).not.toEqual(first.numbers);
    expect(run(layer, ones, { training: true, state: first.state }).numbers).not.toEqual(first.numbers);
  });

  it("has another mask for another name, and the same for the model built anew", () => {
    const masks = (): readonly number[][] => {
      const model = sequential([dropout({ rate: 0.5 }), dropout({ rate: 0.5 })]);
      const x = input("x", "f32", [10, 100]);
      const outputs = {
        all: model(x, { training: true }),
        one: model.layers[0]?.(x, { training: true }) ?? x,
      };
      const { outputs: values } = evaluate(program({ inputs: { x }, outputs }), { x: ones });
      return [toNumbers(values.all), toNumbers(values.one)];
    };
    const [all = [], one = []] = masks();
    expect(all.filter((e) => e !== 0).length).toBeLessThan(one.filter((e) => e !== 0).length);
    expect(masks()).toEqual([all, one]);
  });

  it("lets gradients through where it lets elements through", () => {
    const x = input("x", "f32", [10, 100]);
    const y = layer(x, { training: true });
    const [slope = x] = gradients(y.reduceSum(), [x]);
    const { outputs } = evaluate(program({ inputs: { x }, outputs: { y, slope } }), { x: ones });
    expect(toNumbers(outputs.slope)).toEqual(toNumbers(outputs.y));
  });

  it("of rate 0 does nothing, and of rate 1 is refused", () => {
    expect(run(dropout({ rate: 0 }), ones, { training: true }).state).toEqual({});
    expect(() => dropout({ rate: 1 })).toThrow(/dropout: rate must be a number from 0 to below 1 and is 1/);
  });
});

describe("S9 Gaussian noise", () => {
  it("adds normal numbers in training alone", () => {
    const layer = gaussianNoise({ standardDeviation: 0.5 });
    expect(new Set(run(layer, ones).numbers)).toEqual(new Set([1]));
    const noise = run(layer, ones, { training: true, seed: 5 }).numbers.map((element) => element - 1);
    // Four standard errors of 1000 draws: 0.063 of the mean, 0.045 of the deviation.
    expect(Math.abs(mean(noise))).toBeLessThan(0.064);
    expect(Math.abs(Math.sqrt(mean(noise.map((e) => e * e))) - 0.5)).toBeLessThan(0.046);
    expect(new Set(noise).size).toBeGreaterThan(900);
  });
});

describe("S8 batch normalization", () => {
  const x = ramp([3, 2, 2, 2], 0.25);
  const elements = toNumbers(x);
  const channel = (index: number): number => Math.floor(index / 4) % 2;
  const inChannel = (c: number): readonly number[] => elements.filter((_, index) => channel(index) === c);
  const batchMean = [0, 1].map((c) => mean(inChannel(c)));
  const batchVariance = [0, 1].map((c) => mean(inChannel(c).map((e) => (e - (batchMean[c] ?? 0)) ** 2)));
  const state: State = {
    "batchNorm_1.scale": value([2], [2, 3]),
    "batchNorm_1.bias": value([2], [-1, 1]),
    "batchNorm_1.mean": value([2], [0.5, -0.5]),
    "batchNorm_1.variance": value([2], [4, 9]),
  };
  const normalized = (
    means: readonly number[],
    variances: readonly number[],
    epsilon: number,
  ): readonly number[] =>
    elements.map((element, index) => {
      const c = channel(index);
      const standard = (element - (means[c] ?? 0)) / Math.sqrt((variances[c] ?? 0) + epsilon);
      return standard * (2 + c) + (2 * c - 1);
    });
  const layer = batchNorm({ momentum: 0.8, epsilon: 0.01 });

  it("normalizes by the batch in training, and moves the running statistics", () => {
    const result = run(layer, x, { training: true, state });
    expectClose(result.numbers, normalized(batchMean, batchVariance, 0.01), 1e-5);
    const after = (name: string): readonly number[] => toNumbers(result.state[`batchNorm_1.${name}`] ?? x);
    expectClose(
      after("mean"),
      [0.5, -0.5].map((old, c) => 0.8 * old + 0.2 * (batchMean[c] ?? 0)),
    );
    expectClose(
      after("variance"),
      [4, 9].map((old, c) => 0.8 * old + 0.2 * (batchVariance[c] ?? 0)),
    );
  });

  it("normalizes by the running statistics in inference, and leaves them", () => {
    const result = run(layer, x, { state });
    expectClose(result.numbers, normalized([0.5, -0.5], [4, 9], 0.01), 1e-5);
    expect(result.state).toEqual(state);
  });

  it("trains scale and bias, and not the statistics", () => {
    const registers = Object.values(layer.registers).map((tensor) => tensor.node.attributes);
    expect(registers).toMatchObject([
      { name: "batchNorm_1.scale", trainable: true },
      { name: "batchNorm_1.bias", trainable: true },
      { name: "batchNorm_1.mean", trainable: false },
      { name: "batchNorm_1.variance", trainable: false },
    ]);
  });

  it("updates statistics beside the parameters of a training program", () => {
    const model = sequential([dense({ units: 2 }), batchNorm()]);
    const fed = input("x", "f32", [4, 3]);
    const loss = model(fed, { training: true })
      .mul(fed.slice([{}, { end: 2 }]))
      .reduceSum();
    const weight = model.layers[0]?.registers["weight"] ?? loss;
    const [slope = weight] = gradients(loss, [weight]);
    const updates = [{ register: weight, next: weight.sub(slope) }];
    const train = program({ inputs: { x: fed }, outputs: { loss }, updates });
    const after = evaluate(train, { x: ramp([4, 3]) }).state;
    expect(train.updates).toHaveLength(3);
    expect(toNumbers(after["batchNorm_1.variance"] ?? x)).not.toEqual([1, 1]);
  });

  it("can be called in training once a program", () => {
    const fed = input("x", "f32", [4, 3]);
    const own = batchNorm();
    const y = own(own(fed, { training: true }), { training: true });
    expect(() => program({ inputs: { x: fed }, outputs: { y } })).toThrow(
      /register "batchNorm_1.(mean|variance)" has two updates/,
    );
  });

  it("refuses inputs without channels", () => {
    expect(() => batchNorm()(input("x", "f32", [4]))).toThrow(
      /wants \[batch, channels, …\] and got f32\[4\]/,
    );
  });
});
