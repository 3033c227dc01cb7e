import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
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
