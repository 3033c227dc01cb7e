import { describe, expect, it } from "vitest";
import { type Tensor, type Update, print } from "@adjoint/ir";
import { adaDelta, adaGrad, adam, adamW, momentum, nesterov, rmsProp, sgd } from "@adjoint/optimizers";
import { bowl, numbers, parameter, runs, training } from "./support.ts";

/** One parameter's rule as the papers write it, on plain numbers. `moments` persists between steps. */
type Formula = (p: number, g: number, moments: Record<string, number>, t: number) => number;

const keep = (moments: Record<string, number>, name: string, value: number): number =>
  (moments[name] = value);
const of = (moments: Record<string, number>, name: string): number => moments[name] ?? 0;

interface Case {
  readonly name: string;
  readonly optimizer: (loss: Tensor) => readonly Update[];
  readonly formula: Formula;
  /** Registers and the formula's moments that they must equal. */
  readonly moments: { readonly [register: string]: string };
}

const adamFormula =
  (eta: number, b1: number, b2: number, eps: number, decay = 0): Formula =>
  (p, g, k, t) => {
    const m = keep(k, "m", b1 * of(k, "m") + (1 - b1) * g);
    const v = keep(k, "v", b2 * of(k, "v") + (1 - b2) * g * g);
    const [mHat, vHat] = [m / (1 - b1 ** t), v / (1 - b2 ** t)];
    return p - eta * decay * p - (eta * mHat) / (Math.sqrt(vHat) + eps);
  };

const cases: readonly Case[] = [
  { name: "sgd", optimizer: sgd({ learningRate: 0.1 }), formula: (p, g) => p - 0.1 * g, moments: {} },
  {
    name: "momentum",
    optimizer: momentum({ learningRate: 0.1, momentum: 0.8 }),
    formula: (p, g, k) => p + keep(k, "v", 0.8 * of(k, "v") - 0.1 * g),
    moments: {},
  },
  {
    name: "nesterov",
    optimizer: nesterov({ learningRate: 0.1, momentum: 0.8 }),
    formula: (p, g, k) => {
      const v = keep(k, "v", 0.8 * of(k, "v") + g);
      return p - 0.1 * (g + 0.8 * v);
    },
    moments: { velocity: "v" },
  },
  {
    name: "adaGrad",
    optimizer: adaGrad({ learningRate: 0.3, epsilon: 1e-3 }),
    formula: (p, g, k) => {
      const s = keep(k, "s", of(k, "s") + g * g);
      return p - (0.3 * g) / (Math.sqrt(s) + 1e-3);
    },
    moments: { sum: "s" },
  },
  {
    name: "rmsProp",
    optimizer: rmsProp({ learningRate: 0.2, decay: 0.7, epsilon: 1e-3 }),
    formula: (p, g, k) => {
      const s = keep(k, "s", 0.7 * of(k, "s") + 0.3 * g * g);
      return p - (0.2 * g) / (Math.sqrt(s) + 1e-3);
    },
    moments: { square: "s" },
  },
  {
    name: "adaDelta",
    optimizer: adaDelta({ learningRate: 0.5, decay: 0.6, epsilon: 1e-2 }),
    formula: (p, g, k) => {
      const s = keep(k, "s", 0.6 * of(k, "s") + 0.4 * g * g);
      const delta = (Math.sqrt(of(k, "d") + 1e-2) / Math.sqrt(s + 1e-2)) * g;
      keep(k, "d", 0.6 * of(k, "d") + 0.4 * delta * delta);
      return p - 0.5 * delta;
    },
    moments: { square: "s", delta: "d" },
  },
  {
    name: "adam",
    optimizer: adam({ learningRate: 0.1, beta1: 0.7, beta2: 0.9, epsilon: 0.05 }),
    formula: adamFormula(0.1, 0.7, 0.9, 0.05),
    moments: { m: "m", v: "v" },
  },
  {
    name: "adamW",
    optimizer: adamW({ learningRate: 0.1, beta1: 0.7, beta2: 0.9, epsilon: 0.05, weightDecay: 0.3 }),
    formula: adamFormula(0.1, 0.7, 0.9, 0.05, 0.3),
    moments: { m: "m", v: "v" },
  },
];

describe("S6 update rules over three steps", () => {
  it.each(cases)("$name is the formula, in double precision", ({ optimizer, formula, moments }) => {
    const [start, a, c] = [[1, -2, 0.25], 3, 0.5];
    const states = runs(training(optimizer(bowl(parameter("p", start), a, c))), 3);
    const expected = start.map((p) => ({ p, moments: {} as Record<string, number> }));
    states.forEach((state, index) => {
      for (const one of expected) one.p = formula(one.p, a * (one.p - c), one.moments, index + 1);
      numbers(state, "p").forEach((p, at) => expect(p).toBeCloseTo(expected[at]?.p ?? Number.NaN, 13));
      for (const [name, moment] of Object.entries(moments)) {
        numbers(state, `optimizer.p.${name}`).forEach((value, at) =>
          expect(value).toBeCloseTo(expected[at]?.moments[moment] ?? Number.NaN, 13),
        );
      }
      expect(numbers(state, "optimizer.step")).toEqual([index + 1]);
    });
  });

  it.each(cases)("$name is the formula to f32's precision", ({ optimizer, formula }) => {
    const states = runs(training(optimizer(bowl(parameter("p", [1.5], "f32"), 3, 0.5))), 3);
    const [kept, one] = [{}, { p: 1.5 }];
    states.forEach((state, index) => {
      one.p = formula(one.p, 3 * (one.p - 0.5), kept, index + 1);
      expect(Math.abs((numbers(state, "p")[0] ?? Number.NaN) / one.p - 1)).toBeLessThan(5e-7);
    });
  });

  it("Nesterov's parameters are the points of Sutskever's form where the gradient is taken", () => {
    const [eta, mu] = [0.05, 0.9];
    const states = runs(
      training(nesterov({ learningRate: eta, momentum: mu })(bowl(parameter("p", [2]), 3, 0.5))),
      4,
    );
    let [theta, v] = [2, 0];
    for (const state of states) {
      v = mu * v - eta * 3 * (theta + mu * v - 0.5);
      theta += v;
      expect(numbers(state, "p")[0]).toBeCloseTo(theta + mu * v, 12);
    }
  });

  it("Adam's first step is η·sign(g) in f32 too, where 1 − β₂ᵗ cancels most", () => {
    const [state] = runs(
      training(adam({ learningRate: 1e-3 })(bowl(parameter("p", [0, 8], "f32"), 1, 3))),
      1,
    );
    expect(numbers(state, "p")[0]).toBeCloseTo(1e-3, 10);
    expect((numbers(state, "p")[1] ?? 0) - 8).toBeCloseTo(-1e-3, 6);
  });

  it("Adam with β₁ = 0 has no memory of the mean", () => {
    const states = runs(training(adam({ learningRate: 0.1, beta1: 0 })(bowl(parameter("p", [1]), 1, 0))), 2);
    expect(numbers(states[1], "optimizer.p.m")[0]).toBeCloseTo(numbers(states[0], "p")[0] ?? 0, 12);
    const graph = training(adam({ beta1: 0, beta2: 0 })(bowl(parameter("p", [1]), 1, 0)));
    expect(print(graph)).not.toMatch(/Infinity/i);
  });

  it("AdaGrad's sums start from initialSum", () => {
    const [state] = runs(
      training(adaGrad({ learningRate: 1, initialSum: 5, epsilon: 1e-9 })(bowl(parameter("p", [2]), 1, 0))),
      1,
    );
    expect(numbers(state, "p")[0]).toBeCloseTo(2 - 2 / 3, 8);
  });
});
