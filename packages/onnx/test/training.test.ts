import { describe, expect, it } from "vitest";
import { type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import onnxProto, { type onnx as Proto } from "onnx-proto";
import { type ModelParts, floatAttribute, modelBytes, node, textAttribute } from "./model.ts";

const domain = "ai.onnx.preview.training";

const f32 = (shape: readonly number[], ...elements: readonly number[]): ReturnType<typeof valueOf> =>
  valueOf("f32", shape, elements);
const i64 = (...elements: readonly number[]): ReturnType<typeof valueOf> => valueOf("i64", [], elements);

const texts = (name: string, values: readonly string[]): Proto.IAttributeProto => ({
  name,
  strings: values.map((value) => new TextEncoder().encode(value)),
  type: onnxProto.onnx.AttributeProto.AttributeType.STRINGS,
});

const gradientNode = (
  y: string,
  xs: readonly string[],
  outputs: readonly string[],
  inputs = xs,
): Proto.INodeProto => ({
  ...node("Gradient", [...inputs], [...outputs], [texts("xs", xs), textAttribute("y", y)]),
  domain,
});

const built = (parts: ModelParts): Graph => fromOnnx(modelBytes({ domains: { [domain]: 1 }, ...parts }));
const valuesOf = (graph: Graph, feeds: Parameters<typeof evaluate>[1]): readonly (readonly number[])[] =>
  Object.values(evaluate(graph, feeds).outputs).map(toNumbers);

describe("Gradient", () => {
  const square = node("Mul", ["a", "a"], ["s"]);
  const product = node("Mul", ["s", "b"], ["y"]);

  it("by an intermediate tensor stops there", () => {
    const graph = built({
      inputs: { a: [], b: [] },
      outputs: { ds: undefined, db: undefined },
      nodes: [square, product, gradientNode("y", ["s", "b"], ["ds", "db"])],
    });
    expect(valuesOf(graph, { a: f32([], 3), b: f32([], 5) })).toEqual([[5], [9]]);
  });

  it("of a gradient is the second derivative", () => {
    const graph = built({
      inputs: { a: [], b: [] },
      outputs: { d: undefined, dd: undefined },
      nodes: [square, product, gradientNode("y", ["a"], ["d"]), gradientNode("d", ["a"], ["dd"])],
    });
    expect(valuesOf(graph, { a: f32([], 3), b: f32([], 5) })).toEqual([[30], [10]]);
  });

  it("at another point takes the inputs' values", () => {
    const graph = built({
      inputs: { a: [], b: [], c: [] },
      outputs: { d: undefined },
      nodes: [square, product, gradientNode("y", ["a"], ["d"], ["c"])],
    });
    expect(valuesOf(graph, { a: f32([], 3), b: f32([], 5), c: f32([], 7) })).toEqual([[70]]);
  });

  it("is zero where nothing depends, and refuses names of one tensor and of none", () => {
    const graph = built({
      inputs: { a: [2], b: [] },
      outputs: { d: undefined },
      nodes: [node("Exp", ["b"], ["y"]), gradientNode("y", ["a"], ["d"])],
    });
    expect(valuesOf(graph, { a: f32([2], 1, 2), b: f32([], 1) })).toEqual([[0, 0]]);
    const parts = { inputs: { a: [] }, outputs: { d: undefined, e: undefined } };
    const twice = [node("Identity", ["a"], ["b"]), node("Mul", ["a", "b"], ["y"])];
    expect(() => built({ ...parts, nodes: [...twice, gradientNode("y", ["a", "b"], ["d", "e"])] })).toThrow(
      /two of a, b are one tensor/,
    );
    expect(() => built({ ...parts, nodes: [gradientNode("none", ["a"], ["d"])] })).toThrow(/"none"/);
  });
});

describe("optimizers", () => {
  const step = (operator: string, states: readonly string[], attributes: Proto.IAttributeProto[]): Graph => {
    const names = ["x", "g", ...states];
    return built({
      inputs: { r: [], x: [1], g: [1], ...Object.fromEntries(states.map((state) => [state, [1]])) },
      i64Inputs: { t: [] },
      outputs: Object.fromEntries(["x", ...states].map((name) => [`${name}2`, undefined])),
      nodes: [
        {
          ...node(
            operator,
            ["r", "t", ...names],
            ["x", ...states].map((name) => `${name}2`),
            attributes,
          ),
          domain,
        },
      ],
    });
  };

  it("Adam corrects its averages from the first counted step on", () => {
    const adam = step(
      "Adam",
      ["v", "h"],
      [floatAttribute("alpha", 0.5), floatAttribute("beta", 0.75), floatAttribute("epsilon", 0)],
    );
    const feeds = { r: f32([], 0.5), x: f32([1], 1), g: f32([1], 2), v: f32([1], 0), h: f32([1], 0) };
    // v = 1, h = 1: x − r·v/√h, and with the correction √(1 − β)/(1 − α) = 1 too.
    expect(valuesOf(adam, { ...feeds, t: i64(0) })).toEqual([[0.5], [1], [1]]);
    const moved = (t: number): number => valuesOf(adam, { ...feeds, t: i64(t) })[0]?.[0] ?? NaN;
    expect(moved(1)).toBeCloseTo(0.5, 6);
    expect(moved(2)).toBeCloseTo(1 - (0.5 * Math.sqrt(1 - 0.75 ** 2)) / (1 - 0.5 ** 2), 6);
  });

  it("Momentum lets the first gradient count in full, and looks ahead as Nesterov", () => {
    const momentum = (mode: string): Graph =>
      step(
        "Momentum",
        ["v"],
        [
          floatAttribute("alpha", 0.5),
          floatAttribute("beta", 0.25),
          floatAttribute("norm_coefficient", 0),
          textAttribute("mode", mode),
        ],
      );
    const feeds = { r: f32([], 1), x: f32([1], 10), g: f32([1], 4), v: f32([1], 2) };
    expect(valuesOf(momentum("standard"), { ...feeds, t: i64(0) })).toEqual([[5], [5]]);
    expect(valuesOf(momentum("standard"), { ...feeds, t: i64(1) })).toEqual([[8], [2]]);
    expect(valuesOf(momentum("nesterov"), { ...feeds, t: i64(1) })).toEqual([[5], [2]]);
  });

  it("refuses inputs that are no whole parameters", () => {
    expect(() => step("Adagrad", ["h", "extra"], [])).toThrow(/Adagrad: takes rate, count, and 3 tensors/);
  });
});
