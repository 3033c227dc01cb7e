import { describe, expect, test } from "vitest";
import {
  type Graph,
  type Tensor,
  composite,
  cond,
  constant,
  evaluate,
  input,
  print,
  program,
  scan,
  toNumbers,
  valueOf,
  withScope,
} from "@adjoint/ir";
import { graphNodes, isNode, rewrite, rule } from "@adjoint/ir/graph";
import type { Rewrite } from "../src/passes/driver.ts";

const x = input("x", "f32", [2]);
const graphOf = (output: Tensor, inputs: { readonly [name: string]: Tensor } = { x }): Graph =>
  program({ inputs, outputs: { output } });

/** exp → neg, an arbitrary rewrite that is easy to see. */
const expToNeg = rule("exp → neg", "exp", (_, a) => a.neg());
const swap = rewrite("swap", [expToNeg]);

const count = (graph: Graph, name: string): number =>
  graphNodes(graph).filter((node) => node.operation.name === name).length;

describe("rewrite", () => {
  test("applies a rule everywhere, once for a node that is used twice", () => {
    const shared = x.exp();
    const events: Rewrite[] = [];
    const after = swap.run(graphOf(shared.add(shared).exp()), { onRewrite: (event) => events.push(event) });
    expect(print(after)).toMatchInlineSnapshot(`
      "graph(%x: f32[2]) {
        %0 = neg(%x) : f32[2]
        %1 = add(%0, %0) : f32[2]
        %2 = neg(%1) : f32[2]
        return output: %2
      }"
    `);
    expect(events.map((event) => event.rule)).toEqual(["exp → neg", "exp → neg"]);
    expect(events[0]?.pass).toBe("swap");
    expect(events[0]?.node.operation.name).toBe("exp");
    expect(events[1]?.node.inputs[0]?.node.inputs[0]).toBe(events[0]?.replacement[0]);
  });

  test("looks again at what a rule made, until no rule applies", () => {
    const chain = rewrite("chain", [
      rule("tan → sin", "tan", (_, a) => a.sin()),
      rule("sin → cos of |x|", "sin", (_, a) => a.abs().cos()),
      rule("|x| → −x", "abs", (_, a) => a.neg()),
    ]);
    expect(print(chain.run(graphOf(x.tan())))).toMatchInlineSnapshot(`
      "graph(%x: f32[2]) {
        %0 = neg(%x) : f32[2]
        %1 = cos(%0) : f32[2]
        return output: %1
      }"
    `);
  });

  test("gives the very graph back where nothing applies, and a second run finds nothing", () => {
    const graph = graphOf(x.sin());
    expect(swap.run(graph)).toBe(graph);
    const after = swap.run(graphOf(x.exp().sin()));
    expect(swap.run(after)).toBe(after);
  });

  test("keeps names of inputs and outputs, and the tensors of inputs", () => {
    const unused = input("unused", "f32", []);
    const after = swap.run(program({ inputs: { x, unused }, outputs: { a: x.exp(), b: x } }));
    expect(Object.keys(after.outputs)).toEqual(["a", "b"]);
    expect(after.inputs.unused).toBe(unused);
    expect(after.outputs.b).toBe(x);
  });

  test("new nodes inherit the origin of the node they replace", () => {
    const y = withScope("layer_7", () => x.exp());
    expect(swap.run(graphOf(y)).outputs["output"]?.node.origin).toBe(y.node.origin);
  });

  test("stops after `limit` rewrites; each limit adds one", () => {
    const graph = graphOf(x.exp().exp().exp());
    const negs = [0, 1, 2, 3, 4].map((limit) => count(swap.run(graph, { limit }), "neg"));
    expect(negs).toEqual([0, 1, 2, 3, 3]);
  });

  test("rewrites bodies of scan, if and of composites that stay, under one limit", () => {
    const named = composite("named", (a) => a.exp());
    const { carry } = scan({ carry: [x], length: 2 }, ([a = x]) => ({ carry: [a.exp()] }));
    const [looped = x] = carry;
    const [chosen = x] = cond(
      x.reduceSum().greater(0),
      () => [x.exp()],
      () => [x],
    );
    const graph = graphOf(named(looped).add(chosen));
    const inner = (each: Graph): number =>
      graphNodes(each).reduce(
        (sum, node) =>
          sum + (isNode(node, "neg") ? 1 : 0) + node.graphs.reduce((n, body) => n + inner(body), 0),
        0,
      );
    expect(inner(swap.run(graph))).toBe(3);
    expect(inner(swap.run(graph, { limit: 2 }))).toBe(2);
    const value = evaluate(swap.run(graph), { x: valueOf("f32", [2], [1, 2]) }).outputs["output"];
    // exp became neg in all of them: −(−(−x)) + (−x).
    expect(value && toNumbers(value)).toEqual([-2, -4]);
  });

  test("tells a rule whether anything else reads a tensor", () => {
    const once = rewrite("once", [
      rule("−eˣ → x, where eˣ is read once", "neg", ({ usedOnce }, a) =>
        isNode(a.node, "exp") && usedOnce(a) ? a.node.inputs[0] : undefined,
      ),
    ]);
    const alone = graphOf(x.exp().neg());
    expect(count(once.run(alone), "exp")).toBe(0);
    const shared = x.exp();
    const both = graphOf(shared.neg().add(shared));
    expect(once.run(both)).toBe(both);
    const isOutput = program({ inputs: { x }, outputs: { a: shared, b: shared.neg() } });
    expect(once.run(isOutput)).toBe(isOutput);
  });

  test("a tensor that two rewritten nodes read is not read once", () => {
    const both = rewrite("both", [
      expToNeg,
      rule("−(x²) → x, where x² is read once", "neg", ({ usedOnce }, a) =>
        isNode(a.node, "mul") && usedOnce(a) ? a.node.inputs[0] : undefined,
      ),
    ]);
    const square = x.mul(x);
    const after = both.run(graphOf(square.exp().add(square)));
    expect(count(after, "mul")).toBe(1);
    expect(count(after, "neg")).toBe(1);
  });

  test("what a rule made before anyone asked has the readers of what it stands for", () => {
    const both = rewrite("both", [
      rule("eˣ → x²", "exp", (_, a) => a.mul(a)),
      rule("−(x²) → x, where x² is read once", "neg", ({ usedOnce }, a) =>
        isNode(a.node, "mul") && usedOnce(a) ? a.node.inputs[0] : undefined,
      ),
    ]);
    const shared = x.exp();
    const after = both.run(graphOf(shared.add(shared.neg())));
    expect([count(after, "mul"), count(after, "neg")]).toEqual([1, 1]);
    expect(count(both.run(graphOf(x.exp().neg())), "neg")).toBe(0);
  });

  test("asks rules once about a node and what is below it, and again where they ask who reads a tensor", () => {
    let asked = 0;
    const watch = rewrite("watch", [
      rule("never", "exp", () => {
        asked++;
        return undefined;
      }),
      rule("−eˣ → x, where eˣ is read once", "neg", ({ usedOnce }, a) =>
        isNode(a.node, "exp") && usedOnce(a) ? a.node.inputs[0] : undefined,
      ),
    ]);
    const shared = x.exp();
    const negative = shared.neg();
    const read = graphOf(negative.add(shared));
    expect(watch.run(read)).toBe(read);
    expect(asked).toBe(1);
    const alone = watch.run(graphOf(negative));
    expect(asked).toBe(1);
    expect(count(alone, "neg")).toBe(0);
  });

  test("takes graphs deeper than the call stack", () => {
    let deep: Tensor = x;
    for (let i = 0; i < 10_000; i++) deep = i % 2 === 0 ? deep.exp() : deep.neg();
    const after = swap.run(graphOf(deep));
    expect(count(after, "neg")).toBe(10_000);
  });

  test("refuses a rule that changes a type, and names it", () => {
    const bad = rewrite("bad", [rule("forgets an axis", "exp", (_, a) => a.reduceSum())]);
    expect(() => bad.run(graphOf(x.exp()))).toThrow(
      /^bad: the rule "forgets an axis" changes exp: f32\[2\].* to reduceSum: f32\[\].*A rule keeps the number of outputs and their types/,
    );
    const few = rewrite("few", [rule("gives nothing", "exp", () => [])]);
    expect(() => few.run(graphOf(x.exp()))).toThrow(/"gives nothing" changes exp: f32\[2\].* to nothing/);
  });
});

describe("the loop guard", () => {
  test("names the rules that go around, and not the one that led there", () => {
    const round = rewrite("round", [
      rule("exp → sin", "exp", (_, a) => a.sin()),
      rule("sin → cos", "sin", (_, a) => a.cos()),
      rule("cos → sin", "cos", (_, a) => a.sin()),
    ]);
    expect(() => round.run(graphOf(x.exp()))).toThrow(
      /^round: .* was rewritten 100 times over: rules go around: ("sin → cos", "cos → sin"|"cos → sin", "sin → cos")\. One of them must make its result simpler/,
    );
  });

  test("catches a rule that grows its own result", () => {
    const grow = rewrite("grow", [rule("x → −(−x) before exp", "exp", (_, a) => a.neg().neg().exp())]);
    expect(() => grow.run(graphOf(x.exp()))).toThrow(/rules go around: "x → −\(−x\) before exp"/);
  });

  test("catches a rule that puts a node under itself", () => {
    const wrap = rewrite("wrap", [rule("eˣ → −(−eˣ)", "exp", ({ output }) => output.neg().neg())]);
    expect(() => wrap.run(graphOf(x.exp()))).toThrow(
      /became an input of itself: rules go around: "eˣ → −\(−eˣ\)"/,
    );
    expect(() => wrap.run(graphOf(x.neg().exp()))).toThrow(/became an input of itself/);
  });

  test("lets a hundred rules in a row pass", () => {
    // Each constant steps down by one, from 90 to 0.
    const down = rewrite("down", [
      rule("c → c − 1", "constant", ({ attributes: { value } }) => {
        const [element = 0] = toNumbers(value);
        return element > 0 ? constant(element - 1) : undefined;
      }),
    ]);
    const after = down.run(graphOf(constant(90), {}));
    expect(after.outputs["output"]?.node.attributes).toEqual(constant(0).node.attributes);
  });
});
