import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { type Backend, buffersOf, compile, compileProgram } from "@adjoint/compiler";
import {
  type DType,
  type Graph,
  type State,
  type Tensor,
  evaluate,
  gradients,
  input,
  layerNormalization,
  program,
  valueOf,
} from "@adjoint/ir";
import { optimize, runPasses } from "@adjoint/ir/graph";
import { leaves } from "./ownership.ts";
import { difference, graphs } from "./random-graphs.ts";

/** The CPU, as if a kernel could bind no more buffers than this. */
const limited = (buffers: number): Backend => ({ ...cpu(), limits: { buffers } });

/** `where` reads three operands and writes one: no splitting makes it narrower. */
const WIDEST_OPERATION = 4;

/** How many buffers each kernel binds; those that share a register's memory are one. */
function widths(graph: Graph, limit: number): readonly number[] {
  const { kernels, buffers } = compileProgram(runPasses(graph, optimize), { buffers: limit });
  const homeOf = (buffer: number): number | string => {
    const location = buffers[buffer]?.location;
    return location?.kind === "register" ? location.name : buffer;
  };
  return leaves(kernels).map((kernel) => {
    const { reads, writes } = buffersOf(kernel);
    return new Set([...reads, ...writes].map(homeOf)).size;
  });
}

async function run(graph: Graph, feeds: State, backend: Backend) {
  await using session = await compile({ main: graph }, { backend });
  return { outputs: await session.run("main", feeds), state: await session.state() };
}

/** A wide expression over many inputs, seen through views, of which parts are read again and again. */
const wideGraphs = fc
  .array(fc.record({ operation: fc.nat(5), view: fc.nat(3), again: fc.nat(6) }), {
    minLength: 4,
    maxLength: 14,
  })
  .map((steps) => {
    const inputs: { [name: string]: Tensor } = {};
    const made: Tensor[] = [input("x", "f32", [3, 4])];
    inputs["x"] = made[0] as Tensor;
    steps.forEach(({ operation, view, again }, index) => {
      const name = `x${index}`;
      const fed = input(name, "f32", view === 1 ? [4, 3] : view === 2 ? [3, 1] : [3, 4]);
      inputs[name] = fed;
      const read = view === 1 ? fed.transpose([1, 0]) : view === 3 ? fed.flip([1]) : fed;
      const last = made.at(-1) ?? read;
      const before = made.at(-1 - again) ?? last;
      const next = [
        () => last.add(read),
        () => last.mul(read).sub(before),
        () => last.less(read).where(before, last),
        () => last.sub(before.mul(read)),
        () =>
          last
            .max(read.add(before))
            .slice([{}, { end: 3 }])
            .pad({ high: [0, 1], value: 2 }),
        () => last.sub(read.reduceMean({ axes: [1], keepDims: true })),
      ][operation];
      if (next !== undefined) made.push(next());
    });
    const last = made.at(-1) ?? (inputs["x"] as Tensor);
    const graph = program({ inputs, outputs: { last, sum: last.reduceSum({ axes: [0] }) } });
    const feeds = Object.fromEntries(
      Object.values(inputs).map(({ node, shape }, index) => {
        const sizes = shape.map(Number);
        const count = sizes.reduce((product, size) => product * size, 1);
        const data = Float32Array.from({ length: count }, (_, at) => Math.sin(at * 1.7 + index * 0.9));
        return [
          Object.keys(inputs)[index] ?? node.operation.name,
          { dtype: "f32" as const, shape: sizes, data },
        ];
      }),
    );
    return { graph, feeds };
  });

/** An expression of many inputs: sums, choices and views in the order that the numbers say. */
function expression(
  inputs: number,
  numbers: readonly number[],
): { readonly graph: Graph; readonly feeds: State } {
  const named = Object.fromEntries(
    Array.from({ length: inputs }, (_, index) => [`x${index}`, input(`x${index}`, "f32", [3, 3])]),
  );
  const views: readonly ((x: Tensor) => Tensor)[] = [
    (x) => x,
    (x) => x.transpose(),
    (x) => x.flip([1]),
    (x) => x.slice([{ start: 1, end: 3 }]).pad({ low: [1, 0] }),
  ];
  const rest = Object.values(named);
  for (const number of numbers) {
    const [a, b] = [rest.shift(), rest.shift()];
    if (a === undefined || b === undefined) {
      if (a !== undefined) rest.push(a);
      break;
    }
    const seen = views[number % views.length]?.(b) ?? b;
    const made = number % 5 === 4 ? a.less(seen).where(a, seen) : a.add(seen);
    // In front, a chain grows; behind, a tree.
    if (number % 3 === 0) rest.push(made);
    else rest.unshift(made);
  }
  const graph = program({
    inputs: named,
    outputs: Object.fromEntries(rest.map((y, index) => [`y${index}`, y])),
  });
  const feeds = Object.fromEntries(
    Object.keys(named).map((name, index) => [
      name,
      valueOf(
        "f32",
        [3, 3],
        Array.from({ length: 9 }, (_, at) => ((at * 5 + index * 3) % 17) - 8),
      ),
    ]),
  );
  return { graph, feeds };
}

const seed = Number(process.env["SEED"] ?? 1);

describe("a device that binds few buffers to a kernel", () => {
  it("gives what the oracle gives of random graphs, in kernels that it can bind", async () => {
    await fc.assert(
      fc.asyncProperty(
        graphs({ numbers: 120, without: ["conv", "convTranspose", "convWeight"] }),
        fc.integer({ min: 2, max: 8 }),
        async ({ graph, feeds }, limit) => {
          expect(Math.max(0, ...widths(graph, limit))).toBeLessThanOrEqual(Math.max(limit, WIDEST_OPERATION));
          const actual = await run(graph, feeds, limited(limit));
          expect(difference(graph, evaluate(graph, feeds), actual)).toBeUndefined();
        },
      ),
      { numRuns: Number(process.env["RUNS"] ?? 40), seed },
    );
  });

  it("gives the bits of a device without a limit for wide expressions", async () => {
    let split = 0;
    await fc.assert(
      fc.asyncProperty(wideGraphs, fc.integer({ min: 2, max: 8 }), async ({ graph, feeds }, limit) => {
        const found = widths(graph, limit);
        expect(Math.max(...found)).toBeLessThanOrEqual(Math.max(limit, WIDEST_OPERATION));
        if (Math.max(...widths(graph, Infinity)) > limit) split++;
        const [actual, wanted] = [await run(graph, feeds, limited(limit)), await run(graph, feeds, cpu())];
        expect(actual.outputs).toEqual(wanted.outputs);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 25), seed },
    );
    expect(split).toBeGreaterThan(15);
  });

  it("gives what the oracle gives of chains and trees of many inputs, on closures and without passes", async () => {
    let split = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.nat(59), { minLength: 1, maxLength: 40, size: "max" }),
        fc.integer({ min: 4, max: 14 }),
        async (inputs, numbers, limit) => {
          const { graph, feeds } = expression(inputs, numbers);
          const { kernels } = compileProgram(graph, { buffers: limit });
          for (const kernel of kernels) {
            const { reads, writes } = buffersOf(kernel);
            expect(new Set([...reads, ...writes]).size).toBeLessThanOrEqual(limit);
          }
          if (kernels.length > compileProgram(graph).kernels.length) split++;
          const backend = { ...cpu({ kernels: "closures" }), limits: { buffers: limit } };
          await using session = await compile({ main: graph }, { backend, passes: [] });
          const given = await session.run("main", feeds);
          for (const [name, wanted] of Object.entries(evaluate(graph, feeds).outputs))
            expect([...(given[name]?.data ?? [])]).toEqual([...wanted.data]);
        },
      ),
      { seed: 12, numRuns: 40 },
    );
    expect(split).toBeGreaterThan(12);
  });

  it.each<DType>(["f16", "bf16"])("computes the gradient of a layer norm of %s", (dtype) => {
    const [x, g] = [input("x", dtype, [6, 40]), input("g", dtype, [6, 40])];
    const [scale, shift] = [input("scale", dtype, [40]), input("shift", dtype, [40])];
    const y = layerNormalization(x, scale, shift).mul(g).reduceSum();
    const [dx, dScale, dShift] = gradients(y, [x, scale, shift]) as [Tensor, Tensor, Tensor];
    const graph = program({ inputs: { x, g, scale, shift }, outputs: { dx, dScale, dShift } });
    for (let limit = 3; limit <= 10; limit++)
      expect(Math.max(...widths(graph, limit))).toBeLessThanOrEqual(Math.max(limit, WIDEST_OPERATION));
    // Otherwise there was nothing to split.
    expect(Math.max(...widths(graph, Infinity))).toBeGreaterThan(6);
  });
});
