import { describe, expect, it } from "vitest";
import { input } from "@adjoint/ir";
import { dim, equalShapes } from "@adjoint/ir/values";
import {
  batchNorm,
  conv2d,
  cut,
  dense,
  embedding,
  flatten,
  globalAveragePool,
  identity,
  maxPool,
  parallel,
  relu,
  residual,
  sequential,
  summary,
} from "@adjoint/layers";
import { ramp, run } from "./support.ts";

describe("S11 summary", () => {
  const regression = sequential([
    dense({ units: 64, activation: "relu" }),
    dense({ units: 64, activation: "relu" }),
    dense({ units: 1 }),
  ]);

  it("counts 896, 4160, 65 and 5,121 for dense 64-64-1 on 13 inputs", () => {
    const { rows, total, trainable, nonTrainable, text } = summary(regression, [dim("batch"), 13]);
    expect(rows.map((row) => row.parameters)).toEqual([896, 4160, 65]);
    expect([total, trainable, nonTrainable]).toEqual([5121, 5121, 0]);
    expect(text).toMatchInlineSnapshot(`
      "Layer (type)      Output shape   Param #
      ────────────────────────────────────────
      dense_1 (dense)   [batch, 64]        896
      dense_2 (dense)   [batch, 64]       4160
      dense_3 (dense)   [batch, 1]          65
      ────────────────────────────────────────
      Total params: 5,121
      Trainable params: 5,121
      Non-trainable params: 0"
    `);
  });

  it("makes no parameters", () => {
    summary(regression, [1, 13]);
    expect(summary(regression, [1, 2]).total).toBe(192 + 4160 + 65);
    expect(regression.layers[0]?.registers).toEqual({});
  });

  it("counts running statistics apart and shared layers once, and shows layers of layers as their parts", () => {
    const shared = dense({ units: 8 });
    const model = sequential([
      conv2d({ filters: 8, kernel: 3 }),
      batchNorm(),
      parallel([maxPool({ kernel: 2 }), sequential([relu(), maxPool({ kernel: 2 })])], { join: "add" }),
      globalAveragePool(),
      shared,
      residual([shared]),
    ]);
    const result = summary(model, input("images", "f32", [dim("batch"), 1, 28, 28]));
    expect(result.rows.map(({ name, parameters, shared: again }) => [name, parameters, again])).toEqual([
      ["conv2d_1", 80, false],
      ["batchNorm_1", 32, false],
      ["parallel_1/maxPool_1", 0, false],
      ["parallel_1/sequential_1/relu_1", 0, false],
      ["parallel_1/sequential_1/maxPool_1", 0, false],
      ["globalAveragePool_1", 0, false],
      ["dense_1", 72, false],
      ["dense_1", 72, true],
    ]);
    expect(result).toMatchObject({ total: 184, trainable: 168, nonTrainable: 16 });
    expect(result.rows.map((row) => row.outputShape.join())[2]).toBe("batch,8,13,13");
  });

  it("takes the type of inputs that are no f32", () => {
    const words = sequential([embedding({ vocabulary: 10, units: 4 }), flatten()]);
    expect(summary(words, { dtype: "i32", shape: [1, 3] }).rows.map((row) => row.parameters)).toEqual([
      40, 0,
    ]);
    expect(() => summary(words, [1, 3])).toThrow(/embedding: wants integer indices/);
  });

  it("refuses an input that the model was not made for", () => {
    const model = sequential([dense({ units: 2 })]);
    model(input("x", "f32", [1, 4]));
    expect(() => summary(model, [1, 5])).toThrow(/its weight is f32\[4, 2\] since its first call/);
  });
});

describe("S11 a model cut at an inner layer", () => {
  const x = ramp([2, 3]);

  it("gives that layer's output, from the same parameters", () => {
    const model = sequential([dense({ units: 4 }), relu(), dense({ units: 2 }), relu()]);
    const inner = cut(model, "dense_2");
    const both = run(
      (t) => inner(t).sub(model.layers[2]?.(model.layers[1]?.(model.layers[0]?.(t) ?? t) ?? t) ?? t),
      x,
    );
    expect(both.numbers).toEqual([0, 0, 0, 0]);
    expect(inner.layers).toEqual(model.layers.slice(0, 3));
  });

  it("goes into layers of layers", () => {
    const model = sequential([
      dense({ units: 3 }),
      sequential([dense({ units: 3 }), relu()], { name: "block" }),
      residual([dense({ units: 3 }), relu()], { name: "skip" }),
      parallel([identity(), sequential([dense({ units: 5 }), relu()])], { name: "fork" }),
    ]);
    const names = (at: string): readonly string[] => cut(model, at).layers.map((layer) => layer.name);
    expect(names("block/dense_1")).toEqual(["dense_1", "block/dense_1"]);
    expect(names("block")).toEqual(["dense_1", "block"]);
    expect(names("skip/dense_1")).toEqual(["dense_1", "block", "skip/dense_1"]);
    expect(names("fork/sequential_1/dense_1")).toEqual([
      "dense_1",
      "block",
      "skip",
      "fork/sequential_1/dense_1",
    ]);
    expect(
      equalShapes(cut(model, "fork/sequential_1/dense_1")(input("x", "f32", [1, 3])).shape, [1, 5]),
    ).toBe(true);
  });

  it("names the layers when there is no such one", () => {
    expect(() => cut(sequential([dense({ units: 4 }), relu()]), "dense_2")).toThrow(
      /cut: no layer is named "dense_2"\. Layers are dense_1, relu_1\./,
    );
  });
});
