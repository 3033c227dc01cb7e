import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, LimitError } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { bombs } from "./bombs.ts";
import { modelBytes, node } from "./model.ts";

const { onnx } = onnxProto;

const bytes = modelBytes({
  inputs: { x: ["n", 2] },
  outputs: { y: ["n", 2] },
  initializers: [{ name: "w", dataType: 1, dims: [2], floatData: [1, 2] }],
  nodes: [node("Add", ["x", "w"], ["a"]), node("Relu", ["a"], ["y"])],
});

const expectRefusalOrGraph = (given: Uint8Array): void => {
  try {
    fromOnnx(given);
  } catch (error) {
    expect(error).toBeInstanceOf(AdjointError);
  }
};

describe("hostile files", () => {
  it("truncated anywhere: a typed error", () => {
    for (let length = 0; length < bytes.length; length++) expectRefusalOrGraph(bytes.subarray(0, length));
    expect(() => fromOnnx(bytes.subarray(0, bytes.length - 30))).toThrow(AdjointError);
  });

  it("bits flipped: a typed error, or a graph", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length * 8 - 1), { minLength: 1, maxLength: 6 }), (bits) => {
        const broken = bytes.slice();
        for (const bit of bits) broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expectRefusalOrGraph(broken);
      }),
      { numRuns: 400 },
    );
  });

  it("cycles, dangling and duplicate names", () => {
    const of = (...nodes: Proto.INodeProto[]): (() => unknown) => {
      const made = modelBytes({ inputs: { x: [1] }, outputs: { y: [1] }, nodes });
      return () => fromOnnx(made);
    };
    expect(of(node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"]))).toThrow(
      /reads "b", which nothing before/,
    );
    expect(of(node("Relu", ["nothing"], ["y"]))).toThrow(/reads "nothing"/);
    expect(of(node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"]))).toThrow(/two values are named "y"/);
    expect(of(node("Relu", ["x"], ["z"]))).toThrow(/output reads "y"/);
  });

  it("enormous sizes cost nothing", () => {
    const huge = modelBytes({
      outputs: { y: undefined },
      initializers: [{ name: "s", dataType: 7, dims: [2], int64Data: [2 ** 30, 2 ** 30] }],
      nodes: [
        node("ConstantOfShape", ["s"], ["v"]),
        node("Shape", ["v"], ["t"]),
        node("ConstantOfShape", ["t"], ["y"]),
      ],
    });
    expect(fromOnnx(huge).outputs["y"]?.shape).toEqual([2 ** 30, 2 ** 30]);
  });

  it("deep nesting is refused before it is decoded", () => {
    let graph: Proto.IGraphProto = { node: [node("Relu", ["x"], ["y"])] };
    for (let depth = 0; depth < 500; depth++)
      graph = { node: [node("If", ["c"], ["y"], [{ name: "then_branch", g: graph, type: 5 }])] };
    const deep = onnx.ModelProto.encode({ irVersion: 8, graph }).finish();
    expect(() => fromOnnx(deep)).toThrow(/nested deeper/);
  });

  it("functions that call themselves", () => {
    const own = (output: string): Proto.INodeProto => ({ ...node("F", ["a"], [output]), domain: "own" });
    const recursive = modelBytes({
      inputs: { a: [1] },
      outputs: { y: [1] },
      functions: [{ domain: "own", name: "F", input: ["a"], output: ["b"], node: [own("b")] }],
      nodes: [own("y")],
    });
    expect(() => fromOnnx(recursive)).toThrow(/calls itself/);
  });
});

const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe("files of a few bytes that ask for more than there is", () => {
  it.for(Object.entries(bombs))("%s", ([, make]) => {
    const given = make();
    expect(given.length).toBeLessThan(4096);
    const error = thrown(() => fromOnnx(given));
    expect(error).toBeInstanceOf(LimitError);
    if (!(error instanceof LimitError)) return;
    // The amount asked was known before anything was made, so that no more than the limit was taken.
    expect(error.asked).toBeGreaterThan(error.limit);
    expect(error.message).toMatch(/asks for [\d.e+]+ .+, and the limit is \d+\. (Raise it|Bind|Join)/);
    expect(error.message.length).toBeLessThan(300);
  });

  it("limits can be set, and what was asked is counted over the whole import", () => {
    const nodes = Array.from({ length: 100 }, (_, index) =>
      node("Neg", [index === 0 ? "x" : `t${index}`], [index === 99 ? "y" : `t${index + 1}`]),
    );
    const made = modelBytes({ inputs: { x: [1] }, outputs: { y: [1] }, nodes });
    expect(() => fromOnnx(made, { limits: { nodes: 150 } })).toThrow(
      /asks for 151 nodes, and the limit is 150/,
    );
    expect(fromOnnx(made, { limits: { nodes: 500 } }).outputs["y"]?.shape).toEqual([1]);
    const window = modelBytes({
      outputs: { y: undefined },
      initializers: [{ name: "n", dataType: 7, dims: [], int64Data: [1000] }],
      nodes: [node("HannWindow", ["n"], ["y"])],
    });
    expect(() => fromOnnx(window, { limits: { elements: 1999 } })).toThrow(/asks for 2000 elements/);
    expect(fromOnnx(window, { limits: { elements: 2000 } }).outputs["y"]?.shape).toEqual([1000]);
    const weights = modelBytes({
      outputs: { y: [1000] },
      initializers: [{ name: "w", dataType: 1, dims: [1000], rawData: new Uint8Array(4000) }],
      nodes: [node("Neg", ["w"], ["y"])],
    });
    expect(() => fromOnnx(weights, { limits: { bytes: 3999 } })).toThrow(/asks for 4000 bytes of weights/);
    expect(fromOnnx(weights, { limits: { bytes: 4000 } }).outputs["y"]?.shape).toEqual([1000]);
  });

  it("a function's weights are read once, however often it is called", () => {
    const calls = Array.from({ length: 50 }, (_, index) => ({
      ...node("F", [index === 0 ? "x" : `t${index}`], [index === 49 ? "y" : `t${index + 1}`]),
      domain: "own",
    }));
    const value = { dataType: 1, dims: [1000], rawData: new Uint8Array(4000) };
    const made = modelBytes({
      inputs: { x: [1000] },
      outputs: { y: [1000] },
      functions: [
        {
          domain: "own",
          name: "F",
          opsetImport: [{ domain: "", version: 17 }],
          input: ["a"],
          output: ["b"],
          node: [
            node("Constant", [], ["w"], [{ name: "value", type: 4, t: value }]),
            node("Add", ["a", "w"], ["b"]),
          ],
        },
      ],
      nodes: calls,
    });
    expect(fromOnnx(made, { limits: { bytes: 4000 } }).outputs["y"]?.shape).toEqual([1000]);
  });

  it("names and sizes of megabytes: short messages", () => {
    const long = "n".repeat(2 ** 21);
    const spaced = "n ".repeat(2 ** 20);
    const errors = [
      () =>
        fromOnnx(
          modelBytes({ inputs: { x: [long] }, outputs: { y: [1] }, nodes: [node("Neg", ["x"], ["y"])] }),
        ),
      ...[long, spaced].flatMap((name) => [
        () =>
          fromOnnx(
            modelBytes({ inputs: { x: [1] }, outputs: { y: [1] }, nodes: [node("Neg", [name], ["y"])] }),
          ),
        () =>
          fromOnnx(
            modelBytes({ inputs: { x: [1] }, outputs: { y: [1] }, nodes: [node(name, ["x"], ["y"])] }),
          ),
        () =>
          fromOnnx(
            modelBytes({
              inputs: { x: [1] },
              outputs: { y: [1] },
              nodes: [{ ...node("MatMul", ["x", "x", "x"], ["y"]), name }],
            }),
          ),
        () =>
          fromOnnx(
            modelBytes({ inputs: { [name]: [1] }, outputs: { y: [2] }, nodes: [node("Neg", [name], ["y"])] }),
          ),
      ]),
    ].map(thrown);
    for (const error of errors) {
      expect(error).toBeInstanceOf(AdjointError);
      expect(error instanceof Error ? error.message.length : 0).toBeLessThan(10_000);
    }
  });
});
