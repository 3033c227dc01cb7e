import { describe, expect, it } from "vitest";
import { concat, evaluate, gradients, input, program, register, withScope } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { dim, equalShapes, tensorValue } from "@adjoint/ir/values";
import {
  type Layer,
  crossEntropy,
  dense,
  dropout,
  flatten,
  identity,
  layersOf,
  meanSquaredError,
  parallel,
  relu,
  residual,
  sequential,
} from "@adjoint/layers";
import { expectClose, ramp, run } from "./support.ts";

const namesOf = (model: Layer): readonly string[] => layersOf(model).map((layer) => layer.name);
const registersIn = (output: ReturnType<Layer>): readonly string[] => [
  ...registersOf({ inputs: {}, outputs: { output }, updates: [] }).keys(),
];

describe("a model", () => {
  const batch = dim("batch");
  const images = input("images", "f32", [batch, 28, 28]);
  const labels = input("labels", "i32", [batch]);
  const build = (): Layer => sequential([flatten(), dense({ units: 500 }), relu(), dense({ units: 10 })]);

  it("is a function of tensors whose registers a training program updates", () => {
    const mlp = build();
    const loss = crossEntropy(mlp(images), labels);
    const parameters = mlp.layers.flatMap((layer) => Object.values(layer.registers));
    const slopes = gradients(loss, parameters);
    const updates = parameters.map((parameter, index) => ({
      register: parameter,
      next: parameter.sub(slopes[index] ?? 0),
    }));
    const train = program({ inputs: { images, labels }, outputs: { loss }, updates });
    expect(
      [...registersOf(train).values()].map(({ name, shape }) => `${name} [${shape.join()}]`).toSorted(),
    ).toEqual([
      "dense_1.bias [500]",
      "dense_1.weight [784,500]",
      "dense_2.bias [10]",
      "dense_2.weight [500,10]",
    ]);
  });

  it("learns: a step of gradient descent lowers the loss", () => {
    const model = sequential([dense({ units: 8, activation: "tanh" }), dense({ units: 3 })]);
    const [x, t] = [input("x", "f32", [4, 5]), input("t", "i32", [4])];
    const loss = crossEntropy(model(x), t);
    const parameters = model.layers.flatMap((layer) => Object.values(layer.registers));
    const slopes = gradients(loss, parameters);
    const updates = parameters.map((parameter, index) => ({
      register: parameter,
      next: parameter.sub(slopes[index]?.mul(0.5) ?? 0),
    }));
    const train = program({ inputs: { x, t }, outputs: { loss }, updates });
    const feeds = { x: ramp([4, 5]), t: tensorValue("i32", [4], Int32Array.of(0, 1, 2, 1)) };
    const first = evaluate(train, feeds);
    const second = evaluate(train, feeds, { state: first.state });
    expect(Number(second.outputs.loss.data[0])).toBeLessThan(Number(first.outputs.loss.data[0]));
  });

  it("has the same names and starts however often it is built", () => {
    const [one, two] = [build(), build()];
    expect(namesOf(one)).toEqual(["", "flatten_1", "dense_1", "relu_1", "dense_2"]);
    expect(namesOf(two)).toEqual(namesOf(one));
    const x = ramp([2, 28, 28], 0.001);
    expect(run(one, x, { seed: 3 }).numbers).toEqual(run(two, x, { seed: 3 }).numbers);
    expect(run(one, x, { seed: 3 }).numbers).not.toEqual(run(two, x, { seed: 4 }).numbers);
  });

  it("joins names of models inside models by /, and begins with its own if it was given one", () => {
    const encoder = sequential(
      [dense({ units: 2 }), sequential([dense({ units: 2 }), dense({ units: 2 })])],
      {
        name: "encoder",
      },
    );
    expect(namesOf(encoder)).toEqual([
      "encoder",
      "encoder/dense_1",
      "encoder/sequential_1",
      "encoder/sequential_1/dense_1",
      "encoder/sequential_1/dense_2",
    ]);
    const whole = sequential([encoder, dense({ units: 1, name: "head" })]);
    expect(namesOf(whole).slice(1, 3)).toEqual(["encoder", "encoder/dense_1"]);
    const y = whole(input("x", "f32", [1, 2]));
    expect(registersIn(y)).toContain("encoder/sequential_1/dense_2.weight");
    expect(registersIn(y)).toContain("head.bias");
  });

  it("numbers around names that the user gave", () => {
    expect(namesOf(sequential([dense({ units: 1 }), dense({ units: 1, name: "dense_1" }), relu()]))).toEqual([
      "",
      "dense_2",
      "dense_1",
      "relu_1",
    ]);
  });

  it("keeps names that are fixed when its layers go on in another model", () => {
    const base = sequential([dense({ units: 2 }), dense({ units: 2 })]);
    base(input("x", "f32", [1, 2]));
    const tuned = sequential([base, dense({ units: 3 })]);
    expect(namesOf(tuned).slice(2)).toEqual(["dense_1", "dense_2", "dense_3"]);
  });

  it("refuses two layers of one name, names that are none, and what is no layer", () => {
    const [a, b] = [dense({ units: 1, name: "a" }), relu({ name: "a" })];
    expect(() => sequential([a, b])).toThrow(/two layers are named "a": a dense and a relu/);
    expect(() => dense({ units: 1, name: "a.b" })).toThrow(
      /dense name: must be a name of letters.*is "a\.b"/,
    );
    // @ts-expect-error a function of tensors is not a layer
    expect(() => sequential([dense({ units: 1 }), (x) => x])).toThrow(
      /sequential: element 1 of its list is no layer/,
    );
  });

  it("shares the parameters of a layer between its calls", () => {
    const shared = dense({ units: 3 });
    const [x, y] = [input("x", "f32", [2, 3]), input("y", "f32", [5, 3])];
    expect(registersIn(concat([shared(x), shared(y)], 0))).toEqual(["dense_1.weight", "dense_1.bias"]);
    const twice = sequential([shared, relu(), shared]);
    expect(namesOf(twice)).toEqual(["", "dense_1", "relu_1"]);
    expect(registersIn(twice(x))).toHaveLength(2);
  });

  it("refuses an input that wants other parameters, and says which", () => {
    const model = build();
    model(images);
    expect(() => model(input("x", "f32", [batch, 3]))).toThrow(
      /dense: its weight is f32\[784, 500\] since its first call, and .* wants f32\[3, 500\].*layer "dense_1"/,
    );
    expect(() => model(input("x", "f64", [batch, 28, 28]))).toThrow(/wants f64\[784, 500\]/);
  });

  it("has no parameters after a first call that failed", () => {
    const model = sequential([dense({ units: 2 }), dense({ units: 2, name: "second" })]);
    const second = model.layers[1];
    second?.(input("x", "f32", [1, 5]));
    expect(() => model(input("x", "f32", [1, 3]))).toThrow(/its weight is f32\[5, 2\]/);
    expect(model.layers[0]?.registers).toEqual({});
    expect(() => sequential([model.layers[0] ?? relu()])(input("x", "f32", [1, 7]))).not.toThrow();
  });

  it("refuses parameters whose size would be a symbol", () => {
    const x = input("x", "f32", [batch, dim("features")]);
    expect(() => dense({ units: 2 })(x)).toThrow(
      /dense: its parameters depend on axis -1 of \[batch, features\], whose size "features" is a symbol/,
    );
  });
});

describe("two models in one graph", () => {
  const x = input("x", "f32", [2, 3]);

  it("are refused where layers would share registers by name alone", () => {
    const [encoder, decoder] = [sequential([dense({ units: 3 })]), sequential([dense({ units: 3 })])];
    const code = encoder(x);
    expect(() => decoder(code)).toThrow(
      /two layers of one graph have the register "dense_1.weight".*name: "decoder"/,
    );
  });

  it("are found side by side by the loss too", () => {
    const [a, b] = [dense({ units: 3 }), dense({ units: 3 })];
    expect(() => meanSquaredError(a(x), b(x))).toThrow(
      /two layers of one graph have the register "dense_1.weight"/,
    );
  });

  it("are refused where they would share a random stream or a register of the user's", () => {
    const [a, b] = [dropout({ rate: 0.5 }), dropout({ rate: 0.5 })];
    const once = a(x, { training: true });
    expect(() => b(once, { training: true })).toThrow(/have the random stream "dropout_1"/);
    const own = register("dense_1.bias", "f32", [3]);
    expect(() => dense({ units: 2 })(x.add(own))).toThrow(/have the register "dense_1.bias"/);
  });

  it("go together under names", () => {
    const encoder = sequential([dense({ units: 3 })], { name: "encoder" });
    const decoder = sequential([dense({ units: 3 })], { name: "decoder" });
    expect(registersIn(decoder(encoder(x)))).toEqual([
      "encoder/dense_1.weight",
      "encoder/dense_1.bias",
      "decoder/dense_1.weight",
      "decoder/dense_1.bias",
    ]);
  });

  it("may be one model called twice", () => {
    const model = sequential([dense({ units: 3 }), dropout({ rate: 0.5 })]);
    const y = model(model(x, { training: true }), { training: true });
    expect(equalShapes(y.shape, [2, 3])).toBe(true);
  });
});

describe("composition", () => {
  const x = ramp([2, 3]);

  it("sequential is each after the other, and the input itself where it is empty", () => {
    const [a, b] = [dense({ units: 4, name: "a" }), dense({ units: 2, name: "b" })];
    expect(run(sequential([a, relu(), b]), x).numbers).toEqual(run((t) => b(relu()(a(t))), x).numbers);
    expectClose(run(sequential([]), x).numbers, run(identity(), x).numbers, 0);
  });

  it("residual adds the input", () => {
    const inner = dense({ units: 3 });
    const outer = residual([inner]);
    expectClose(run(outer, x).numbers, run((t) => inner(t).add(t), x).numbers, 0);
    expect(inner.name).toBe("dense_1");
  });

  it.each([
    { join: "concat", size: 5, of: (a: readonly number[], b: readonly number[]) => [...a, ...b] },
    {
      join: "add",
      size: 3,
      of: (a: readonly number[], b: readonly number[]) => a.map((e, i) => e + (b[i] ?? 0)),
    },
    {
      join: "multiply",
      size: 3,
      of: (a: readonly number[], b: readonly number[]) => a.map((e, i) => e * (b[i] ?? 0)),
    },
    {
      join: "max",
      size: 3,
      of: (a: readonly number[], b: readonly number[]) => a.map((e, i) => Math.max(e, b[i] ?? 0)),
    },
  ] as const)("parallel joins its branches by $join", ({ join, size, of }) => {
    const branch = dense({ units: join === "concat" ? 2 : 3 });
    const block = parallel([identity(), branch], { join });
    const result = run(block, x);
    expect(result.value.shape).toEqual([2, size]);
    const [plain, other] = [run(identity(), x).numbers, run(branch, x).numbers];
    const rows = [0, 1].flatMap((row) =>
      of(
        plain.slice(row * 3, row * 3 + 3),
        other.slice((row * other.length) / 2, ((row + 1) * other.length) / 2),
      ),
    );
    expectClose(result.numbers, rows);
  });

  it("gives nodes their layer's name as scope", () => {
    const model = sequential([sequential([dense({ units: 3 })], { name: "block" }), residual([relu()])]);
    const y = withScope("net", () => model(input("x", "f32", [1, 3])));
    expect(y.node.origin.scope).toBe("net/residual_1");
    expect(y.node.inputs[0]?.node.origin.scope).toBe("net/block/dense_1");
    expect(y.node.inputs[1]?.node.origin.scope).toBe("net/residual_1/relu_1");
  });

  it("refuses parallel without branches", () => {
    expect(() => parallel([])(input("x", "f32", [1, 3]))).toThrow(/parallel: has no branches/);
  });
});
