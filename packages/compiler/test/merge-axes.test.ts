import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementCount } from "@adjoint/ir/values";
import type { ContractKernel, Kernel, MapKernel, ReduceKernel, ScalarGraph } from "@adjoint/compiler";
import type { Affine, Guard } from "../src/kernel/affine.ts";
import { mergeAxes } from "../src/fusion/merge-axes.ts";
import { at, points } from "./support.ts";

type Point = readonly number[];

/** The values that an expression reads at a point: positions, guards, coordinates, counters. */
const readAt = (graph: ScalarGraph, point: Point): unknown[] =>
  graph.map((node) => {
    const guards = (list: readonly Guard[]): unknown => list.map((guard) => [at(guard, point), guard.limit]);
    switch (node.kind) {
      case "load":
        return [node.buffer, at(node.index, point), guards(node.index.guards)];
      case "index":
        return at(node.index, point);
      case "inside":
        return guards(node.guards);
      case "randomBits":
        return at(node.counter, point);
      default:
        return node.kind;
    }
  });

/** Everything that a kernel reads and writes, in the order in which it runs. */
function trace(kernel: Kernel): unknown[] {
  const written = (stores: MapKernel["stores"], point: Point): unknown[] =>
    stores.map(({ buffer, index, value }) => [buffer, at(index, point), value]);
  switch (kernel.form) {
    case "map":
      return points(kernel.domain).map((point) => [
        readAt(kernel.body, point),
        written(kernel.stores, point),
      ]);
    case "reduce":
      return points(kernel.outer).map((outer) => [
        points(kernel.inner).map((inner) => readAt(kernel.body, [...outer, ...inner])),
        readAt(kernel.epilogue, outer),
        written(kernel.stores, outer),
      ]);
    case "contract": {
      const { batch, rows, columns, inner, left, right } = kernel;
      return points([...batch, ...rows, ...columns]).map((point) => [
        points(inner).map((term) =>
          [left, right].map(({ buffer, index }) => [
            buffer,
            at(index, [...point, ...term]),
            index.guards.map((guard) => [at(guard, [...point, ...term]), guard.limit]),
          ]),
        ),
        readAt(kernel.epilogue, point),
        written(kernel.stores, point),
      ]);
    }
    default:
      throw new Error(`no trace of ${kernel.form}`);
  }
}

/** Axes of a domain; those that join the next one are stepped through with it by every affine. */
type Axes = readonly { readonly size: number; readonly joins: boolean }[];
const axes: fc.Arbitrary<Axes> = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 3 }), joins: fc.boolean() }),
  { maxLength: 3 },
);
const sizes = (list: Axes): fc.Arbitrary<readonly number[]> => fc.constant(list.map(({ size }) => size));

const affines = (domain: Axes): fc.Arbitrary<Affine> =>
  fc
    .record({
      offset: fc.nat(5),
      strides: fc.array(fc.integer({ min: -3, max: 4 }), {
        minLength: domain.length,
        maxLength: domain.length,
      }),
    })
    .map(({ offset, strides }) => {
      for (let axis = domain.length - 2; axis >= 0; axis--)
        if (domain[axis]?.joins === true)
          strides[axis] = (strides[axis + 1] ?? 0) * (domain[axis + 1]?.size ?? 1);
      return { offset, strides };
    });

const guardsOver = (domain: Axes): fc.Arbitrary<readonly Guard[]> =>
  fc.array(
    fc.tuple(affines(domain), fc.nat(6)).map(([a, limit]) => ({ ...a, limit })),
    { maxLength: 1 },
  );

const bodies = (domain: Axes): fc.Arbitrary<ScalarGraph> =>
  fc
    .tuple(affines(domain), affines(domain), affines(domain), guardsOver(domain), guardsOver(domain))
    .map(([load, index, counter, loadGuards, insideGuards]): ScalarGraph => [
      { kind: "load", dtype: "f32", buffer: 0, index: { ...load, guards: loadGuards }, dynamic: [] },
      { kind: "index", dtype: "i32", index },
      { kind: "inside", dtype: "bool", guards: insideGuards },
      { kind: "randomBits", dtype: "u32", key: [1, 1], counter },
    ]);

const storesOver = (domain: Axes): fc.Arbitrary<MapKernel["stores"]> =>
  affines(domain).map((index) => [{ buffer: 9, index, value: 0 }]);

const maps: fc.Arbitrary<MapKernel> = axes.chain((domain) =>
  fc.record({
    form: fc.constant("map" as const),
    domain: sizes(domain),
    body: bodies(domain),
    stores: storesOver(domain),
  }),
);

const reduces: fc.Arbitrary<ReduceKernel> = fc.tuple(axes, axes).chain(([outer, inner]) =>
  fc.record({
    form: fc.constant("reduce" as const),
    outer: sizes(outer),
    inner: sizes(inner),
    body: bodies([...outer, ...inner]),
    reductions: fc.constant([{ operation: "reduceSum" as const, value: 0, dtype: "f32" as const }]),
    epilogue: bodies(outer),
    stores: storesOver(outer),
  }),
);

const contracts: fc.Arbitrary<ContractKernel> = fc
  .tuple(axes, axes, axes, axes)
  .map((parts) => parts.map((part) => part.slice(0, 2)))
  .chain(([batch = [], rows = [], columns = [], inner = []]) => {
    const result = [...batch, ...rows, ...columns];
    const operand = fc
      .tuple(affines([...result, ...inner]), guardsOver([...result, ...inner]))
      .map(([index, guards]) => ({ buffer: 1, dtype: "f32" as const, index: { ...index, guards } }));
    return fc.record({
      form: fc.constant("contract" as const),
      batch: sizes(batch),
      rows: sizes(rows),
      columns: sizes(columns),
      inner: sizes(inner),
      dtype: fc.constant("f32" as const),
      left: operand,
      right: operand,
      epilogue: bodies(result),
      stores: storesOver(result),
    });
  });

const sizesOf = (kernel: Kernel): readonly (readonly number[])[] => {
  if (kernel.form === "map") return [kernel.domain];
  if (kernel.form === "reduce") return [kernel.outer, kernel.inner];
  return kernel.form === "contract" ? [kernel.batch, kernel.rows, kernel.columns, kernel.inner] : [];
};

describe("merging axes", () => {
  it.each([
    ["map", maps],
    ["reduce", reduces],
    ["contract", contracts],
  ] as const)("of a %s kernel keeps every read and write, in order", (_, kernels) => {
    let fewer = 0;
    fc.assert(
      fc.property(kernels as fc.Arbitrary<Kernel>, (kernel) => {
        const merged = mergeAxes(kernel);
        expect(trace(merged)).toEqual(trace(kernel));
        const [before, after] = [sizesOf(kernel), sizesOf(merged)];
        expect(after.map(elementCount)).toEqual(before.map(elementCount));
        expect(after.flat()).not.toContain(1);
        if (after.flat().length < before.flat().filter((size) => size > 1).length) fewer++;
      }),
      { numRuns: 300 },
    );
    expect(fewer).toBeGreaterThan(30);
  });

  const load = (strides: readonly number[], offset = 0): ScalarGraph => [
    { kind: "load", dtype: "f32", buffer: 0, index: { offset, strides, guards: [] }, dynamic: [] },
  ];
  const map = (
    domain: readonly number[],
    read: readonly number[],
    write: readonly number[],
  ): readonly number[] => {
    const store = { buffer: 1, index: { offset: 0, strides: write }, value: 0 };
    const merged = mergeAxes({ form: "map", domain, body: load(read), stores: [store] });
    return merged.form === "map" ? merged.domain : [];
  };

  it("makes one loop of what is read and written in order", () => {
    expect(map([2, 3, 4], [12, 4, 1], [12, 4, 1])).toEqual([24]);
  });

  it("keeps axes apart that any index steps through differently", () => {
    expect(map([2, 3, 4], [1, 2, 6], [12, 4, 1])).toEqual([2, 3, 4]);
    expect(map([2, 3, 4], [0, 4, 1], [12, 4, 1])).toEqual([2, 12]);
    expect(map([2, 3, 4], [4, 0, 1], [12, 4, 1])).toEqual([2, 3, 4]);
  });

  it("drops axes of size 1, and leaves none for a scalar", () => {
    expect(map([1, 5, 1], [7, 1, 9], [5, 1, 1])).toEqual([5]);
    expect(map([1, 1], [3, 3], [1, 1])).toEqual([]);
  });
});
