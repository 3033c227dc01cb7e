import { cpu } from "@adjoint/backend-cpu";
import { compile, compileProgram } from "@adjoint/compiler";
import { buffersOf } from "@adjoint/compiler/kernel";
import { type Graph, type State, type Tensor, evaluate, input, program, valueOf } from "@adjoint/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

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

describe("an expression of more buffers than a kernel may touch", () => {
  it("is cut into kernels that keep the limit, and gives the same", async () => {
    let cut = 0;
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
          if (kernels.length > compileProgram(graph).kernels.length) cut++;
          const backend = { ...cpu({ kernels: "closures" }), limits: { buffers: limit } };
          await using session = await compile({ main: graph }, { backend, passes: [] });
          const given = await session.run("main", feeds);
          for (const [name, wanted] of Object.entries(evaluate(graph, feeds).outputs))
            expect([...(given[name]?.data ?? [])]).toEqual([...wanted.data]);
        },
      ),
      { seed: 12, numRuns: 40 },
    );
    // Otherwise the limit meant nothing.
    expect(cut).toBeGreaterThan(12);
  });
});
