import { describe, expect, it } from "vitest";
import { type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { nodesOf, rootsOf } from "@adjoint/ir/graph";
import { fromOnnx } from "@adjoint/onnx";
import type { onnx as Proto } from "onnx-proto";
import { type ModelParts, floatAttribute, intAttribute, modelBytes, node, textAttribute } from "./model.ts";

describe("Attention", () => {
  const attention = (nodeParts: Proto.INodeProto, more: Partial<ModelParts> = {}): Graph =>
    fromOnnx(
      modelBytes({
        opset: 24,
        inputs: { q: [1, 2, "n", 4], k: [1, 1, "m", 4], v: [1, 1, "m", 4] },
        outputs: { y: undefined },
        nodes: [nodeParts],
        ...more,
      }),
    );

  it("stays one operation with symbolic lengths and shared heads", () => {
    const graph = attention(node("Attention", ["q", "k", "v"], ["y"], [intAttribute("is_causal", 1)]));
    expect(nodesOf(rootsOf(graph)).map((n) => n.operation.name)).toEqual([
      "input",
      "input",
      "input",
      "attention",
    ]);
  });

  it("after a past of symbolic length sees all of it, and what precedes", () => {
    const graph = attention(
      node("Attention", ["q", "k", "v", "", "pk", "pv"], ["y", "k2"], [intAttribute("is_causal", 1)]),
      {
        inputs: {
          q: [1, 1, "n", 1],
          k: [1, 1, "n", 1],
          v: [1, 1, "n", 1],
          pk: [1, 1, "p", 1],
          pv: [1, 1, "p", 1],
        },
      },
    );
    const line = (...elements: number[]): ReturnType<typeof valueOf> =>
      valueOf("f32", [1, 1, elements.length, 1], elements);
    // Equal scores: each query takes the mean of the values it sees.
    const { y } = evaluate(graph, {
      q: line(0, 0),
      k: line(1, 1),
      v: line(3, 7),
      pk: line(1, 1, 1),
      pv: line(1, 1, 3),
    }).outputs;
    expect(y && toNumbers(y)).toEqual([2, 3]);
  });

  it("refuses heads that don't share, and rank 3 without heads", () => {
    const parts = node("Attention", ["q", "k", "v"], ["y"], [floatAttribute("softcap", 1)]);
    const three = { q: [1, 3, 2, 4], k: [1, 2, 2, 4], v: [1, 2, 2, 4] };
    expect(() => attention(parts, { inputs: three })).toThrow(/don't share/);
    const flat = { q: [1, 2, 4], k: [1, 2, 4], v: [1, 2, 4] };
    expect(() => attention(parts, { inputs: flat })).toThrow(/number of heads/);
  });
});

it("LinearAttention refuses inputs that its rule does not take", () => {
  const parts = (rule: string, inputs: string[]): ModelParts => ({
    opset: 27,
    inputs: { q: [1, 2, 4], k: [1, 2, 4], v: [1, 2, 4], b: [1, 2, 1] },
    outputs: { y: undefined },
    nodes: [
      node(
        "LinearAttention",
        inputs,
        ["y"],
        [intAttribute("q_num_heads", 1), intAttribute("kv_num_heads", 1), textAttribute("update_rule", rule)],
      ),
    ],
  });
  expect(() => fromOnnx(modelBytes(parts("delta", ["q", "k", "v"])))).toThrow(/"delta" takes.*beta/);
  expect(() => fromOnnx(modelBytes(parts("linear", ["q", "k", "v", "", "", "b"])))).toThrow(/neither/);
});
