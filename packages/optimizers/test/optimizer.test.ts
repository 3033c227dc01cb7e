import { describe, expect, it } from "vitest";
import { type Tensor, type Update, constant, input, program, register } from "@adjoint/ir";
import { isNode, nodesOf, registerOf } from "@adjoint/ir/graph";
import { custom } from "@adjoint/ir/schema";
import {
  adam,
  adamW,
  clipByGlobalNorm,
  clipByValue,
  globalNorm,
  makeOptimizer,
  momentum,
  nesterov,
  parametersOf,
  piecewise,
  sgd,
  type OptimizerConfig,
  type UpdateRule,
} from "@adjoint/optimizers";
import { bowl, numberOf, numbers, parameter, runs, training, typeOf } from "./support.ts";

const nameOf = ({ register: target }: Update): string => registerOf(target).name;

describe("parametersOf", () => {
  it("finds trainable float registers in the order of the graph", () => {
    const [w, b] = [parameter("w", [1, 2]), parameter("b", [3, 4])];
    const fixed = register("fixed", "f64", [2], { trainable: false });
    const counter = register("counter", "i32", [2], { trainable: true });
    const loss = w.mul(b).add(fixed).add(counter.cast("f64")).add(w).reduceSum();
    expect(parametersOf(loss)).toEqual([w, b]);
  });

  it("refuses two registers of one name", () => {
    const loss = parameter("w", [1])
      .add(parameter("w", [2]))
      .reduceSum();
    expect(() => parametersOf(loss)).toThrow(
      /two parameters are named "w".*Give one of their layers another name/,
    );
  });
});

describe("S6 weight decay, clipping and parameter groups", () => {
  it("weight decay adds λ·p to the gradient", () => {
    const [state] = runs(
      training(sgd({ learningRate: 0.1, weightDecay: 0.5 })(bowl(parameter("p", [2, -1]), 3, 1))),
      1,
    );
    [2, -1].forEach((p, at) =>
      expect(numbers(state, "p")[at]).toBeCloseTo(p - 0.1 * (3 * (p - 1) + 0.5 * p), 12),
    );
  });

  it("AdamW's decay leaves the moments alone and Adam's does not", () => {
    const loss = bowl(parameter("p", [2]), 3, 1);
    const [coupled] = runs(training(adam({ weightDecay: 0.5 })(loss)), 1);
    const [decoupled] = runs(training(adamW({ weightDecay: 0.5, learningRate: 0.1 })(loss)), 1);
    expect(numbers(coupled, "optimizer.p.m")[0]).toBeCloseTo(0.1 * (3 + 1), 12);
    expect(numbers(decoupled, "optimizer.p.m")[0]).toBeCloseTo(0.1 * 3, 12);
    expect(numbers(decoupled, "p")[0]).toBeCloseTo(2 * (1 - 0.1 * 0.5) - 0.1, 7);
  });

  it("AdamW decays by 0.01 unless told otherwise, the others by nothing", () => {
    expect([adamW().config.weightDecay, adam().config.weightDecay, sgd().config.weightDecay]).toEqual([
      0.01, 0, 0,
    ]);
  });

  it("clipValue clamps each element, before weight decay", () => {
    const [state] = runs(
      training(
        sgd({ learningRate: 1, clipValue: 0.5, weightDecay: 0.1 })(bowl(parameter("p", [4, 0.9, -3]), 1, 1)),
      ),
      1,
    );
    const expected = [4 - 0.5 - 0.4, 0.9 + 0.1 - 0.09, -3 + 0.5 + 0.3];
    numbers(state, "p").forEach((p, at) => expect(p).toBeCloseTo(expected[at] ?? 0, 12));
  });

  it("clipNorm scales all gradients together to the norm, and only where it is above", () => {
    const [p, q] = [parameter("p", [3, 0]), parameter("q", [4])];
    const loss = bowl(p, 1, 0).add(bowl(q, 1, 0));
    const moved = (clipNorm: number): readonly number[] => {
      const [state] = runs(training(sgd({ learningRate: 1, clipNorm })(loss)), 1);
      return [...numbers(state, "p"), ...numbers(state, "q")];
    };
    [3 * 0.8, 0, 4 * 0.8].forEach((value, at) => expect(moved(1)[at]).toBeCloseTo(value, 12));
    expect(moved(5)).toEqual([0, 0, 0]);
    expect(moved(100)).toEqual([0, 0, 0]);
  });

  it("the clips are functions of gradients too", () => {
    const gradients = [constant([3, -4], "f64"), constant([[12]], "f64")];
    expect(numberOf(globalNorm(gradients))).toBe(13);
    expect(numberOf(globalNorm(clipByGlobalNorm(gradients, 2)))).toBeCloseTo(2, 12);
    expect(numberOf(globalNorm(clipByValue(gradients, 2)))).toBeCloseTo(Math.sqrt(12), 12);
    expect(clipByGlobalNorm([], 1)).toEqual([]);
    expect(() => globalNorm([])).toThrow(/needs at least one tensor/);
  });

  it("norms are of the widest type, and f16 gradients of 300 are clipped and not lost", () => {
    const [half, single] = [constant([300, 400], "f16"), constant([1200], "f32")];
    for (const tensors of [
      [half, single],
      [single, half],
      [half, constant([1200], "bf16")],
    ]) {
      expect(globalNorm(tensors).dtype).toBe("f32");
      expect(numberOf(globalNorm(tensors))).toBeCloseTo(Math.hypot(300, 400, 1200), 3);
    }
    expect(globalNorm([half, constant([0], "f64")]).dtype).toBe("f64");
    const [clipped] = clipByGlobalNorm([constant([300, 400], "f16")], 1);
    expect(clipped?.dtype).toBe("f16");
    expect(numberOf(globalNorm(clipped === undefined ? [] : [clipped]))).toBeCloseTo(1, 3);
    const weight = register("w", "f16", [2], { initial: { kind: "constant", value: 2 } });
    const loss = weight.mul(constant([300, 400], "f16")).reduceSum();
    const [state] = runs(training(sgd({ learningRate: 1, clipNorm: 1 })(loss)), 1);
    expect(numbers(state, "w").map((x) => Math.round(x * 100) / 100)).toEqual([1.4, 1.2]);
  });

  it("layers have their own rates and decays, or stay as they are", () => {
    const names = ["first.weight", "second.weight", "third.weight", "fourth.weight"];
    const loss = names.map((name) => bowl(parameter(name, [1]), 1, 0)).reduce((sum, term) => sum.add(term));
    const optimizer = sgd({
      learningRate: 0.1,
      parameters: (name) =>
        name.startsWith("first.")
          ? { learningRate: 0.5 }
          : name.startsWith("second.")
            ? { weightDecay: 2 }
            : !name.startsWith("third."),
    });
    const updates = optimizer(loss);
    expect(updates.map(nameOf)).toEqual(["first.weight", "second.weight", "fourth.weight", "optimizer.step"]);
    const [state] = runs(training(updates), 1);
    [0.5, 0.7].forEach((value, at) => expect(numbers(state, names[at] ?? "")[0]).toBeCloseTo(value, 12));
    expect(numbers(state, "fourth.weight")[0]).toBeCloseTo(0.9, 12);
  });
});

describe("makeOptimizer", () => {
  it("names registers after the optimizer and the parameter; they start at 0 and are not trainable", () => {
    const updates = adam({ name: "critic" })(bowl(parameter("dense_1.weight", [1]), 1, 0));
    expect(updates.map(nameOf)).toEqual([
      "dense_1.weight",
      "critic.dense_1.weight.m",
      "critic.dense_1.weight.v",
      "critic.step",
    ]);
    for (const { register: target } of updates.slice(1)) {
      expect(registerOf(target).initial).toEqual({ kind: "constant", value: 0 });
      expect(registerOf(target).trainable).toBe(false);
    }
  });

  it("two optimizers share a program under two names, and are refused under one", () => {
    const [a, b] = [bowl(parameter("a", [1]), 1, 0), bowl(parameter("b", [1]), 1, 0)];
    const [state] = runs(
      training([...sgd({ name: "one", learningRate: 1 })(a), ...adam({ name: "two" })(b)]),
      1,
    );
    expect(numbers(state, "a")).toEqual([0]);
    expect(() => training([...sgd()(a), ...adam()(b)])).toThrow(/register "optimizer.step" has two updates/);
  });

  it("takes gradients that the caller transformed", () => {
    const p = parameter("p", [1, 2]);
    const { update } = momentum({ learningRate: 1 });
    const [state] = runs(training(update([p], [constant([10, 20], "f64")])), 1);
    expect(numbers(state, "p")).toEqual([-9, -18]);
  });

  it("updates narrow floats in f32", () => {
    const p = register("p", "f16", [1], { initial: { kind: "constant", value: 1 } });
    const states = runs(training(adam({ learningRate: 0.25 })(p.mul(p).reduceSum())), 2);
    expect(typeOf(states[1], "optimizer.p.v")).toEqual(["f32", [1]]);
    expect(typeOf(states[1], "p")).toEqual(["f16", [1]]);
    expect(numbers(states[0], "p")[0]).toBeCloseTo(0.75, 3);
  });

  it("keeps the update elementwise, so that it can be one kernel", () => {
    const p = parameter("p", [1, 2, 3], "f32");
    const given = input("gradient", "f32", [3]);
    const updates = adamW({ clipValue: 1, weightDecay: 0.1 }).update([p], [given]);
    const large = nodesOf(updates.slice(0, 3).map(({ next }) => next)).filter((node) => node.output.rank > 0);
    expect(new Set(large.map((node) => node.operation.kind))).toEqual(new Set(["source", "map", "view"]));
    const views = large.filter((node) => node.operation.kind === "view");
    expect(views.every((node) => node.operation.name === "broadcast" && node.inputs[0]?.rank === 0)).toBe(
      true,
    );
  });

  it("computes the scalars of one rate once", () => {
    const loss = ["a", "b", "c"]
      .map((name) => bowl(parameter(name, [1]), 1, 0))
      .reduce((sum, term) => sum.add(term));
    const updates = adam()(loss);
    const nodes = nodesOf(updates.map(({ next }) => next));
    expect(nodes.filter((node) => isNode(node, "expm1"))).toHaveLength(2);
  });

  it("computes them in each parameter's type, for each rate", () => {
    const rates = piecewise({ boundaries: [1], rates: [0.5, 0.1] });
    const losses = [bowl(parameter("wide", [1]), 1, 0), bowl(parameter("slow", [1]), 1, 0)];
    const narrow = bowl(parameter("narrow", [1], "f32"), 1, 0);
    const optimizer = sgd({
      learningRate: rates,
      parameters: (name) => (name === "slow" ? { learningRate: 0.3 } : true),
    });
    const updates = optimizer(losses.reduce((sum, loss) => sum.add(loss), narrow.cast("f64")));
    const states = runs(training(updates), 2);
    expect(numbers(states[1], "wide")[0]).toBeCloseTo(0.5 * (1 - 0.1), 15);
    expect(numbers(states[1], "slow")[0]).toBeCloseTo(0.7 * 0.7, 15);
    expect(numbers(states[1], "narrow")).toEqual([Math.fround(0.5 * (1 - 0.1))]);
  });

  it.each([
    { dtype: "f32", normal: 2 ** -126 },
    { dtype: "f64", normal: 2 ** -1022 },
  ] as const)("flushes $dtype moments just below the smallest normal number", ({ dtype, normal }) => {
    const p = parameter("p", [1, 1, 1, 1], dtype);
    const given = [normal, normal * (1 - 2 ** -10), -normal, -normal / 2];
    const [state] = runs(training(nesterov().update([p], [constant(given, dtype)])), 1);
    expect(numbers(state, "optimizer.p.velocity")).toEqual([normal, 0, -normal, 0]);
  });

  it("flushes moments below the smallest normal number", () => {
    const p = parameter("p", [1, 1, 1], "f32");
    const updates = momentum({ momentum: 0.5 }).update([p], [constant([0, 1e-39, 2e-38])]);
    const start = {
      "optimizer.p.velocity": { dtype: "f32", shape: [3], data: Float32Array.of(2e-38, 0, 0) },
    } as const;
    const [state] = runs(training(updates), 1, start);
    // 1e-38 and 1e-39 are subnormal in f32; 2e-38 is not.
    expect(numbers(state, "optimizer.p.velocity")).toEqual([0, 0, Math.fround(2e-38)]);
  });

  it("keeps NaN, so that a broken run shows", () => {
    const p = parameter("p", [1], "f32");
    const [state] = runs(training(momentum().update([p], [constant([Number.NaN])])), 1);
    expect(numbers(state, "optimizer.p.velocity")).toEqual([Number.NaN]);
  });

  it("refuses settings that are out of range, by name and value", () => {
    expect(() => adam({ learningRate: -1 })).toThrow(
      /adam: learningRate must be a number ≥ 0, a schedule or a scalar tensor and is -1/,
    );
    expect(() => adam({ beta2: 1 })).toThrow(/beta2 must be a number from 0 to below 1 and is 1/);
    expect(() => sgd({ clipNorm: 0 })).toThrow(/clipNorm must be a number > 0 and is 0/);
    expect(() => sgd({ name: "a.b" })).toThrow(/name must be a name/);
    // @ts-expect-error it must be a function
    expect(() => sgd({ parameters: ["p"] })).toThrow(/parameters must be a function of a register's name/);
    // @ts-expect-error it must be a number
    expect(() => sgd({ learningRate: "1" })).toThrow(/learningRate must be a number/);
    expect(sgd({ learningRate: 0, name: "_a-1" }).config).toMatchObject({ learningRate: 0, name: "_a-1" });
    // @ts-expect-error an unknown setting
    expect(() => sgd({ learningrate: 1 })).toThrow(/unknown setting "learningrate"/);
    const wrong = sgd({ parameters: () => ({ learningRate: Number.NaN }) });
    expect(() => wrong(bowl(parameter("p", [1]), 1, 0))).toThrow(
      /sgd parameters: learningRate must be.*is NaN/,
    );
  });

  it("refuses a rule whose update is of another type than the parameter", () => {
    const rule = (change: (p: Tensor) => Tensor): UpdateRule<OptimizerConfig, never, never> => ({
      kind: "mine",
      schema: custom<OptimizerConfig>(() => true, "anything"),
      moments: {},
      scalars: () => ({}),
      step: ({ parameter: p }) => ({ parameter: change(p), moments: {} }),
    });
    const settings = { learningRate: 1, weightDecay: 0, name: "optimizer" };
    const loss = bowl(parameter("p", [1, 2]), 1, 0);
    for (const [change, type] of [
      [(p: Tensor) => p.cast("f32"), "f32\\[2\\]"],
      [(p: Tensor) => p.reduceSum(), "f64\\[\\]"],
    ] as const)
      expect(() => makeOptimizer(rule(change), settings)(loss)).toThrow(
        new RegExp(`mine: parameter "p" is f64\\[2\\] and its update is .*${type}`),
      );
    const [state] = runs(
      training(
        makeOptimizer(
          rule((p) => p.mul(2)),
          settings,
        )(loss),
      ),
      1,
    );
    expect(numbers(state, "p")).toEqual([2, 4]);
  });

  it("leaves out what `parameters` refuses, and says so where nothing is left", () => {
    const [p, q] = [parameter("p", [1]), parameter("q", [2])];
    const only = sgd({ learningRate: 1, parameters: (name) => name === "q" });
    const given = [constant([10], "f64"), constant([20], "f64")];
    const updates = only.update([p, q], given);
    expect(updates.map(nameOf)).toEqual(["q", "optimizer.step"]);
    expect(numbers(runs(training(updates), 1)[0], "q")).toEqual([-18]);
    const none = sgd({ parameters: () => false });
    expect(() => none(bowl(p, 1, 0))).toThrow(
      /depends on no trainable register that `parameters` lets through/,
    );
  });

  it("the norm that clips is of the gradients that are used", () => {
    const [p, q] = [parameter("p", [0]), parameter("q", [0])];
    const only = sgd({ learningRate: 1, clipNorm: 1, parameters: (name) => name === "p" });
    const updates = only.update([p, q], [constant([0.5], "f64"), constant([1000], "f64")]);
    expect(numbers(runs(training(updates), 1)[0], "p")).toEqual([-0.5]);
  });

  it("refuses losses and gradients that don't fit", () => {
    const x = input("x", "f32", [2]);
    const p = parameter("p", [1, 2], "f32");
    expect(() => adam()(x.reduceSum())).toThrow(/depends on no trainable register/);
    expect(() => adam()(p)).toThrow(/the loss must be a scalar/);
    expect(() => adam().update([p], [])).toThrow(/got 0 gradients for 1 parameters/);
    expect(() => adam().update([p], [constant([1, 2, 3])])).toThrow(
      /the gradient of register "p": f32\[2\].*f32\[3\]/,
    );
    expect(() => adam().update([x], [x])).toThrow(/is not a register/);
    expect(() => adam().update([p, p], [p, p])).toThrow(/parameter "p" is given twice/);
  });

  it("leaves a program whole: outputs, updates and gradients in one graph", () => {
    const x = input("x", "f64", [1]);
    const p = parameter("p", [2]);
    const loss = p.mul(x).reduceSum();
    const graph = program({ inputs: { x }, outputs: { loss }, updates: sgd({ learningRate: 1 })(loss) });
    expect(graph.updates.map(nameOf)).toEqual(["p", "optimizer.step"]);
  });
});
