import { describe, expect, it } from "vitest";
import { input } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import {
  type Layer,
  type LayerKind,
  fromJson,
  layerKinds,
  makeLayer,
  sequential,
  toJson,
  averagePool,
  batchNorm,
  binaryStep,
  celu,
  conv1d,
  conv2d,
  dense,
  dropout,
  elu,
  embedding,
  flatten,
  gaussianNoise,
  gelu,
  globalAveragePool,
  globalMaxPool,
  hardSigmoid,
  hardSwish,
  heNormal,
  identity,
  layerNorm,
  layersOf,
  leakyRelu,
  logSoftmax,
  maxPool,
  maxout,
  mish,
  normal,
  parallel,
  prelu,
  relu,
  reshape,
  residual,
  rrelu,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from "@adjoint/layers";
import { z } from "zod";
import { ramp, run } from "./support.ts";

/** One of each kind, with settings off their defaults, that pass [2, 4, 6, 6] on. */
function everything(): Layer {
  const shared = prelu({ shared: true });
  const plain = [
    identity(),
    selu(),
    sigmoid(),
    tanh(),
    softplus(),
    softsign(),
    silu(),
    mish(),
    hardSwish(),
    binaryStep(),
    relu(),
  ];
  return sequential(
    [
      conv2d({
        filters: 4,
        kernel: [3, 3],
        padding: "same",
        weightInitializer: heNormal({ gain: 2 }),
      }),
      parallel([identity(), sequential([batchNorm({ momentum: 0.5 }), relu()], { name: "branch" })], {
        join: "add",
      }),
      residual([shared, leakyRelu({ alpha: 0.3 }), shared]),
      maxPool({ kernel: 2, strides: 1 }),
      averagePool({ kernel: 2, strides: 1, padding: 1, countIncludePad: true }),
      dropout({ rate: 0.5 }),
      gaussianNoise({ standardDeviation: 0.1 }),
      rrelu({ lower: 0.1, upper: 0.2 }),
      elu({ alpha: 0.5 }),
      celu({ alpha: 0.5 }),
      gelu({ approximate: "tanh" }),
      hardSigmoid({ alpha: 0.1 }),
      thresholdedRelu({ alpha: 0.1 }),
      parallel([globalAveragePool(), globalMaxPool()]),
      maxout({ pieces: 2 }),
      reshape({ shape: [2, -1] }),
      conv1d({ filters: 2, kernel: 1, bias: false }),
      layerNorm({ axis: -2, bias: false }),
      flatten(),
      dense({ units: 3, weightInitializer: normal(), name: "head" }),
      softmax(),
      logSoftmax(),
      ...plain,
    ],
    { name: "all" },
  );
}

describe("JSON", () => {
  it("brings back the same model: the same JSON, names, registers and outputs", () => {
    const model = everything();
    const text = JSON.stringify(toJson(model));
    const again = fromJson(JSON.parse(text));
    expect(JSON.stringify(toJson(again))).toBe(text);
    const x = ramp([2, 4, 6, 6], 0.01);
    const [before, after] = [run(model, x, { seed: 7 }), run(again, x, { seed: 7 })];
    expect(after.numbers).toEqual(before.numbers);
    expect(after.state).toEqual(before.state);
    const [one, two] = [
      run(model, x, { training: true, seed: 7 }),
      run(again, x, { training: true, seed: 7 }),
    ];
    expect(two.numbers).toEqual(one.numbers);
    expect(Object.keys(two.state)).toContain("all/parallel_1/branch/batchNorm_1.mean");
  });

  it("knows every kind in the table, by its name", () => {
    const used = new Set(layersOf(everything()).map((layer) => layer.kind));
    expect([...layerKinds.keys()].filter((kind) => !used.has(kind))).toEqual(["embedding"]);
    expect([...layerKinds].every(([name, { kind }]) => name === kind)).toBe(true);
    const model = sequential([embedding({ vocabulary: 5, units: 2, dtype: "f64" })]);
    expect(toJson(fromJson(toJson(model)))).toEqual(toJson(model));
  });

  it("keeps shared layers shared", () => {
    const shared = dense({ units: 3 });
    const again = fromJson(toJson(sequential([shared, relu(), shared])));
    expect(again.layers[0]).toBe(again.layers[2]);
    expect(toJson(again).model).toMatchObject({ layers: [{ name: "dense_1" }, {}, { same: "dense_1" }] });
  });

  it("keeps names that were fixed elsewhere", () => {
    const base = sequential([dense({ units: 3 })]);
    base(input("x", "f32", [1, 3]));
    const again = fromJson(toJson(sequential([base, dense({ units: 2 })])));
    const output = again(input("x", "f32", [1, 3]));
    expect([...registersOf({ inputs: {}, outputs: { output }, updates: [] }).keys()]).toEqual([
      "dense_1.weight",
      "dense_1.bias",
      "dense_2.weight",
      "dense_2.bias",
    ]);
  });

  it("is detached from the model, whose settings can't be changed", () => {
    const layer = reshape({ shape: [2, 2] });
    const json = toJson(layer);
    expect("config" in json.model && json.model.config).not.toBe(layer.config);
    expect(Object.isFrozen(layer.config)).toBe(true);
  });

  it("reads kinds of one's own", () => {
    const scale: LayerKind<{ factor: number }> = {
      kind: "scale",
      schema: z.strictObject({ factor: z.number() }),
      build: (x, { config }) => x.mul(config.factor),
    };
    const json = toJson(sequential([makeLayer(scale, { factor: 3 })]));
    expect(run(fromJson(json, { kinds: [scale] }), ramp([1, 2], 1, 1)).numbers).toEqual([3, 6]);
    expect(() => fromJson(json)).toThrow(
      /model.layers\[0\] has the unknown kind "scale".*Kinds are sequential, residual,/,
    );
  });
});

describe("JSON from anywhere", () => {
  const leaf = { kind: "dense", name: "a", config: { units: 2 } };
  const model = (node: unknown): unknown => ({ format: "adjoint-model", version: 1, model: node });
  const chain = (...nodes: readonly unknown[]): unknown =>
    model({ kind: "sequential", name: "", config: {}, layers: nodes });
  const deep = (levels: number): unknown => {
    let node: unknown = leaf;
    for (let level = 0; level < levels; level++)
      node = { kind: "sequential", name: `s${level}`, config: {}, layers: [node] };
    return node;
  };

  /** Each level runs the level below twice. */
  const bomb = (levels: number): unknown =>
    levels === 0
      ? leaf
      : {
          kind: "sequential",
          name: `s${levels}`,
          config: {},
          layers: [bomb(levels - 1), { same: levels === 1 ? "a" : `s${levels - 1}` }],
        };

  it("reads what is well formed, settings filled in", () => {
    expect(fromJson(chain(leaf)).layers[0]?.config).toMatchObject({ units: 2, bias: true });
    expect(fromJson(model(deep(60))).kind).toBe("sequential");
  });

  it.each([
    ["null", null, /fromJson: Invalid input/],
    [
      "another format",
      { format: "keras", version: 1, model: leaf },
      /format must be "adjoint-model" and is "keras"/,
    ],
    [
      "a newer version",
      { format: "adjoint-model", version: 2, model: leaf },
      /version 2 and this library reads version 1\. Update/,
    ],
    ["no node", model(5), /model is refused: .*expected object/],
    ["a kind from the prototype", chain({ ...leaf, kind: "constructor" }), /unknown kind "constructor"/],
    ["a kind that is no text", chain({ ...leaf, kind: {} }), /kind must be a kind of layer/],
    [
      "wrong settings",
      chain({ ...leaf, config: { units: "two" } }),
      /model.layers\[0\] is refused: dense: units must be a whole number/,
    ],
    ["unknown settings", chain({ ...leaf, config: { units: 2, evil: 1 } }), /unknown setting "evil"/],
    [
      "endless sizes",
      chain({ ...leaf, config: { units: 1e300 } }),
      /units must be a whole number from 1 to 2147483647/,
    ],
    ["unknown fields", chain({ ...leaf, extra: 1 }), /unknown setting "extra"/],
    ["a bad name", chain({ ...leaf, name: "a.b" }), /name must be names joined by \/ and is "a\.b"/],
    ["no name", chain({ ...leaf, name: "" }), /model.layers\[0\] has no name/],
    [
      "a name in the settings",
      chain({ ...leaf, config: { units: 2, name: "b" } }),
      /has a name among its settings/,
    ],
    [
      "two of one name",
      chain(leaf, { kind: "relu", name: "a", config: {} }),
      /has the name "a" of another layer/,
    ],
    ["layers in a dense", chain({ ...leaf, layers: [] }), /is a dense and can't have `layers`/],
    [
      "a sequential without",
      model({ kind: "sequential", name: "", config: {} }),
      /is a sequential and lacks `layers`/,
    ],
    ["a reference to nothing", chain({ same: "b" }), /refers to "b", which is not before it/],
    [
      "a reference to itself",
      model({ kind: "sequential", name: "s", config: {}, layers: [{ same: "s" }] }),
      /refers to "s"/,
    ],
    ["great depth", model(deep(100_000)), /is more than 64 levels deep/],
    ["layers that multiply by reference", model(bomb(20)), /stands for more than 100000 layers/],
  ])("refuses %s", (_, json, message) => {
    expect(() => fromJson(json)).toThrow(message);
  });
});
