import { describe, expect, test } from "vitest";
import {
  type State,
  type Tensor,
  bernoulli,
  constant,
  dropout,
  evaluate,
  gradients,
  input,
  program,
  randomBits,
  randomKey,
  randomNormal,
  randomUniform,
  register,
} from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import {
  type DType,
  type TensorValue,
  dim,
  threefry2x32,
  toNumbers,
  typeText,
  valueOf,
} from "@adjoint/ir/values";
import { normalQuantile } from "../src/initial.ts";
import { hashName } from "../src/threefry.ts";
import { centredNormalQuantile } from "../src/composites/quantile.ts";
import { run } from "./composite-case.ts";

const key = (a = 11, b = 22): Tensor => constant([a, b], "u32");
const sample = (tensor: Tensor): number[] => {
  const [value] = evaluateTensors([tensor], new Map());
  return value ? toNumbers(value) : [];
};
const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;
const centred = (list: readonly number[]): number[] => {
  const middle = mean(list);
  return list.map((x) => x - middle);
};
const moment = (list: readonly number[], power: number): number => mean(centred(list).map((x) => x ** power));
const correlation = (a: readonly number[], b: readonly number[]): number => {
  const other = centred(b);
  return mean(centred(a).map((x, i) => x * (other[i] ?? NaN))) / Math.sqrt(moment(a, 2) * moment(b, 2));
};
const COUNT = 20_000;

describe("bits", () => {
  test("are Threefry-2x32-20's known answers", () => {
    // Random123, kat_vectors: threefry2x32 20.
    expect([...threefry2x32(0, 0, 0, 0)]).toEqual([0x6b200159, 0x99ba4efe]);
    expect([...threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)]).toEqual([
      0x1cb996fc, 0xbb002be7,
    ]);
    expect([...threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)]).toEqual([
      0xc4923a9c, 0x483df7a0,
    ]);
    expect(sample(randomBits(key(0, 0), [1]))).toEqual([0x6b200159]);
  });

  test("of an element depend on its place alone, not on the shape", () => {
    expect(sample(randomBits(key(), [2, 3]))).toEqual(sample(randomBits(key(), [7])).slice(0, 6));
  });
});

describe("uniform numbers", () => {
  test("are the top bits of each word, exactly", () => {
    const bits = sample(randomBits(key(), [50]));
    expect(sample(randomUniform(key(), [50]))).toEqual(bits.map((word) => (word >>> 8) * 2 ** -24));
    expect(sample(randomUniform(key(), [50], { dtype: "f16" }))).toEqual(
      bits.map((word) => (word >>> 21) * 2 ** -11),
    );
    expect(sample(randomUniform(key(), [50], { dtype: "bf16" }))).toEqual(
      bits.map((word) => (word >>> 24) * 2 ** -8),
    );
    const words = sample(randomBits(key(), [2, 50]));
    expect(sample(randomUniform(key(), [50], { dtype: "f64" }))).toEqual(
      words.slice(0, 50).map((word, i) => ((word >>> 6) * 2 ** 26 + ((words[50 + i] ?? 0) >>> 6)) * 2 ** -52),
    );
  });

  test.each(["f64", "f32"] as const)("have a uniform's moments in %s", (dtype) => {
    const u = sample(randomUniform(key(), [COUNT], { low: -1, high: 3, dtype }));
    expect(Math.min(...u)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...u)).toBeLessThan(3);
    // Four standard errors of each moment.
    expect(Math.abs(mean(u) - 1)).toBeLessThan(4 * Math.sqrt(16 / 12 / COUNT));
    expect(Math.abs(moment(u, 2) / (16 / 12) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / COUNT));
    const tenths = Array.from(
      { length: 10 },
      (_, i) => u.filter((x) => Math.floor((x + 1) / 0.4) === i).length,
    );
    for (const count of tenths)
      expect(Math.abs(count - COUNT / 10)).toBeLessThan(4 * Math.sqrt(COUNT * 0.09));
    expect(Math.abs(correlation(u.slice(0, -1), u.slice(1)))).toBeLessThan(4 / Math.sqrt(COUNT));
  });

  test("have the shape and dtype asked for, symbols among them", () => {
    expect(typeText(randomUniform(key(), [dim("batch"), 3], { dtype: "f16" }).type)).toBe("f16[batch, 3]");
    expect(typeText(randomNormal(key(), [dim("batch")], { dtype: "f64" }).type)).toBe("f64[batch]");
    expect(() => randomUniform(key(), [2], { dtype: "i32" })).toThrow(/floats and i32 was asked for/);
    expect(() => randomUniform(key(), [2], { low: 1, high: 0 })).toThrow(/low 1 exceeds high 0/);
    expect(() => randomUniform(input("k", "u32", [3]), [2])).toThrow(
      /randomUniform: the random key must be u32\[2\].*"k"/,
    );
  });
});

describe("normal numbers", () => {
  test.each<readonly [DType & ("f64" | "f32"), number, number]>([
    ["f64", 52, 4e-15],
    ["f32", 24, 5e-7],
  ])("are the quantile of their %s uniform", (dtype, bits, relative) => {
    const u = sample(randomUniform(key(), [COUNT], { dtype }));
    const z = sample(randomNormal(key(), [COUNT], { dtype }));
    const errors = z.map((found, i) => {
      // Half a step above the uniform, measured from the nearer end so that no digits are lost.
      const p = (u[i] ?? NaN) + 2 ** -(bits + 1);
      const expected = p < 0.5 ? normalQuantile(p) : -normalQuantile(1 - (u[i] ?? NaN) - 2 ** -(bits + 1));
      return Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-3);
    });
    expect(Math.max(...errors)).toBeLessThanOrEqual(relative);
  });

  test("have a normal's moments, and the mean and deviation asked for", () => {
    const z = sample(randomNormal(key(), [COUNT]));
    expect(Math.abs(mean(z))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(Math.abs(moment(z, 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / COUNT));
    expect(Math.abs(moment(z, 3))).toBeLessThan(4 * Math.sqrt(15 / COUNT));
    expect(Math.abs(moment(z, 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / COUNT));
    const moved = sample(randomNormal(key(), [100], { mean: 5, standardDeviation: 2, dtype: "f64" }));
    const plain = sample(randomNormal(key(), [100], { dtype: "f64" }));
    moved.forEach((x, i) => expect(x).toBeCloseTo(5 + 2 * (plain[i] ?? 0), 12));
  });

  test("of 16 bits are those of 32, rounded", () => {
    const [half, single] = [randomNormal(key(), [500], { dtype: "f16" }), randomNormal(key(), [500])];
    expect(half.dtype).toBe("f16");
    expect(sample(half)).toEqual(sample(single.cast("f16")));
  });

  test.each<readonly ["f64" | "f32", number, number]>([
    ["f64", 53, 4e-15],
    ["f32", 25, 5e-7],
  ])("are finite, exact and symmetric to the ends of the range in %s", (dtype, depth, relative) => {
    const ends = [2 ** -depth, 2 ** -(depth - 3), 1e-6, 0.001, 0.0749, 0.0751, 0.3];
    const q = valueOf(
      dtype,
      [2 * ends.length],
      ends.flatMap((p) => [p - 0.5, 0.5 - p]),
    );
    const [z] = run((x) => centredNormalQuantile(x, 2 ** -depth), [q]);
    (z ? toNumbers(z) : []).forEach((found, i) => {
      // What the type holds of p, not p itself, has this quantile.
      const p = 0.5 - Math.abs(toNumbers(q)[i] ?? NaN);
      const expected = normalQuantile(p) * (i % 2 === 0 ? 1 : -1);
      expect(Math.abs(found / expected - 1)).toBeLessThan(relative);
    });
  });
});

describe("bernoulli masks", () => {
  test("are bool, true at the rate asked for, by comparing whole numbers", () => {
    const mask = bernoulli(key(), [COUNT], 0.3);
    expect(mask.dtype).toBe("bool");
    expect(Math.abs(mean(sample(mask)) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / COUNT));
    const threshold = Math.round(0.3 * 2 ** 31);
    expect(sample(bernoulli(key(), [200], 0.3))).toEqual(
      sample(randomBits(key(), [200])).map((word) => (word >>> 1 < threshold ? 1 : 0)),
    );
  });

  test("are certain at 0 and 1, and refuse numbers that are not probabilities", () => {
    expect(mean(sample(bernoulli(key(), [5000], 1)))).toBe(1);
    expect(mean(sample(bernoulli(key(), [5000], 0)))).toBe(0);
    expect(() => bernoulli(key(), [1], 1.5)).toThrow(/bernoulli: probability/);
  });
});

describe("S9: dropout", () => {
  const x = valueOf(
    "f64",
    [COUNT],
    Array.from({ length: COUNT }, (_, i) => 1 + (i % 7)),
  );
  const keys = valueOf("u32", [2], [3, 4]);

  test("zeroes at its rate and scales the rest so that the mean stays", () => {
    const [result] = run((a, k) => dropout(a, k, { rate: 0.25 }), [x, keys]);
    const [before, after] = [toNumbers(x), result ? toNumbers(result) : []];
    after.forEach((element, i) =>
      expect([0, (before[i] ?? NaN) / 0.75]).toContainEqual(expect.closeTo(element, 12)),
    );
    const dropped = after.filter((element) => element === 0).length / COUNT;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(4 * Math.sqrt(0.1875 / COUNT));
    expect(Math.abs(mean(after) / mean(before) - 1)).toBeLessThan(0.02);
  });

  test("drops gradients where it drops elements, NaN and ∞ among them", () => {
    const wild = valueOf("f64", [4], [1, NaN, Infinity, -2]);
    const [y, g] = run(
      (a, k) => {
        const result = dropout(a, k, { rate: 0.5 });
        return [result, ...gradients(result.reduceSum(), [a])];
      },
      [wild, keys],
    );
    const mask = sample(bernoulli(key(3, 4), [4], 0.5));
    expect(new Set(mask).size).toBe(2);
    expect(g && toNumbers(g)).toEqual(mask.map((kept) => kept * 2));
    expect(y && toNumbers(y)).toEqual(toNumbers(wild).map((element, i) => (mask[i] === 1 ? element * 2 : 0)));
  });

  test("of rate 0 changes nothing, and refuses a rate of 1", () => {
    const [y] = run((a, k) => dropout(a, k, { rate: 0 }), [x, keys]);
    expect(y).toEqual(x);
    expect(() => dropout(input("x", "f32", [2]), key(), { rate: 1 })).toThrow(/dropout: rate/);
  });
});

describe("keys of named streams", () => {
  const streams = program({
    inputs: {},
    outputs: {
      a: randomUniform(randomKey("a"), [1000]),
      again: randomUniform(randomKey("a"), [1000]),
      b: randomUniform(randomKey("b"), [1000]),
    },
  });
  const numbersOf = (value: TensorValue): number[] => toNumbers(value);

  test("count the register up by one a run, however many streams there are", () => {
    expect(streams.updates.length).toBe(1);
    const first = evaluate(streams, {}, { seed: 7 });
    expect(first.state["random"]).toEqual(valueOf("u32", [2], [7, 1]));
    const second = evaluate(streams, {}, { state: first.state });
    expect(second.state["random"]).toEqual(valueOf("u32", [2], [7, 2]));
  });

  test("give the same numbers from the same state, and others at the next step", () => {
    const first = evaluate(streams, {}, { seed: 7 });
    expect(evaluate(streams, {}, { seed: 7 })).toEqual(first);
    const second = evaluate(streams, {}, { state: first.state });
    expect(evaluate(streams, {}, { state: first.state })).toEqual(second);
    expect(numbersOf(second.outputs.a)).not.toEqual(numbersOf(first.outputs.a));
  });

  test("are independent between streams, steps and seeds, and the same for one name", () => {
    const first = evaluate(streams, {}, { seed: 7 });
    const second = evaluate(streams, {}, { state: first.state });
    const other = evaluate(streams, {}, { seed: 8 });
    expect(first.outputs.again).toEqual(first.outputs.a);
    const runs = [first.outputs.a, first.outputs.b, second.outputs.a, second.outputs.b, other.outputs.a].map(
      numbersOf,
    );
    runs.forEach((u, i) =>
      runs.slice(i + 1).forEach((w) => expect(Math.abs(correlation(u, w))).toBeLessThan(4 / Math.sqrt(1000))),
    );
  });

  test("mix the seed and the count by Threefry with the hash of the name", () => {
    const keys = program({ inputs: {}, outputs: { k: randomKey("noise") } });
    const state: State = { random: valueOf("u32", [2], [5, 9]) };
    const { outputs } = evaluate(keys, {}, { state });
    const words = [0, 1].map((counter) => threefry2x32(5, 9, counter, 0)[0]);
    expect(toNumbers(outputs.k)).toEqual([((words[0] ?? 0) ^ hashName("noise")) >>> 0, words[1]]);
  });

  test("can be used in two programs, and beside other updates", () => {
    const weight = register("weight", "f32", [3]);
    const noise = randomNormal(randomKey("noise"), [3]);
    const train = program({
      inputs: {},
      outputs: { noise },
      updates: [{ register: weight, next: weight.add(noise) }],
    });
    const predict = program({ inputs: {}, outputs: { weight } });
    expect(predict.updates).toEqual([]);
    const { state } = evaluate(train, {}, { seed: 1 });
    expect(state["random"]).toEqual(valueOf("u32", [2], [1, 1]));
    expect(
      evaluate(predict, {}, { state: { weight: state["weight"] ?? valueOf("f32", [0], []) } }).outputs.weight,
    ).toEqual(state["weight"]);
  });
});
