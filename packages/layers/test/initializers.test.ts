import { describe, expect, it } from "vitest";
import { initialValue, toNumbers } from "@adjoint/ir/values";
import {
  type Fans,
  type Initializer,
  constant,
  conv2d,
  convFans,
  dense,
  denseFans,
  heNormal,
  heUniform,
  initialFor,
  normal,
  ones,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "@adjoint/layers";
import { expectClose, ramp, run } from "./support.ts";

const fans: Fans = { fanIn: 50, fanOut: 150 };
const sample = (initializer: Initializer, shape: readonly number[] = [100, 100]): readonly number[] =>
  toNumbers(initialValue({ name: "w", dtype: "f32", shape, initial: initialFor(initializer, fans) }, 1));
const mean = (elements: readonly number[]): number =>
  elements.reduce((sum, e) => sum + e, 0) / elements.length;

describe("S7 initializers", () => {
  it("fill with zeros, ones and constants", () => {
    expect(new Set(sample(zeros()))).toEqual(new Set([0]));
    expect(new Set(sample(ones()))).toEqual(new Set([1]));
    expect(new Set(sample(constant(-2.5)))).toEqual(new Set([-2.5]));
  });

  it.each([
    { name: "normal", initializer: normal(), deviation: 1 / Math.sqrt(50) },
    {
      name: "normal of a deviation",
      initializer: normal({ mean: 3, standardDeviation: 0.5 }),
      deviation: 0.5,
      centre: 3,
    },
    { name: "xavierNormal", initializer: xavierNormal(), deviation: Math.sqrt(2 / 200) },
    { name: "heNormal", initializer: heNormal({ gain: 2 }), deviation: 2 * Math.sqrt(2 / 50) },
  ])("$name has its mean, deviation and tails", ({ initializer, deviation, centre = 0 }) => {
    const elements = sample(initializer).map((e) => e - centre);
    // Four standard errors of 10,000 draws.
    expect(Math.abs(mean(elements))).toBeLessThan((4 * deviation) / 100);
    expect(Math.abs(mean(elements.map((e) => e * e)) / deviation ** 2 - 1)).toBeLessThan(
      (4 * Math.SQRT2) / 100,
    );
    expect(Math.abs(elements.filter((e) => Math.abs(e) > 2 * deviation).length / 1e4 - 0.0455)).toBeLessThan(
      0.0084,
    );
  });

  it.each([
    { name: "uniform", initializer: uniform({ low: 1, high: 3 }), low: 1, high: 3 },
    { name: "xavierUniform", initializer: xavierUniform({ gain: 3 }), high: 3 * Math.sqrt(6 / 200) },
    { name: "heUniform", initializer: heUniform(), high: Math.sqrt(6 / 50) },
  ])("$name fills its range evenly", ({ initializer, high, low = -high }) => {
    const elements = sample(initializer);
    const width = high - low;
    expect(Math.min(...elements)).toBeGreaterThanOrEqual(Math.fround(low));
    expect(Math.max(...elements)).toBeLessThanOrEqual(Math.fround(high));
    for (const quarter of [0, 1, 2, 3]) {
      const share = elements.filter((e) => Math.floor(((e - low) / width) * 4) === quarter).length / 1e4;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.0174);
    }
  });

  it("orthogonal rows or columns have the gain as length and no angle less than right", () => {
    const elements = sample(orthogonal({ gain: 2 }), [4, 2, 3]);
    const rows = [0, 1, 2, 3].map((row) => elements.slice(row * 6, row * 6 + 6));
    const products = rows.flatMap((a) => rows.map((b) => a.reduce((sum, e, k) => sum + e * (b[k] ?? 0), 0)));
    expectClose(products, [4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4]);
  });

  it("count inputs and outputs of a unit", () => {
    expect(denseFans([13, 64])).toEqual({ fanIn: 13, fanOut: 64 });
    expect(convFans([32, 8, 3, 5])).toEqual({ fanIn: 120, fanOut: 480 });
    expect(convFans([32, 4, 3, 5], 2)).toEqual({ fanIn: 60, fanOut: 240 });
  });

  it("depend on the seed and the register's name alone", () => {
    const state = (name: string, seed: number) =>
      run(dense({ units: 4, name }), ramp([1, 3]), { seed }).state[`${name}.weight`];
    expect(state("a", 1)).toEqual(state("a", 1));
    expect(state("a", 1)).not.toEqual(state("a", 2));
    expect(state("a", 1)).not.toEqual(state("b", 1));
  });

  it("are settings of layers, with the layer's fans", () => {
    const kernel = conv2d({
      filters: 64,
      kernel: 5,
      weightInitializer: heUniform(),
      biasInitializer: constant(0.5),
    });
    const { state } = run(kernel, ramp([1, 3, 5, 5]));
    const limit = Math.sqrt(6 / 75);
    const largest = Math.max(...toNumbers(state["conv2d_1.weight"] ?? ramp([1])).map(Math.abs));
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect(largest).toBeLessThanOrEqual(limit);
    expect(new Set(toNumbers(state["conv2d_1.bias"] ?? ramp([1])))).toEqual(new Set([0.5]));
  });

  it("refuse settings that make no sense", () => {
    expect(() => normal({ standardDeviation: -1 })).toThrow(
      /normal: standardDeviation must be a number ≥ 0 and is -1/,
    );
    expect(() => heNormal({ gain: 0 })).toThrow(/heNormal: gain must be a number > 0 and is 0/);
    expect(() => constant(Number.NaN)).toThrow(/constant: value must be a finite number and is NaN/);
    // @ts-expect-error a name alone is not an initializer
    expect(() => dense({ units: 1, weightInitializer: "he" })).toThrow(
      /weightInitializer must be an initializer, such as heNormal\(\) and is "he"/,
    );
  });
});
