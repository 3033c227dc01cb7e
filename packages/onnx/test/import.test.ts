import { describe, expect, it } from "vitest";
import { type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { nodesOf, rootsOf } from "@adjoint/ir/graph";
import { UnboundInputError, UnsupportedError, fromOnnx, inspectOnnx } from "@adjoint/onnx";
import { intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const i64 = (
  name: string,
  values: number[],
): { name: string; dataType: number; dims: number[]; int64Data: number[] } => ({
  name,
  dataType: 7,
  dims: [values.length],
  int64Data: values,
});

const f32 = (...values: number[]): ReturnType<typeof valueOf> => valueOf("f32", [values.length], values);

const operationsOf = (graph: Graph): readonly string[] =>
  nodesOf(rootsOf(graph)).map((n) => n.operation.name);

const refusal = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("fromOnnx", () => {
  it("folds Shape → Gather-like slices → Concat → Reshape with a symbolic batch", () => {
    const graph = fromOnnx(
      modelBytes({
        inputs: { x: ["batch", 2, 3] },
        outputs: { y: ["batch", 6] },
        initializers: [i64("zero", [0]), i64("one", [1]), i64("rest", [-1])],
        nodes: [
          node("Shape", ["x"], ["shape"]),
          node("Slice", ["shape", "zero", "one"], ["batch"]),
          node("Concat", ["batch", "rest"], ["target"], [intAttribute("axis", 0)]),
          node("Reshape", ["x", "target"], ["y"]),
        ],
      }),
    );
    expect(operationsOf(graph)).toEqual(["input", "reshape"]);
    expect(graph.outputs["y"]?.shape.map(String)).toEqual(["batch", "6"]);
  });

  it("folds sizes gathered by indices from the end, symbols among the others", () => {
    const graph = fromOnnx(
      modelBytes({
        inputs: { x: ["batch", 2, 3] },
        outputs: { y: undefined },
        initializers: [i64("last", [-1, -3]), i64("rest", [-1])],
        nodes: [
          node("Shape", ["x"], ["shape"]),
          node("Gather", ["shape", "last"], ["sizes"]),
          node("Concat", ["sizes", "rest"], ["target"], [intAttribute("axis", 0)]),
          node("Reshape", ["x", "target"], ["y"]),
        ],
      }),
    );
    expect(graph.outputs["y"]?.shape.map(String)).toEqual(["3", "batch", "2"]);
  });

  it("names the input to bind where a shape rests on it, and takes it as a constant", () => {
    const bytes = modelBytes({
      inputs: { x: [6] },
      i64Inputs: { shape: [2] },
      outputs: { y: undefined },
      nodes: [node("Reshape", ["x", "shape"], ["y"])],
    });
    const error = refusal(() => fromOnnx(bytes));
    expect(error).toBeInstanceOf(UnboundInputError);
    expect(error).toMatchObject({ inputs: ["shape"] });
    const graph = fromOnnx(bytes, { constants: { shape: valueOf("i64", [2], [2, 3]) } });
    expect(graph.outputs["y"]?.shape).toEqual([2, 3]);
    expect(Object.keys(graph.inputs)).toEqual(["x"]);
    expect(() => fromOnnx(bytes, { constants: { shape: f32(2, 3) } })).toThrow(/input "shape" is i64\[2\]/);
    expect(() => fromOnnx(bytes, { constants: { form: f32(1) } })).toThrow(/"form" is to be bound/);
  });

  it("names every operator that it lacks, with counts, in sub-graphs and functions too", () => {
    const error = refusal(() =>
      fromOnnx(
        modelBytes({
          inputs: { x: [1] },
          outputs: { y: [1] },
          functions: [
            {
              domain: "own",
              name: "F",
              input: ["a"],
              output: ["b"],
              node: [node("Frobnicate", ["a"], ["b"])],
              opsetImport: [{ domain: "", version: 17 }],
            },
          ],
          nodes: [
            node("Quux", ["x"], ["a"]),
            node("Quux", ["a"], ["b"]),
            { ...node("F", ["b"], ["c"]), domain: "own" },
            { ...node("F", ["c"], ["y"]), domain: "own" },
          ],
        }),
      ),
    );
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({
      features: new Map([
        ["Quux", 2],
        ["Frobnicate", 1],
      ]),
    });
  });

  it("calls a model's own functions with attributes and absent inputs", () => {
    const graph = fromOnnx(
      modelBytes({
        inputs: { x: [2] },
        outputs: { y: [2] },
        functions: [
          {
            domain: "own",
            name: "Leaky",
            input: ["a", "low"],
            output: ["b"],
            attribute: ["slope"],
            node: [
              node("LeakyRelu", ["a"], ["c"], [{ name: "alpha", refAttrName: "slope", type: 1 }]),
              node("Clip", ["c", "low"], ["b"]),
            ],
            opsetImport: [{ domain: "", version: 17 }],
          },
        ],
        nodes: [{ ...node("Leaky", ["x"], ["y"], [{ name: "slope", f: 0.5, type: 1 }]), domain: "own" }],
      }),
    );
    const { outputs } = evaluate(graph, { x: f32(-2, 4) });
    expect(outputs["y"] && toNumbers(outputs["y"])).toEqual([-1, 4]);
  });

  it("converts older forms: axes as attributes, and broadcasting from an axis", () => {
    const squeeze = (opset: number): Graph =>
      fromOnnx(
        modelBytes({
          opset,
          inputs: { x: [1, 3, 1] },
          outputs: { y: [3, 1] },
          nodes: [node("Squeeze", ["x"], ["y"], [intsAttribute("axes", [0])])],
        }),
      );
    expect(squeeze(11).outputs["y"]?.shape).toEqual([3, 1]);
    expect(() => squeeze(13)).toThrow(/Squeeze: .*axes/);
    const add = fromOnnx(
      modelBytes({
        opset: 6,
        inputs: { a: [2, 3, 4], b: [3] },
        outputs: { y: [2, 3, 4] },
        nodes: [node("Add", ["a", "b"], ["y"], [intAttribute("axis", 1), intAttribute("broadcast", 1)])],
      }),
    );
    expect(add.outputs["y"]?.shape).toEqual([2, 3, 4]);
  });

  it("imports branches that read the graph around them, and only the one taken where that is known", () => {
    const branch = (operator: string): { name: string; g: object; type: number } => ({
      name: operator === "Neg" ? "then_branch" : "else_branch",
      g: { node: [node(operator, ["x"], ["r"])], output: [{ name: "r" }] },
      type: 5,
    });
    const graph = fromOnnx(
      modelBytes({
        inputs: { x: [1], flag: [1] },
        outputs: { y: [1] },
        nodes: [
          node("Cast", ["flag"], ["c"], [intAttribute("to", 9)]),
          node("If", ["c"], ["y"], [branch("Neg"), branch("Exp")]),
        ],
      }),
    );
    const run = (flag: number): unknown => evaluate(graph, { x: f32(0), flag: f32(flag) }).outputs["y"]?.data;
    expect(run(1)).toEqual(new Float32Array([-0]));
    expect(run(0)).toEqual(new Float32Array([1]));
    const known = fromOnnx(
      modelBytes({
        inputs: { x: [1] },
        outputs: { y: [1] },
        initializers: [{ name: "c", dataType: 9, dims: [], int32Data: [0] }],
        nodes: [node("If", ["c"], ["y"], [branch("Neg"), branch("Exp")])],
      }),
    );
    expect(operationsOf(known)).toEqual(["input", "exp"]);
  });

  it("checks declared output shapes", () => {
    const relu = (shape: readonly (number | string)[]): Graph =>
      fromOnnx(
        modelBytes({ inputs: { x: ["n", 3] }, outputs: { y: shape }, nodes: [node("Relu", ["x"], ["y"])] }),
      );
    expect(relu(["n", 3]).outputs["y"]?.rank).toBe(2);
    expect(relu(["any", 3]).outputs["y"]?.rank).toBe(2);
    expect(() => relu(["n", 4])).toThrow(/output "y" is declared f32\[n, 4\]/);
    expect(() => relu([3])).toThrow(/contradicts/);
  });

  it("reads operator sets 1 to 28, and refuses others by number", () => {
    const of = (opset: number): Graph =>
      fromOnnx(
        modelBytes({ opset, inputs: { x: [2] }, outputs: { y: [2] }, nodes: [node("Neg", ["x"], ["y"])] }),
      );
    for (let opset = 1; opset <= 28; opset++) expect(of(opset).outputs["y"]?.shape).toEqual([2]);
    for (const opset of [0, 29]) {
      const error = refusal(() => of(opset));
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(String(error)).toContain(`operator set ${opset}`);
    }
  });

  it("binds symbols, and makes names of layers from names of nodes", () => {
    const bytes = modelBytes({
      inputs: { x: ["batch size", 3] },
      outputs: { y: undefined },
      nodes: [{ ...node("Relu", ["x"], ["y"]), name: "first" }],
    });
    expect(fromOnnx(bytes).inputs["x"]?.shape.map(String)).toEqual(["batch_size", "3"]);
    expect(fromOnnx(bytes, { dims: { "batch size": 4 } }).inputs["x"]?.shape).toEqual([4, 3]);
    expect(fromOnnx(bytes).outputs["y"]?.node.origin.place).toContain("first");
  });
});

it("inspectOnnx tells inputs without weights, and operators", () => {
  const summary = inspectOnnx(
    modelBytes({
      inputs: { x: [1], w: [1] },
      outputs: { y: [1] },
      initializers: [{ name: "w", dataType: 1, dims: [1], floatData: [1] }],
      nodes: [node("Add", ["x", "w"], ["y"])],
    }),
  );
  expect(summary.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect([...summary.operators]).toEqual([["Add", 1]]);
  expect(summary.opsets.get("")).toBe(17);
});
