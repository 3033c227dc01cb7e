import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, evaluate, print, toNumbers } from "@adjoint/ir";
import {
  type Pass,
  canonicalize,
  check,
  cse,
  deadCode,
  fold,
  graphNodes,
  inline,
  optimize,
  primitives,
  runPasses,
  simplify,
  sink,
} from "@adjoint/ir/graph";
import { type RandomGraph, difference, graphFrom, graphs } from "./graphs.ts";

/** evaluate(g) = evaluate(pass(g)): to the bit but for rounding, −0, NaN, ±∞ and empty tensors among the elements. */
function expectSame({ graph, feeds }: RandomGraph, run: (graph: Graph) => Graph): void {
  check(graph);
  const after = run(graph);
  check(after);
  const changed = difference(graph, evaluate(graph, feeds), evaluate(after, feeds), { signedZeros: true });
  expect({ changed, after: print(after) }).toMatchObject({ changed: undefined });
}

describe("evaluate(g) ≈ evaluate(pass(g))", () => {
  const passes: readonly Pass[] = [inline, canonicalize, simplify, fold, cse, deadCode, sink];
  test.each(passes)("$name", (pass) => {
    fc.assert(
      fc.property(graphs(), (sample) => {
        expectSame(sample, (graph) => pass.run(graph));
      }),
      { seed: 20, numRuns: 120 },
    );
  });

  test("all passes, to a fixpoint", () => {
    fc.assert(
      fc.property(graphs(), (sample) => {
        expectSame(sample, (graph) => runPasses(graph, optimize, { check }));
      }),
      { seed: 21, numRuns: 250 },
    );
  });

  test("all passes, stopped after any number of rewrites", () => {
    fc.assert(
      fc.property(graphs(), fc.nat(40), (sample, limit) => {
        let rewrites = 0;
        const onRewrite = (): void => void rewrites++;
        expectSame(sample, (graph) => runPasses(graph, optimize, { check, limit, onRewrite }));
        expect(rewrites).toBeLessThanOrEqual(limit);
      }),
      { seed: 22, numRuns: 100 },
    );
  });

  test("passes in any order", () => {
    const order = fc.array(fc.constantFrom(...passes), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(graphs(), order, (sample, list) => {
        expectSame(sample, (graph) => list.reduce((current, pass) => pass.run(current), graph));
      }),
      { seed: 23, numRuns: 100 },
    );
  });
});

test("a graph that all passes are done with stays the very graph", () => {
  fc.assert(
    fc.property(graphs(), ({ graph }) => {
      const after = runPasses(graph);
      for (const pass of optimize) expect(pass.run(after)).toBe(after);
    }),
    { seed: 24, numRuns: 100 },
  );
});

test("passes never add much: a graph is at most as long after as before, but for a few nodes", () => {
  const sizes = { before: 0, after: 0 };
  fc.assert(
    fc.property(graphs(), ({ graph }) => {
      sizes.before += graphNodes(graph).length;
      sizes.after += graphNodes(runPasses(graph)).length;
    }),
    { seed: 25, numRuns: 200 },
  );
  expect(sizes.after).toBeLessThan(sizes.before * 0.9);
});

describe("random graphs", () => {
  const samples = fc.sample(graphs(), { seed: 26, numRuns: 1500 });

  test("hold every primitive, bodies in bodies, updates, special and empty values", () => {
    const names = new Set<string>();
    let deepest = 0;
    const visit = (graph: Graph, depth: number): void => {
      deepest = Math.max(deepest, depth);
      for (const node of graphNodes(graph)) {
        names.add(node.operation.name);
        if (node.operation.kind !== "composite") for (const body of node.graphs) visit(body, depth + 1);
      }
    };
    for (const { graph } of samples) visit(graph, 0);
    // A program has collected its commits: they are updates.
    expect(Object.keys(primitives).filter((name) => name !== "commit" && !names.has(name))).toEqual([]);
    expect(deepest).toBeGreaterThanOrEqual(2);
    expect(samples.some(({ graph }) => graph.updates.length > 0)).toBe(true);
    const values = samples.flatMap(({ feeds }) => Object.values(feeds));
    const elements = new Set(
      values.flatMap(toNumbers).map((element) => (Object.is(element, -0) ? "-0" : String(element))),
    );
    expect([...elements]).toEqual(expect.arrayContaining(["NaN", "Infinity", "-Infinity", "-0", "0"]));
    expect(values.some(({ data }) => data.length === 0)).toBe(true);
    expect(new Set(values.map(({ dtype }) => dtype))).toEqual(new Set(["f64", "f32", "i32", "bool"]));
  });

  test("are a pure function of their numbers", () => {
    const numbers = Array.from({ length: 150 }, (_, index) => (index * 7919) % 65_536);
    expect(String(graphFrom(numbers))).toBe(String(graphFrom(numbers)));
  });

  test("leave out what the options say", () => {
    const options = {
      dtypes: ["f32"],
      without: ["scan", "if"],
      special: false,
      empty: false,
      composites: false,
      gradients: false,
      registers: false,
    } as const;
    const narrow = fc.sample(graphs(options), { seed: 27, numRuns: 300 });
    const nodes = narrow.flatMap(({ graph }) => graphNodes(graph));
    expect(nodes.some((node) => node.graphs.length > 0 || node.operation.name === "register")).toBe(false);
    const values = narrow.flatMap(({ feeds }) => Object.values(feeds));
    expect(
      values.every(({ dtype, data }) => dtype === "f32" && data.length > 0 && data.every(Number.isFinite)),
    ).toBe(true);
  });

  test("a difference is found: in an element, in the sign of zero, in a missing output", () => {
    const [sample] = samples.filter(({ graph }) => graph.outputs["out_0"]?.dtype === "f32");
    if (sample === undefined) throw new Error("no sample of f32");
    const { graph, feeds } = sample;
    const run = evaluate(graph, feeds);
    const out = run.outputs["out_0"];
    if (out === undefined) throw new Error("no output");
    const value = (element: number): typeof run => ({
      ...run,
      outputs: { ...run.outputs, out_0: { dtype: "f32", shape: [1], data: Float32Array.of(element) } },
    });
    expect(difference(graph, run, run)).toBeUndefined();
    expect(difference(graph, value(1), value(1.01))).toMatch(
      /outputs "out_0": element 0 is 1.0\d* instead of 1/,
    );
    expect(difference(graph, value(1), value(1.000001))).toBeUndefined();
    expect(difference(graph, value(NaN), value(0))).toBe('outputs "out_0": element 0 is 0 instead of NaN');
    expect(difference(graph, value(0), value(-0))).toBeUndefined();
    expect(difference(graph, value(0), value(-0), { signedZeros: true })).toContain("is −0 instead of 0");
    expect(difference(graph, run, { ...run, outputs: {} })).toMatch(/^outputs ".*": is missing$/);
  });
});
