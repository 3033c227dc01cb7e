import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { describe, expect, it } from "vitest";
import { type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { nodesOf, rootsOf } from "@adjoint/ir/graph";
import { UnboundInputError, fromOnnx } from "@adjoint/onnx";
import { intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const { onnx } = onnxProto;
const [FLOAT, INT64, BOOL] = [1, 7, 9];

const named = (name: string, elemType = FLOAT): Proto.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType } },
});

const graphAttribute = (name: string, g: Proto.IGraphProto): Proto.IAttributeProto => ({
  name,
  g,
  type: onnx.AttributeProto.AttributeType.GRAPH,
});

/** A loop's body over `x`; `less` says how the condition comes about. */
const body = (
  nodes: Proto.INodeProto[],
  outputs: readonly string[],
  inputs: readonly string[] = ["x"],
): Proto.IAttributeProto =>
  graphAttribute("body", {
    name: "body",
    input: [named("step", INT64), named("before", BOOL), ...inputs.map((name) => named(name))],
    output: outputs.map((name) => named(name)),
    node: nodes,
  });

const scalar = (name: string, dataType: number, value: number): Proto.ITensorProto =>
  dataType === INT64
    ? { name, dataType, dims: [], int64Data: [value] }
    : dataType === BOOL
      ? { name, dataType, dims: [], int32Data: [value] }
      : { name, dataType, dims: [], floatData: [value] };

const initializers = [
  scalar("two", FLOAT, 2),
  scalar("limit", FLOAT, 10),
  scalar("trips", INT64, 6),
  scalar("yes", BOOL, 1),
];

const f32 = (shape: readonly number[], ...elements: number[]): ReturnType<typeof valueOf> =>
  valueOf("f32", shape, elements);
const kinds = (graph: Graph): readonly string[] =>
  nodesOf(rootsOf(graph)).map(({ operation }) => operation.name);

/** Doubles x until it is 10 or more, at most `trips` times. */
const doubling = [node("Mul", ["x", "two"], ["next"]), node("Less", ["next", "limit"], ["on"])];

describe("Loop", () => {
  const loop = (
    inputs: string[],
    attribute: Proto.IAttributeProto,
    outputs: { [name: string]: number[] | undefined },
    x: number[] = [],
  ): Graph =>
    fromOnnx(
      modelBytes({
        opset: 16,
        inputs: { x0: x },
        outputs,
        initializers,
        nodes: [node("Loop", [...inputs, "x0"], Object.keys(outputs), [attribute])],
      }),
    );

  it("stops changing its carries when the condition fails", () => {
    const graph = loop(["trips", "yes"], body(doubling, ["on", "next"]), { y: [] });
    expect(kinds(graph)).toContain("scan");
    const run = (x: number): unknown =>
      toNumbers(evaluate(graph, { x0: f32([], x) }).outputs["y"] ?? f32([0]));
    expect([run(3), run(20), run(0.01)]).toEqual([[12], [40], [0.64]].map((row) => row.map(Math.fround)));
  });

  it("ignores the condition where the node gives none", () => {
    const graph = loop(["trips", ""], body(doubling, ["on", "next"]), { y: [] });
    expect(toNumbers(evaluate(graph, { x0: f32([], 3) }).outputs["y"] ?? f32([0]))).toEqual([192]);
  });

  it("stacks outputs, and names the input that says how many there are", () => {
    const steady = body(
      [node("Mul", ["x", "two"], ["next"]), node("Identity", ["before"], ["on"])],
      ["on", "next", "next"],
    );
    const graph = loop(["trips", "yes"], steady, { y: [], ys: [6] });
    expect(toNumbers(evaluate(graph, { x0: f32([], 1) }).outputs["ys"] ?? f32([0]))).toEqual([
      2, 4, 8, 16, 32, 64,
    ]);
    const open = (): Graph =>
      loop(["trips", "yes"], body(doubling, ["on", "next", "next"]), { y: [], ys: undefined });
    expect(open).toThrow(UnboundInputError);
    expect(open).toThrow(/"x0"/);
  });

  it("takes carries that grow", () => {
    const growing = body(
      [node("Concat", ["x", "x"], ["next"], [intAttribute("axis", 0)]), node("Identity", ["before"], ["on"])],
      ["on", "next"],
    );
    expect(loop(["trips", "yes"], growing, { y: [64] }, [1]).outputs["y"]?.shape).toEqual([64]);
  });
});

describe("Scan before opset 9", () => {
  it("has a batch axis, and sequences of their own lengths", () => {
    const sum = graphAttribute("body", {
      name: "sum",
      input: [named("state"), named("item")],
      output: [named("next"), named("copy")],
      node: [node("Add", ["state", "item"], ["next"]), node("Identity", ["next"], ["copy"])],
    });
    const graph = fromOnnx(
      modelBytes({
        opset: 8,
        inputs: { start: [2], items: [2, 3] },
        outputs: { end: [2], sums: [2, 3] },
        initializers: [{ name: "lengths", dataType: INT64, dims: [2], int64Data: [3, 2] }],
        nodes: [
          node(
            "Scan",
            ["lengths", "start", "items"],
            ["end", "sums"],
            [sum, intAttribute("num_scan_inputs", 1), intsAttribute("directions", [0])],
          ),
        ],
      }),
    );
    const { outputs } = evaluate(graph, { start: f32([2], 10, 20), items: f32([2, 3], 1, 2, 3, 4, 5, 6) });
    expect(Object.values(outputs).map(toNumbers)).toEqual([
      [16, 29],
      [11, 13, 16, 24, 29, 0],
    ]);
  });
});

describe("If", () => {
  it("names the condition where the branches differ", () => {
    const branch = (name: string, x: string): Proto.IAttributeProto =>
      graphAttribute(name, { name, output: [named("out")], node: [node("Identity", [x], ["out"])] });
    const bytes = modelBytes({
      inputs: { a: [2], b: [3], s: [] },
      outputs: { y: undefined },
      nodes: [
        node("Cast", ["s"], ["condition"], [intAttribute("to", BOOL)]),
        node("If", ["condition"], ["y"], [branch("then_branch", "a"), branch("else_branch", "b")]),
      ],
    });
    expect(() => fromOnnx(bytes)).toThrow(/If: .*"s"/);
    expect(fromOnnx(bytes, { constants: { s: f32([], 0) } }).outputs["y"]?.shape).toEqual([3]);
  });
});

describe("sequences", () => {
  const sequenceInput: Proto.IValueInfoProto = {
    name: "s",
    type: { sequenceType: { elemType: { tensorType: { elemType: FLOAT } } } },
  };
  const model = (nodes: Proto.INodeProto[], output: Proto.IValueInfoProto): Uint8Array =>
    onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: { name: "g", node: nodes, input: [sequenceInput], output: [output] },
    }).finish();
  const items = [f32([1], 1), f32([2], 2, 3)];

  it("are refused where a tensor is wanted, and the other way about", () => {
    const concat = model([node("Abs", ["s"], ["t"])], named("t"));
    expect(() => fromOnnx(concat, { constants: { s: items } })).toThrow(/Abs.*tensor/);
    expect(() => fromOnnx(concat, { constants: { s: f32([1], 1) } })).toThrow(
      /is sequence\(f32\) and is bound to f32\[1\]/,
    );
    const length = model(
      [node("SequenceLength", ["s"], ["n"]), node("SequenceLength", ["n"], ["t"])],
      named("t", INT64),
    );
    expect(() => fromOnnx(length, { constants: { s: items } })).toThrow(/must be a sequence and is i64/);
  });

  it("are bound before the import, and give an output for each item", () => {
    const bytes = model([node("SequenceConstruct", [], ["none"]), node("Identity", ["s"], ["t"])], {
      ...sequenceInput,
      name: "t",
    });
    expect(() => fromOnnx(bytes)).toThrow(UnboundInputError);
    const graph = fromOnnx(bytes, { constants: { s: items } });
    expect(Object.entries(graph.outputs).map(([name, { shape }]) => [name, shape])).toEqual([
      ["t.0", [1]],
      ["t.1", [2]],
    ]);
  });
});
