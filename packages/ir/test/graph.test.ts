import {
  type Graph,
  type Tensor,
  commit,
  constant,
  evaluate,
  gradients,
  input,
  program,
  register,
  withScope,
} from "@adjoint/ir";
import {
  freeSources,
  graphNodes,
  inlineGraph,
  isNode,
  mapGraph,
  nodesOf,
  rebuild,
  registerOf,
  registersOf,
  rootsOf,
} from "@adjoint/ir/graph";
import { AdjointError, equalTypes, toNumbers, valueOf } from "@adjoint/ir/values";
import { rewriter } from "../src/walk.ts";
import { describe, expect, test } from "vitest";

const x = input("x", "f32", [3]);
const w = register("w", "f32", [3]);
const names = (tensors: readonly Tensor[]): readonly string[] =>
  nodesOf(tensors).map((node) => node.operation.name);
const scalar = (graph: Graph, feed = 1): number[] =>
  Object.values(evaluate(graph, { x: valueOf("f32", [3], [feed, feed, feed]) }).outputs).flatMap(toNumbers);

describe("nodesOf", () => {
  test("gives each node once, after its inputs, in depth-first order", () => {
    const a = x.exp();
    const b = a.mul(a).add(x.neg());
    expect(names([b])).toEqual(["input", "exp", "mul", "neg", "add"]);
    expect(names([b, a])).toEqual(names([b]));
    expect(names([a, b])).toEqual(["input", "exp", "mul", "neg", "add"]);
    expect(nodesOf([])).toEqual([]);
  });

  test("is in topological order in a graph of many paths", () => {
    let y = x;
    for (let level = 0; level < 40; level++) y = y.add(y.mul(2)).sub(y);
    const order = nodesOf([y]);
    const place = new Map(order.map((node, index) => [node, index]));
    expect(
      order.every((node, index) =>
        node.inputs.every((tensor) => (place.get(tensor.node) ?? Infinity) < index),
      ),
    ).toBe(true);
    expect(place.size).toBe(order.length);
  });
});

describe("a graph of 50,000 nodes in a row", () => {
  const deep = 50_000;
  const chain = (start: Tensor): Tensor => {
    let y = start;
    for (let step = 0; step < deep; step++) y = y.neg();
    return y;
  };
  const s = input("s", "f64", []);
  // Origins are traced per node; inside one scope they stay cheap enough.
  const end = withScope("deep", () => chain(s));
  const feed = { s: valueOf("f64", [], [2]) };

  test("is listed, rebuilt, specialized and evaluated without overflowing the stack", () => {
    expect(nodesOf([end])).toHaveLength(deep + 1);
    const graph = program({ inputs: { s }, outputs: { end } });
    expect(toNumbers(evaluate(graph, feed).outputs.end)).toEqual([2]);
    const copy = mapGraph(graph, (node, inputs) =>
      isNode(node, "neg") ? rebuild(node, inputs).outputs : undefined,
    );
    expect(graphNodes(copy)).toHaveLength(deep + 1);
  });

  test("is differentiated without overflowing the stack", () => {
    const g = gradients(end, [s]);
    expect(
      Object.values(evaluate(program({ inputs: { s }, outputs: { g: g[0] ?? s } }), feed).outputs).flatMap(
        toNumbers,
      ),
    ).toEqual([1]);
  });
});

describe("rewriting", () => {
  test("replaces nodes bottom-up and keeps what it does not change", () => {
    const [a, b] = [x.exp(), x.sin()];
    const rewrite = rewriter((node, inputs) => (isNode(node, "exp") ? [(inputs[0] ?? x).mul(2)] : undefined));
    expect(names([rewrite(a.add(b))])).toEqual(["input", "constant", "broadcast", "mul", "sin", "add"]);
    expect(rewrite(b)).toBe(b);
    expect(rewrite(a)).toBe(rewrite(a));
  });

  test("mapGraph rewrites outputs and updates", () => {
    const graph = program({
      inputs: { x },
      outputs: { y: x.exp() },
      updates: [{ register: w, next: x.exp().add(w) }],
    });
    const doubled = mapGraph(graph, (node, inputs) =>
      isNode(node, "exp") ? [(inputs[0] ?? x).mul(2)] : undefined,
    );
    expect(scalar(doubled)).toEqual([2, 2, 2]);
    expect(names(rootsOf(doubled))).not.toContain("exp");
    expect(doubled.updates.map((update) => registerOf(update.register).name)).toEqual(["w"]);
  });

  test("inlineGraph puts a graph on other inputs", () => {
    const graph = program({ inputs: { x }, outputs: { y: x.add(1), z: x.mul(x) } });
    const [y, z] = inlineGraph(graph, [constant([1, 2, 3])]);
    expect(names([y ?? x, z ?? x])).not.toContain("input");
    expect(y && equalTypes(y.type, x.type)).toBe(true);
  });

  test("freeSources are the inputs and registers that are not known", () => {
    const y = input("y", "f32", [3]);
    expect(freeSources([x.add(y).mul(w)], [x])).toEqual([y, w]);
    expect(freeSources([constant(1)], [])).toEqual([]);
  });
});

describe("a program", () => {
  const checkRefusal = (build: () => unknown, ...words: readonly string[]): void => {
    expect(build).toThrow(AdjointError);
    for (const word of words) expect(build).toThrow(word);
  };

  test("refuses an input that it uses and does not name", () => {
    const hidden = input("hidden", "f32", [3]);
    checkRefusal(
      () => program({ inputs: { x }, outputs: { y: x.add(hidden) } }),
      'the outputs need input "hidden": f32[3]',
      "Name it in `inputs`",
    );
    checkRefusal(
      () => program({ inputs: { x }, outputs: { x }, updates: [{ register: w, next: hidden }] }),
      'input "hidden"',
    );
  });

  test("refuses an input that is none", () => {
    checkRefusal(
      () => program({ inputs: { y: x.exp() }, outputs: {} }),
      'program: input "y" is exp: f32[3]',
      "input(name, dtype, shape)",
    );
  });

  test("refuses two updates of one register", () => {
    const updates = [
      { register: w, next: x },
      { register: w, next: x.exp() },
    ];
    checkRefusal(
      () => program({ inputs: { x }, outputs: {}, updates }),
      'register "w" has two updates',
      "Keep one",
    );
    checkRefusal(
      () =>
        program({
          inputs: { x },
          outputs: { y: commit(x, w, x.exp()) },
          updates: [{ register: w, next: x }],
        }),
      'register "w" has two updates',
    );
  });

  test("refuses two registers of one name and different types", () => {
    const other = register("w", "f32", [4]);
    checkRefusal(
      () => program({ inputs: {}, outputs: { a: w, b: other } }),
      'two registers are named "w": register "w": f32[3]',
      'and register "w": f32[4]',
      "another name",
    );
    checkRefusal(
      () => program({ inputs: {}, outputs: { a: w }, updates: [{ register: other, next: other }] }),
      'two registers are named "w"',
    );
  });

  test("refuses two registers of one name and different first values, and takes those that start alike", () => {
    const constantly = (value: number): Tensor =>
      register("c", "f32", [2], { initial: { kind: "constant", value } });
    const data = (...elements: number[]): Tensor =>
      register("d", "f32", [2], { initial: { kind: "data", value: valueOf("f32", [2], elements) } });
    const both = (a: Tensor, b: Tensor) => () => program({ inputs: {}, outputs: { a, b } });
    checkRefusal(
      both(constantly(1), constantly(2)),
      'two registers are named "c" that start from constant(value 1) and constant(value 2): register "c": f32[2] (',
      "graph.test.ts",
      "another name",
    );
    checkRefusal(both(data(1, 2), data(1, 3)), 'two registers are named "d" that start from data');
    checkRefusal(both(data(0, 1), data(-0, 1)), 'two registers are named "d"');
    checkRefusal(
      both(constantly(0), register("c", "f32", [2], { initial: { kind: "uniform", low: 0, high: 1 } })),
      "constant(value 0) and uniform(low 0, high 1)",
    );
    expect(both(constantly(1), constantly(1))).not.toThrow();
    expect(both(constantly(NaN), constantly(NaN))).not.toThrow();
    expect(both(data(1, NaN), data(1, NaN))).not.toThrow();
    const update = { register: constantly(2), next: constantly(2) };
    checkRefusal(
      () => program({ inputs: {}, outputs: { a: constantly(1) }, updates: [update] }),
      "start from",
    );
    // Graphs that no `program` made meet in a run.
    const raw = { inputs: {}, outputs: { a: constantly(1), b: constantly(2) }, updates: [] };
    expect(() => evaluate(raw, {})).toThrow("start from");
  });

  test("refuses an update of another type", () => {
    checkRefusal(
      () => program({ inputs: { x }, outputs: {}, updates: [{ register: w, next: x.cast("f64") }] }),
      'register "w" is f32[3] and its update is cast: f64[3]',
    );
    checkRefusal(
      () => program({ inputs: { x }, outputs: {}, updates: [{ register: w, next: x.reduceSum() }] }),
      "its update is reduceSum: f32[]",
    );
    checkRefusal(
      () => commit(x, w, x.reduceSum()),
      'commit: register "w" is f32[3] and its update is reduceSum: f32[]',
    );
    checkRefusal(
      () => program({ inputs: { x }, outputs: {}, updates: [{ register: x, next: x }] }),
      'input "x": f32[3]',
      "is not a register",
    );
    checkRefusal(() => commit(x, x, x), "is not a register");
  });

  test("lets one register be read at several nodes", () => {
    const again = register("w", "f32", [3]);
    const graph = program({ inputs: {}, outputs: { y: w.add(again) } });
    expect([...registersOf(graph).keys()]).toEqual(["w"]);
  });

  test("collects commits from outputs and updates, once each, and leaves their values", () => {
    const count = register("count", "i32", []);
    const mean = register("mean", "f32", [3]);
    const counted = commit(x, count, count.add(1));
    const y = commit(counted.mul(2), mean, mean.add(counted));
    const graph = program({
      inputs: { x },
      outputs: { y, again: counted },
      updates: [{ register: w, next: y.add(counted) }],
    });
    expect(names(rootsOf(graph))).not.toContain("commit");
    expect(graph.updates.map((update) => registerOf(update.register).name).toSorted()).toEqual([
      "count",
      "mean",
      "w",
    ]);
    const { outputs, state } = evaluate(graph, { x: valueOf("f32", [3], [1, 2, 3]) });
    expect(toNumbers(outputs.y)).toEqual([2, 4, 6]);
    expect(
      Object.fromEntries(Object.entries(state).map(([name, value]) => [name, toNumbers(value)])),
    ).toEqual({
      count: [1],
      mean: [1, 2, 3],
      w: [3, 6, 9],
    });
  });

  test("takes one update that is committed at two places for one", () => {
    const next = w.mul(2);
    const graph = program({ inputs: { x }, outputs: { y: commit(x, w, next), z: commit(x.exp(), w, next) } });
    expect(graph.updates).toHaveLength(1);
    const again = program({
      inputs: { x },
      outputs: { y: commit(x, w, next) },
      updates: [{ register: w, next }],
    });
    expect(again.updates).toHaveLength(1);
  });

  test("finds the registers that only updates name", () => {
    const graph = program({ inputs: { x }, outputs: {}, updates: [{ register: w, next: x }] });
    expect([...registersOf(graph).keys()]).toEqual(["w"]);
    expect(
      toNumbers(evaluate(graph, { x: valueOf("f32", [3], [4, 5, 6]) }).state["w"] ?? valueOf("f32", [0], [])),
    ).toEqual([4, 5, 6]);
  });
});
