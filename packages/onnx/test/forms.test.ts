import { describe, expect, it } from "vitest";
import { type Evaluation, type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { nodesOf, rootsOf } from "@adjoint/ir/graph";
import { UnboundInputError, fromOnnx } from "@adjoint/onnx";
import { type ModelParts, floatAttribute, intAttribute, modelBytes, node } from "./model.ts";

type Attributes = NonNullable<Parameters<typeof node>[3]>;

/** A model of one node over f32 inputs with these elements, all its outputs open. */
function single(
  operator: string,
  opset: number,
  inputs: { readonly [name: string]: readonly number[] },
  attributes: Attributes = [],
  more: Partial<ModelParts> & { readonly count?: number; readonly names?: readonly string[] } = {},
): Graph {
  const { count = 1, names = Object.keys(inputs), ...parts } = more;
  const outputs = Array.from({ length: count }, (_, index) => `y${index}`);
  return fromOnnx(
    modelBytes({
      opset,
      inputs,
      outputs: Object.fromEntries(outputs.map((output) => [output, undefined])),
      nodes: [node(operator, [...names], outputs, attributes)],
      ...parts,
    }),
  );
}

const f32 = (shape: readonly number[], ...elements: readonly number[]): ReturnType<typeof valueOf> =>
  valueOf("f32", shape, elements);

const numbers = ({ outputs }: Evaluation, index = 0): readonly number[] => {
  const value = outputs[`y${index}`];
  return value === undefined ? [] : toNumbers(value);
};

const operationsOf = (graph: Graph): readonly string[] =>
  nodesOf(rootsOf(graph)).map((n) => n.operation.name);

describe("softmax before opset 13", () => {
  it("works on all axes from `axis` on together, from axis 1 by default", () => {
    const x = f32([1, 2, 2], 0, 0, 0, 0);
    const feed = { x };
    expect(numbers(evaluate(single("Softmax", 11, { x: [1, 2, 2] }), feed))).toEqual([
      0.25, 0.25, 0.25, 0.25,
    ]);
    expect(numbers(evaluate(single("Softmax", 13, { x: [1, 2, 2] }), feed))).toEqual([0.5, 0.5, 0.5, 0.5]);
    const second = single("Hardmax", 1, { x: [2, 1, 2] }, [intAttribute("axis", 0)]);
    expect(numbers(evaluate(second, { x: f32([2, 1, 2], 1, 2, 4, 3) }))).toEqual([0, 0, 1, 0]);
  });

  it("keeps symbolic sizes", () => {
    const graph = fromOnnx(
      modelBytes({
        opset: 9,
        inputs: { x: ["n", 2, 3] },
        outputs: { y: ["n", 2, 3] },
        nodes: [node("LogSoftmax", ["x"], ["y"])],
      }),
    );
    expect(graph.outputs["y"]?.shape.map(String)).toEqual(["n", "2", "3"]);
  });
});

describe("BatchNormalization", () => {
  const vectors = { s: [1], b: [1], m: [1], v: [1] };
  const feeds = { s: f32([1], 2), b: f32([1], 1), m: f32([1], 10), v: f32([1], 100) };

  it("before opset 14 trains where it names more outputs than one", () => {
    const options = [floatAttribute("momentum", 0.5), floatAttribute("epsilon", 0)];
    const x = f32([2, 1], 1, 3);
    const train = single("BatchNormalization", 7, { x: [2, 1], ...vectors }, options, { count: 5 });
    const result = evaluate(train, { x, ...feeds });
    expect([0, 1, 2, 3, 4].map((index) => numbers(result, index))).toEqual([[-1, 3], [6], [50.5], [2], [1]]);
    const predict = single("BatchNormalization", 6, { x: [2, 1], ...vectors }, [
      ...options,
      intAttribute("is_test", 0),
    ]);
    expect(operationsOf(predict)).toContain("batchNormalization");
  });

  it("of opset 7 with spatial = 0 has statistics for each place", () => {
    const places = { s: [1, 2], b: [1, 2], m: [1, 2], v: [1, 2] };
    const graph = single("BatchNormalization", 7, { x: [1, 1, 2], ...places }, [
      intAttribute("spatial", 0),
      floatAttribute("epsilon", 0),
    ]);
    const result = evaluate(graph, {
      x: f32([1, 1, 2], 5, 5),
      s: f32([1, 2], 1, 2),
      b: f32([1, 2], 0, 0),
      m: f32([1, 2], 1, 3),
      v: f32([1, 2], 4, 1),
    });
    expect(numbers(result)).toEqual([2, 4]);
  });
});

it("GroupNormalization of opset 18 has a scale for each group", () => {
  const inputs = { x: [1, 4], s: [2], b: [2] };
  const feeds = { x: f32([1, 4], 1, 3, 1, 3), b: f32([2], 0, 10) };
  const attributes = [intAttribute("num_groups", 2), floatAttribute("epsilon", 0)];
  const old = single("GroupNormalization", 18, inputs, attributes);
  expect(numbers(evaluate(old, { ...feeds, s: f32([2], 1, 2) }))).toEqual([-1, 1, 8, 12]);
  expect(() => single("GroupNormalization", 21, inputs, attributes)).toThrow(
    /the scale must have shape \[4\]/,
  );
});

describe("TopK", () => {
  it("before opset 10 has its count in an attribute", () => {
    const graph = single("TopK", 1, { x: [3] }, [intAttribute("k", 2)], { count: 2 });
    const result = evaluate(graph, { x: f32([3], 1, 3, 2) });
    expect([numbers(result), numbers(result, 1)]).toEqual([
      [3, 2],
      [1, 2],
    ]);
    expect(result.outputs["y1"]?.dtype).toBe("i64");
  });

  it("names the count to bind", () => {
    expect(() => single("TopK", 11, { x: [3] }, [], { i64Inputs: { k: [1] }, names: ["x", "k"] })).toThrow(
      UnboundInputError,
    );
  });
});

it("ArgMax gives the last of equals on an axis of symbolic size", () => {
  const graph = fromOnnx(
    modelBytes({
      inputs: { x: ["n"] },
      outputs: { y0: undefined },
      nodes: [
        node("ArgMax", ["x"], ["y0"], [intAttribute("select_last_index", 1), intAttribute("keepdims", 0)]),
      ],
    }),
  );
  expect(numbers(evaluate(graph, { x: f32([5], 7, 1, 7, 7, 2) }))).toEqual([3]);
});

describe("Unique", () => {
  const unique = (values: readonly number[], attributes: Attributes): Graph =>
    single("Unique", 11, {}, attributes, {
      count: 4,
      names: ["x"],
      initializers: [{ name: "x", dataType: 1, dims: [values.length], floatData: [...values] }],
    });

  it("keeps the order of first places unless it sorts; NaN is one value", () => {
    const result = (sorted: number): readonly (readonly number[])[] => {
      const evaluation = evaluate(unique([3, NaN, 1, 3, NaN], [intAttribute("sorted", sorted)]));
      return [0, 1, 2, 3].map((index) => numbers(evaluation, index));
    };
    expect(result(0)).toEqual([
      [3, NaN, 1],
      [0, 1, 2],
      [0, 1, 2, 0, 1],
      [2, 2, 1],
    ]);
    expect(result(1)).toEqual([
      [1, 3, NaN],
      [2, 0, 1],
      [1, 2, 0, 1, 2],
      [1, 2, 2],
    ]);
  });

  it("needs its data before the run", () => {
    expect(() => single("Unique", 11, { x: [3] })).toThrow(/Unique.*"x"/);
  });
});

describe("Det", () => {
  const determinant = (...elements: readonly number[]): number | undefined => {
    const size = Math.sqrt(elements.length);
    return numbers(
      evaluate(single("Det", 11, { x: [size, size] }), { x: f32([size, size], ...elements) }),
    )[0];
  };

  it("swaps rows, keeps signs, and is 0 for singular matrices", () => {
    expect(determinant(0, 1, 1, 0)).toBe(-1);
    expect(determinant(0, 0, 2, 3, 0, 0, 0, 4, 0)).toBe(24);
    expect(determinant(1, 2, 2, 4)).toBeCloseTo(0);
    expect(determinant(0, 0, 0, 0)).toBe(0);
    expect(determinant(2, -1, 0, -1, 2, -1, 0, -1, 2)).toBeCloseTo(4, 5);
  });

  it("refuses what is not square", () => {
    expect(() => single("Det", 11, { x: [2, 3] })).toThrow(/Det: wants square matrices.*f32\[2, 3\]/);
  });
});
