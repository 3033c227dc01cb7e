import { describe, expect, test } from "vitest";
import {
  type Graph,
  type Tensor,
  cond,
  dim,
  evaluate,
  input,
  iota,
  print,
  program,
  scan,
  valueOf,
} from "@adjoint/ir";
import { type Pass, check, deadCode, graphNodes, runPasses, simplify, sink } from "@adjoint/ir/graph";
import { difference } from "./graphs.ts";

const batch = dim("batch");
const x = input("x", "f32", [batch, 3]);
const y = input("y", "f32", [batch, 3]);
const graphOf = (outputs: { readonly [name: string]: Tensor }): Graph =>
  program({ inputs: { x, y }, outputs });
/** The graph before and after, in the two texts of a snapshot. */
const both = (pass: Pass, graph: Graph): string => `${print(graph)}\n→ ${print(pass.run(graph))}`;

describe("dead code", () => {
  test("outputs, carries and operands of a loop that nothing needs go", () => {
    const { outputs } = scan(
      { carry: [x, y, y], sequences: [iota("f32", [4]), iota("f32", [4])] },
      ([a = x, b = y, c = y], [s = x, t = x]) => ({
        // a feeds the kept output, b only itself, and c feeds a.
        carry: [a.add(c), b.mul(t), c.add(s)],
        outputs: [a.exp(), b.exp()],
      }),
    );
    const [kept = x] = outputs;
    expect(both(deadCode, graphOf({ kept }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = iota {axis: 0} : f32[4]
        %1 = iota {axis: 0} : f32[4]
        %2, %3, %4, %5, %6 = scan(%x, %y, %y, %0, %1) {carries: 3, length: 4, reverse: false, sequences: 2} (%carry_0: f32[batch, 3], %carry_1: f32[batch, 3], %carry_2: f32[batch, 3], %slice_0: f32[], %slice_1: f32[]) {
          %0 = add(%carry_0, %carry_2) : f32[batch, 3]
          %1 = broadcast(%slice_1) : f32[batch, 3]
          %2 = mul(%carry_1, %1) : f32[batch, 3]
          %3 = broadcast(%slice_0) : f32[batch, 3]
          %4 = add(%carry_2, %3) : f32[batch, 3]
          %5 = exp(%carry_0) : f32[batch, 3]
          %6 = exp(%carry_1) : f32[batch, 3]
          return %0, %2, %4, %5, %6
        } : f32[batch, 3], f32[batch, 3], f32[batch, 3], f32[4, batch, 3], f32[4, batch, 3]
        return kept: %5
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = iota {axis: 0} : f32[4]
        %1, %2, %3 = scan(%x, %y, %0) {carries: 2, length: 4, reverse: false, sequences: 1} (%carry_0: f32[batch, 3], %carry_2: f32[batch, 3], %slice_0: f32[]) {
          %0 = add(%carry_0, %carry_2) : f32[batch, 3]
          %1 = broadcast(%slice_0) : f32[batch, 3]
          %2 = add(%carry_2, %1) : f32[batch, 3]
          %3 = exp(%carry_0) : f32[batch, 3]
          return %0, %2, %3
        } : f32[batch, 3], f32[batch, 3], f32[4, batch, 3]
        return kept: %3
      }"
    `);
  });

  test("outputs and operands of branches that nothing needs go", () => {
    const [, second = x] = cond(
      x.reduceSum().greater(0),
      () => [x.exp(), y],
      () => [y.exp(), y.neg()],
    );
    expect(both(deadCode, graphOf({ second }))).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[](0)} : f32[]
        %1 = reduceSum(%x) {axes: [0, 1]} : f32[]
        %2 = less(%0, %1) : bool[]
        %3, %4 = if(%2, %x, %y) (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = exp(%captured_0) : f32[batch, 3]
          return %0, %captured_1
        } (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = exp(%captured_1) : f32[batch, 3]
          %1 = neg(%captured_1) : f32[batch, 3]
          return %0, %1
        } : f32[batch, 3], f32[batch, 3]
        return second: %4
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3]) {
        %0 = constant {value: f32[](0)} : f32[]
        %1 = reduceSum(%x) {axes: [0, 1]} : f32[]
        %2 = less(%0, %1) : bool[]
        %3 = if(%2, %y) (%captured_1: f32[batch, 3]) {
          return %captured_1
        } (%captured_1: f32[batch, 3]) {
          %0 = neg(%captured_1) : f32[batch, 3]
          return %0
        } : f32[batch, 3]
        return second: %3
      }"
    `);
  });

  test("what only a dead operand needed goes with it, through loops and in loops", () => {
    const first = scan({ carry: [x, y], length: 3 }, ([a = x, b = y]) => ({
      carry: [a.exp(), b.exp()],
    })).carry;
    const second = scan({ carry: [first[0] ?? x, first[1] ?? y], length: 3 }, ([a = x, b = y]) => {
      const inner = scan({ carry: [a, b], length: 2 }, ([c = x, d = y]) => ({
        carry: [c.sin(), d.sin()],
      })).carry;
      return { carry: [inner[0] ?? a, inner[1] ?? b] };
    }).carry;
    const after = deadCode.run(graphOf({ out: second[0] ?? x }));
    const scans = (graph: Graph): readonly (readonly [number, number])[] =>
      graphNodes(graph).flatMap((node) => [
        ...(node.operation.name === "scan" ? [[node.inputs.length, node.outputs.length] as const] : []),
        ...node.graphs.flatMap(scans),
      ]);
    expect(scans(after)).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  test("a loop that is needed whole stays", () => {
    const { carry } = scan({ carry: [x, y], length: 3 }, ([a = x, b = y]) => ({
      carry: [a.add(b), b.exp()],
    }));
    const graph = graphOf({ out: carry[0] ?? x });
    expect(deadCode.run(graph)).toBe(graph);
  });
});

describe("sink", () => {
  const operationsOf = (graph: Graph): readonly string[] =>
    graphNodes(graph)
      .map(({ operation }) => operation.name)
      .filter((name) => name !== "input");
  const flag = input("flag", "bool", []);
  const branches = (yes: () => readonly Tensor[], no: () => readonly Tensor[]): Graph =>
    program({ inputs: { x, y, flag }, outputs: { out: cond(flag, yes, no)[0] ?? x } });

  test("what only one branch reads is computed there", () => {
    const shared = y.exp();
    const graph = branches(
      () => [x.sin().mul(2).add(shared)],
      () => [shared.sub(x)],
    );
    expect(both(sink, graph)).toMatchInlineSnapshot(`
      "graph(%x: f32[batch, 3], %y: f32[batch, 3], %flag: bool[]) {
        %0 = exp(%y) : f32[batch, 3]
        %1 = if(%flag, %x, %0) (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = sin(%captured_0) : f32[batch, 3]
          %1 = constant {value: f32[](2)} : f32[]
          %2 = broadcast(%1) : f32[batch, 3]
          %3 = mul(%0, %2) : f32[batch, 3]
          %4 = add(%3, %captured_1) : f32[batch, 3]
          return %4
        } (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = sub(%captured_1, %captured_0) : f32[batch, 3]
          return %0
        } : f32[batch, 3]
        return out: %1
      }
      → graph(%x: f32[batch, 3], %y: f32[batch, 3], %flag: bool[]) {
        %0 = exp(%y) : f32[batch, 3]
        %1 = if(%flag, %x, %0) (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = sin(%captured_0) : f32[batch, 3]
          %1 = constant {value: f32[](2)} : f32[]
          %2 = broadcast(%1) : f32[batch, 3]
          %3 = mul(%0, %2) : f32[batch, 3]
          %4 = add(%3, %captured_1) : f32[batch, 3]
          return %4
        } (%captured_0: f32[batch, 3], %captured_1: f32[batch, 3]) {
          %0 = sub(%captured_1, %captured_0) : f32[batch, 3]
          return %0
        } : f32[batch, 3]
        return out: %1
      }"
    `);
  });

  test("what was computed before the branch moves in with all that nothing else reads", () => {
    const [sine, product, shared] = [x.sin(), y.mul(3), x.exp()];
    const graph = branches(
      () => [sine.sqrt().add(product).add(shared)],
      () => [shared.mul(y)],
    );
    const after = sink.run(graph);
    check(after);
    expect(operationsOf(after)).toEqual(["exp", "if"]);
    const node = after.outputs["out"]?.node;
    expect(node?.inputs.slice(1)).toEqual(expect.arrayContaining([x, y]));
    const [taken, other] = node?.graphs.map(operationsOf) ?? [];
    expect(taken).toEqual(expect.arrayContaining(["sin", "constant", "broadcast", "mul", "sqrt", "add"]));
    expect(other).toEqual(["mul"]);
    for (const flagged of [0, 1]) {
      const feeds = {
        x: valueOf("f32", [2, 3], [1, 2, 3, 0.5, 0, 1]),
        y: valueOf("f32", [2, 3], [4, 5, 6, 7, 8, 9]),
        flag: valueOf("bool", [], [flagged]),
      };
      expect(difference(graph, evaluate(graph, feeds), evaluate(after, feeds))).toBeUndefined();
    }
  });

  test("what was computed before a branch in a branch moves in over both", () => {
    const [sine, cosine] = [x.sin(), x.cos()];
    const graph = branches(
      () =>
        cond(
          x.reduceSum().greater(0),
          () => [sine.sqrt()],
          () => [cosine],
        ),
      () => [y],
    );
    const after = runPasses(graph, [sink, deadCode], { check });
    expect(operationsOf(after)).toEqual(["if"]);
    const outer = after.outputs["out"]?.node.graphs[0];
    const inner = outer && Object.values(outer.outputs)[0]?.node.graphs.map(operationsOf);
    expect(inner).toEqual([["sin", "sqrt"], ["cos"]]);
  });

  test("what the outputs, the condition or both branches read stays outside", () => {
    const [first, second] = [x.exp(), y.exp()];
    const [out = x] = cond(
      first.reduceSum().greater(0),
      () => [first.add(second)],
      () => [second],
    );
    const graph = program({ inputs: { x, y }, outputs: { out, first } });
    const [node] = graphNodes(sink.run(graph)).filter(({ operation }) => operation.name === "if");
    expect(node?.inputs).toEqual(expect.arrayContaining([first, second]));
    // Only the sum of the two goes in.
    expect(
      node?.graphs.map((body) => graphNodes(body).filter(({ operation }) => operation.name === "add").length),
    ).toEqual([1, 0]);
  });

  test("branches in branches, each as far in as it goes", () => {
    const graph = branches(
      () =>
        cond(
          x.reduceSum().greater(0),
          () => [x.sin()],
          () => [x.cos()],
        ),
      () => [y],
    );
    const after = runPasses(graph, [sink, deadCode, simplify], { check });
    expect(operationsOf(after)).toEqual(["if"]);
    const outer = after.outputs["out"]?.node.graphs[0];
    expect(outer && operationsOf(outer)).toEqual(["constant", "reduceSum", "less", "if"]);
    const inner = outer && Object.values(outer.outputs)[0]?.node.graphs.map(operationsOf);
    expect(inner).toEqual([["sin"], ["cos"]]);
    const feeds = {
      x: valueOf("f32", [1, 3], [1, 2, 3]),
      y: valueOf("f32", [1, 3], [0, 0, 0]),
      flag: valueOf("bool", [], [1]),
    };
    expect(difference(graph, evaluate(graph, feeds), evaluate(after, feeds))).toBeUndefined();
  });
});
