import { describe, expect, test } from "vitest";
import {
  type Graph,
  type Tensor,
  composite,
  constant,
  dim,
  input,
  iota,
  print,
  program,
  register,
  scan,
} from "@adjoint/ir";
import { type Pass, cse, graphNodes } from "@adjoint/ir/graph";

const batch = dim("batch");
const x = input("x", "f32", [batch, 3]);
const y = input("y", "f32", [batch, 3]);
const graphOf = (outputs: { readonly [name: string]: Tensor }): Graph =>
  program({ inputs: { x, y }, outputs });
const lengthOf = (graph: Graph): number => graphNodes(graph).length;
/** The graph before and after, in the two texts of a snapshot. */
const both = (pass: Pass, graph: Graph): string => `${print(graph)}\n→ ${print(pass.run(graph))}`;
const softplus = composite("softplus", (a) => a.max(0).add(a.abs().neg().exp().log1p()));

describe("cse", () => {
  const count = (graph: Graph, name: string): number =>
    graphNodes(graph).filter((node) => node.operation.name === name).length;

  test("one node for what is computed twice", () => {
    const out = x
      .exp()
      .add(y)
      .mul(y.add(x.exp()))
      .div(2)
      .add(x.mul(constant(2)));
    expect(both(cse, graphOf({ out }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = exp(%x) : f32[batch, 3]
        %1 = add(%0, %y) : f32[batch, 3]
        %2 = exp(%x) : f32[batch, 3]
        %3 = add(%y, %2) : f32[batch, 3]
        %4 = mul(%1, %3) : f32[batch, 3]
        %5 = constant {value: f32[](2)} : f32[]
        %6 = broadcast(%5) : f32[batch, 3]
        %7 = div(%4, %6) : f32[batch, 3]
        %8 = constant {value: f32[](2)} : f32[]
        %9 = broadcast(%8) : f32[batch, 3]
        %10 = mul(%x, %9) : f32[batch, 3]
        %11 = add(%7, %10) : f32[batch, 3]
        return out: %11
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = exp(%x) : f32[batch, 3]
        %1 = add(%0, %y) : f32[batch, 3]
        %2 = mul(%1, %1) : f32[batch, 3]
        %3 = constant {value: f32[](2)} : f32[]
        %4 = broadcast(%3) : f32[batch, 3]
        %5 = div(%2, %4) : f32[batch, 3]
        %6 = mul(%x, %4) : f32[batch, 3]
        %7 = add(%5, %6) : f32[batch, 3]
        return out: %7
      }"
    `);
  });

  test("constants are one by their bits", () => {
    const list = [
      constant([1, NaN]),
      constant([1, NaN]),
      constant([0]),
      constant([-0]),
      constant([0], "f64"),
    ];
    const ones = [constant([[1], [1]]), constant([[1], [1]]), constant([1, 1])];
    const outputs = Object.fromEntries([...list, ...ones].map((tensor, index) => [`${index}`, tensor]));
    expect(count(cse.run(graphOf(outputs)), "constant")).toBe(6);
  });

  test("long constants are one by content, whatever array holds them", () => {
    const elements = Array.from({ length: 4000 }, (_, index) => index % 251);
    const words = Uint8Array.from([0, ...elements]);
    const aligned = constant({ dtype: "u8", shape: [4000], data: Uint8Array.from(elements) });
    const shifted = constant({ dtype: "u8", shape: [4000], data: words.subarray(1) });
    const other = constant({ dtype: "u8", shape: [4000], data: Uint8Array.from(elements).fill(9, 3999) });
    const graph = graphOf({ a: aligned, b: shifted, c: other });
    expect(count(cse.run(graph), "constant")).toBeLessThanOrEqual(3);
    const twins = graphOf({
      a: aligned,
      b: constant({ dtype: "u8", shape: [4000], data: Uint8Array.from(elements) }),
      c: other,
    });
    expect(count(cse.run(twins), "constant")).toBe(2);
  });

  test("attributes count, and so does the order of operands where it matters", () => {
    const outputs = {
      a: x.sub(y),
      b: y.sub(x),
      c: x.reduceSum({ axes: [0] }),
      d: x.reduceSum({ axes: [1] }),
      e: x.cast("f64"),
      f: x.cast("i32"),
    };
    const graph = graphOf(outputs);
    expect(cse.run(graph)).toBe(graph);
    expect(lengthOf(cse.run(graphOf({ a: x.max(y), b: y.max(x) })))).toBe(3);
  });

  test("registers are one by name; inputs stay apart", () => {
    const reads = [register("state", "f32", [2]), register("state", "f32", [2])] as const;
    const graph = program({
      inputs: {},
      outputs: { out: reads[0].add(reads[1]) },
      updates: [{ register: reads[1], next: reads[0].exp() }],
    });
    const after = cse.run(graph);
    expect(count(after, "register")).toBe(1);
    expect(after.updates[0]?.register).toBe(after.outputs["out"]?.node.inputs[0]);
    const [a, b] = [input("a", "f32", [2]), input("a", "f32", [2])];
    const inputs = program({ inputs: { a, b }, outputs: { out: a.add(b) } });
    expect(cse.run(inputs)).toBe(inputs);
  });

  test("loops of one structure are one, whatever their parameters are called", () => {
    const loop = (factor: number): Tensor =>
      scan({ carry: [x], sequences: [iota("f32", [4])], length: 4 }, ([a = x], [step = x]) => ({
        carry: [a.mul(factor).add(step.mul(a))],
      })).carry[0] ?? x;
    expect(count(cse.run(graphOf({ a: loop(2), b: loop(2), c: loop(3) })), "scan")).toBe(2);
  });

  test("composites are one by definition and attributes, and two definitions of a name are two", () => {
    const other = composite("softplus", (a) => a.exp().add(1).log());
    const graph = cse.run(graphOf({ a: softplus(x), b: softplus(x), c: other(x) }));
    expect(count(graph, "softplus")).toBe(2);
  });

  test("common nodes inside a body are one too", () => {
    const { carry } = scan({ carry: [x], length: 2 }, ([a = x]) => ({ carry: [a.exp().mul(a.exp())] }));
    const after = cse.run(graphOf({ out: carry[0] ?? x }));
    const body = after.outputs["out"]?.node.graphs[0];
    expect(body && count(body, "exp")).toBe(1);
  });
});
