import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, type Graph, type State, type Tensor, evaluate, program } from "@adjoint/ir";
import { composites, graphNodes, primitives } from "@adjoint/ir/graph";
import * as optimizers from "@adjoint/optimizers";
import { hosts } from "./bounds/bounds.ts";
import { caseFrom } from "./case.ts";
import { Subject, expected } from "./check.ts";
import { outside } from "./compare.ts";
import { Choices, Draw, Shared } from "./draw.ts";
import { Words } from "./elements.ts";
import type { Feeds } from "./fuzz-case.ts";
import { compositeMakers } from "./makers/composites.ts";
import type { Maker } from "./makers/maps.ts";
import { primitiveMakers } from "./makers/primitives.ts";
import { methods } from "./makers/training.ts";
import { comparedWithDoubles } from "./halves.ts";
import { plantedFaults, plantedLosses } from "./planted.ts";
import { emptyTally, recipesOf, runBatch } from "./run.ts";
import { bindingsOf } from "./symbolic.ts";
import { variants } from "./variants.ts";

/** The names of the operations of what a maker makes, over some draws. */
function made(maker: Maker, draws: number): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (graph: Graph): void => {
    for (const { operation, graphs } of graphNodes(graph)) {
      names.add(operation.name);
      graphs.forEach(walk);
    }
  };
  for (let seed = 1; seed <= draws; seed++) {
    const words = new Words(seed);
    const numbers = Array.from({ length: 60 }, () => words.next() % 0x10000);
    const shared = new Shared(seed, "f32", { elements: 600, products: 420_000 });
    const result = maker(new Draw(new Choices(numbers), shared));
    const tensors: readonly Tensor[] = result === undefined ? [] : "node" in result ? [result] : result;
    const nodes = tensors.map(({ node }) => node);
    nodes.forEach(({ operation }) => names.add(operation.name));
    walk({
      inputs: {},
      outputs: Object.fromEntries(tensors.map((tensor, index) => [`${index}`, tensor])),
      updates: [],
    });
  }
  return names;
}

describe("the makers of random programs", () => {
  it("has one for each primitive and composite, which makes it", () => {
    expect(Object.keys(compositeMakers).toSorted()).toEqual([...composites.keys()].toSorted());
    const missing = [...Object.entries(primitiveMakers), ...Object.entries(compositeMakers)].filter(
      ([name, maker]) => !made(maker, 12).has(name),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
    expect(Object.keys(primitiveMakers).toSorted()).toEqual(Object.keys(primitives).toSorted());
  });

  it("has one for each optimizer", () => {
    const isOptimizer = (make: unknown): boolean => {
      try {
        return typeof make === "function" && "update" in make({});
      } catch {
        return false;
      }
    };
    const names = Object.entries(optimizers).flatMap(([name, make]) => (isOptimizer(make) ? [name] : []));
    expect(Object.keys(methods).toSorted()).toEqual(names.toSorted());
  });

  it(
    "make programs for any size, which run with several, and runs that must fail",
    { timeout: 60_000 },
    () => {
      let [open, failing, others] = [0, 0, 0];
      const recipes = fc.sample(recipesOf(12), { numRuns: 90, seed: 3 });
      for (const item of recipes.flatMap((recipe) => caseFrom(recipe) ?? [])) {
        const sizes = item.runs.flatMap(({ entry, feeds }) => {
          const graph = item.entries[entry];
          return graph === undefined ? [] : Object.values(bindingsOf(graph, feeds));
        });
        if (new Set(sizes).size > 1) open++;
        if (item.runs.length > 1 && item.runs[0]?.feeds !== item.runs[1]?.feeds) others++;
        failing += expected(item, hosts).filter(({ fails }) => fails).length;
      }
      expect(open).toBeGreaterThan(5);
      expect(others).toBeGreaterThan(30);
      expect(failing).toBeGreaterThan(0);
    },
  );

  it("make the same case of the same numbers", () => {
    fc.assert(
      fc.property(recipesOf(20), (recipe) => {
        const [a, b] = [caseFrom(recipe), caseFrom(recipe)];
        expect(a?.runs).toEqual(b?.runs);
      }),
      { numRuns: 20, seed: 1 },
    );
  });
});

/** True if the oracle itself refuses an index. */
function isOutside(graph: Graph, feeds: Feeds, state: State): boolean {
  try {
    evaluate(graph, feeds, { state });
    return false;
  } catch (error) {
    if (error instanceof AdjointError && error.code === "index") return true;
    throw error;
  }
}

describe("bounds", () => {
  it("hold what the oracle gives, in all runs of a case", () => {
    let compared = 0;
    fc.assert(
      fc.property(recipesOf(12), (recipe) => {
        const item = caseFrom(recipe);
        if (item === undefined) return;
        const bounds = expected(item, hosts);
        let state: State = {};
        for (const [index, { entry, feeds }] of item.runs.entries()) {
          const graph: Graph = item.entries[entry] ?? program({ inputs: {}, outputs: {} });
          // Runs after one whose end is not known.
          if (bounds[index] === undefined) return;
          expect(bounds[index].fails).toBe(isOutside(graph, feeds, state));
          if (bounds[index].fails) continue;
          const run = evaluate(graph, feeds, { state });
          state = { ...state, ...run.state };
          for (const [name, bound] of Object.entries(bounds[index]?.outputs ?? {})) {
            expect(outside(run.outputs[name], bound)).toBeUndefined();
            compared++;
          }
        }
      }),
      { numRuns: 25, seed: 2 },
    );
    expect(compared).toBeGreaterThan(40);
  });
});

/** Programs that a planted fault has to be found in, at most. */
const ENOUGH = 200;

describe("the fuzzer", () => {
  it.each(plantedFaults)("finds that $name", { timeout: 60_000 }, async (variant) => {
    const subject = new Subject(variant);
    const tally = emptyTally();
    for (let seed = 1; seed <= ENOUGH / 10 && tally.failures.length === 0; seed++)
      await runBatch([subject], { seed, programs: 10, known: [], tally, steps: 6, shrinks: false });
    await subject.close();
    expect(tally.failures.map(({ problem }) => problem)).toHaveLength(1);
  });

  it.each(plantedLosses)("finds that $name", ({ maker }) => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) =>
      (["f16", "bf16"] as const).map((half) => comparedWithDoubles(maker, { seed, half })?.lost),
    );
    expect(found.some((lost) => lost !== undefined)).toBe(true);
  });

  it("finds nothing wrong in programs of fixed seeds on the CPU", { timeout: 60_000 }, async () => {
    const subjects = variants
      .filter(({ backend }) => backend === "cpu")
      .map((variant) => new Subject(variant));
    const tally = emptyTally();
    await runBatch(subjects, { seed: 11, programs: 25, known: [], tally });
    for (const subject of subjects) await subject.close();
    expect(tally.failures.map(({ problem }) => problem)).toEqual([]);
    // Otherwise the comparison sees little.
    expect(tally.sharp).toBeGreaterThan(0.75 * tally.elements);
  });
});
