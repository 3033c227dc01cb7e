import { type Graph, type Tensor, type TensorValue, evaluate, input, program, valueOf } from "@adjoint/ir";
import { check, graphNodes, runPasses } from "@adjoint/ir/graph";
import { describe, expect, it } from "vitest";

/** A value whose elements all differ. */
const counted = (shape: readonly number[]): TensorValue =>
  valueOf(
    "f32",
    shape,
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => index % 97),
  );

/** Passes a graph of one output, which must stay the same; returns the operations that are left. */
function passed(inputs: { readonly [name: string]: Tensor }, y: Tensor): readonly string[] {
  const graph = program({ inputs, outputs: { y } });
  const after: Graph = runPasses(graph);
  check(after);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, counted(shape.map(Number))]),
  );
  expect(evaluate(after, feeds).outputs).toEqual(evaluate(graph, feeds).outputs);
  return graphNodes(after).map(({ operation }) => operation.name);
}

describe("passes keep the axes that belong together", () => {
  it("transposed products whose batch axes come in another order on each side", () => {
    const [a, b] = [input("a", "f32", [2, 3, 4, 5, 2]), input("b", "f32", [3, 5, 2, 2, 6])];
    const product = a.dotGeneral(b, {
      leftBatch: [1, 0, 4],
      rightBatch: [0, 2, 3],
      leftContract: [3],
      rightContract: [1],
    });
    for (const order of [
      [1, 0, 2, 3, 4],
      [2, 0, 1, 4, 3],
      [0, 2, 1, 4, 3],
    ])
      expect(passed({ a, b }, product.transpose(order))).not.toContain("transpose");
  });

  it("slices with steps of what was stretched along some axes", () => {
    const x = input("x", "f32", [1, 7, 1]);
    const wide = x.broadcast([2, 5, 7, 3]);
    for (const ranges of [
      [undefined, { start: 1, step: 2 }, { start: 2, step: 3 }, { start: 1, step: 2 }],
      [{ start: 1 }, { start: 4 }, { start: 6 }, { step: 2 }],
      [undefined, { step: 3 }, undefined, undefined],
    ])
      // The stretch comes last, of a part.
      expect(passed({ x }, wide.slice(ranges)).at(-1)).toBe("broadcast");
  });
});
