import { chain, layerNorms, manyRoots, registers, residualBlocks } from "@adjoint/bench/growing-graphs";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import type { Graph } from "@adjoint/ir";
import { describe, expect, it } from "vitest";

/** A busy machine may take long; the work is a second each. */
const PATIENCE = 60_000;

/** Each with a size from which on its work grows by what is counted: long expressions are cut at 1,024 values. */
const workloads: readonly (readonly [name: string, build: (count: number) => Graph, count: number])[] = [
  ["layer norms", layerNorms, 20],
  ["residual blocks with Adam", residualBlocks, 10],
  ["registers", registers, 400],
  ["chained operations", chain, 600],
  ["as many roots as nodes", manyRoots, 400],
];

/** Calls of these while `work` runs: whatever walks through a graph asks for what it has seen, or keeps what it finds. */
async function steps(work: () => Promise<unknown>): Promise<number> {
  const counted = [
    [Map, ["get", "has", "set"]],
    [Set, ["add", "has"]],
    [WeakMap, ["get", "has", "set"]],
    [WeakSet, ["add", "has"]],
    [Array, ["push", "map", "filter", "find", "some", "every"]],
  ] as const;
  let count = 0;
  const restore: (() => void)[] = [];
  for (const [{ prototype }, methods] of counted)
    for (const name of methods) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
      if (descriptor === undefined) throw new TypeError(`no ${name}`);
      const method = descriptor.value as (...parameters: unknown[]) => unknown;
      Object.defineProperty(prototype, name, {
        ...descriptor,
        value(this: unknown, ...parameters: unknown[]) {
          count++;
          return Reflect.apply(method, this, parameters);
        },
      });
      restore.push(() => Object.defineProperty(prototype, name, descriptor));
    }
  try {
    await work();
  } finally {
    for (const each of restore) each();
  }
  return count;
}

async function compiled(graph: Graph, backend: Backend): Promise<number> {
  return steps(async () => {
    const session = await compile({ main: graph }, { backend });
    await session.close();
  });
}

const backends = { cpu: () => cpu(), wasm: () => wasm({ threads: 1 }) };

describe("The steps of a compilation", () => {
  for (const [backendName, open] of Object.entries(backends))
    it.for(workloads)(
      `grow near-linearly on ${backendName}: %s`,
      { timeout: PATIENCE },
      async ([, build, count]) => {
        const backend = await open();
        // Parts that are made once.
        await compiled(build(1), backend);
        const once = await compiled(build(count), backend);
        const twice = await compiled(build(2 * count), backend);
        expect(twice / once).toBeLessThanOrEqual(2.3);
      },
    );
});
