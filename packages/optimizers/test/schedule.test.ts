import { describe, expect, it } from "vitest";
import { constant, register } from "@adjoint/ir";
import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  piecewise,
  type Schedule,
  sgd,
  stepDecay,
  warmUp,
} from "@adjoint/optimizers";
import { bowl, numberOf, numbers, parameter, runs, training } from "./support.ts";

const at = (schedule: Schedule, step: number): number => numberOf(schedule(constant(step, "f64")));

describe("S6 schedules", () => {
  const steps = [0, 1, 2, 3, 4, 5, 9, 10, 11, 25];

  it.each([
    { name: "constantRate", schedule: constantRate(0.25), formula: () => 0.25 },
    {
      name: "stepDecay",
      schedule: stepDecay({ initial: 0.8, factor: 0.5, every: 3 }),
      formula: (s: number) => 0.8 * 0.5 ** Math.floor(s / 3),
    },
    {
      name: "exponentialDecay",
      schedule: exponentialDecay({ initial: 0.8, factor: 0.5, every: 3 }),
      formula: (s: number) => 0.8 * 0.5 ** (s / 3),
    },
    {
      name: "cosineDecay",
      schedule: cosineDecay({ initial: 1, final: 0.2, steps: 10 }),
      formula: (s: number) => 0.2 + 0.4 * (1 + Math.cos((Math.PI * Math.min(s, 10)) / 10)),
    },
    {
      name: "piecewise",
      schedule: piecewise({ boundaries: [2, 5], rates: [1, 0.5, 0.1] }),
      formula: (s: number) => (s < 2 ? 1 : s < 5 ? 0.5 : 0.1),
    },
    {
      name: "warmUp of a number",
      schedule: warmUp(0.6, 4),
      formula: (s: number) => 0.6 * Math.min(1, (s + 1) / 4),
    },
    {
      name: "warmUp of a schedule",
      schedule: warmUp(exponentialDecay({ initial: 1, factor: 0.5, every: 1 }), 4),
      formula: (s: number) => (s < 4 ? (s + 1) / 4 : 0.5 ** (s - 4)),
    },
  ])("$name is its formula", ({ schedule, formula }) => {
    for (const step of steps) expect(at(schedule, step)).toBeCloseTo(formula(step), 12);
  });

  it("the optimizer's step register drives the schedule", () => {
    const rates = piecewise({ boundaries: [1, 2], rates: [0.5, 0.25, 0] });
    const states = runs(training(sgd({ learningRate: rates })(bowl(parameter("p", [1]), 1, 0))), 3);
    expect(states.map((state) => numbers(state, "p")[0])).toEqual([0.5, 0.375, 0.375]);
  });

  it("a register can be the rate", () => {
    const rate = register("rate", "f32", [], {
      trainable: false,
      initial: { kind: "constant", value: 0.5 },
    });
    const [state] = runs(training(sgd({ learningRate: rate })(bowl(parameter("p", [1]), 1, 0))), 1);
    expect(numbers(state, "p")).toEqual([0.5]);
  });

  it("refuses settings that make no schedule", () => {
    expect(() => stepDecay({ initial: -1, factor: 0.5, every: 3 })).toThrow(
      /initial must be a number ≥ 0 and is -1/,
    );
    expect(() => cosineDecay({ initial: 1, steps: 0 })).toThrow(/steps must be a whole number ≥ 1 and is 0/);
    expect(() => warmUp(0.1, 2.5)).toThrow(/warmUp: must be a whole number ≥ 1 and is 2.5/);
    expect(() => piecewise({ boundaries: [3], rates: [1] })).toThrow(
      /rates must be one more than boundaries/,
    );
    expect(() => piecewise({ boundaries: [3, 3], rates: [1, 2, 3] })).toThrow(/boundaries must rise/);
  });

  it("refuses a schedule that is no scalar", () => {
    const optimizer = sgd({ learningRate: () => constant([1, 2]) });
    expect(() => optimizer(bowl(parameter("p", [1]), 1, 0))).toThrow(
      /learningRate: must be a float scalar and is constant: f32\[2\]/,
    );
  });
});
