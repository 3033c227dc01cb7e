import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MergeOrder } from "../src/fusion/merge-order.ts";

/** A graph of elements that merge, kept as plainly as can be. */
class Model {
  readonly before: Set<number>[];
  readonly after: Set<number>[];

  constructor(count: number, edges: readonly (readonly [number, number])[]) {
    this.before = Array.from({ length: count }, () => new Set<number>());
    this.after = Array.from({ length: count }, () => new Set<number>());
    for (const [earlier, later] of edges) this.#add(earlier, later);
  }

  #add(earlier: number, later: number): void {
    if (earlier === later) return;
    this.before[later]?.add(earlier);
    this.after[earlier]?.add(later);
  }

  /** True if `to` needs `from`; at first hand does not count if `around`. */
  reaches(from: number, to: number, around: boolean): boolean {
    const seen = new Set<number>();
    const stack = [...(this.after[from] ?? [])].filter((index) => !around || index !== to);
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === to) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(...(this.after[next] ?? []));
    }
    return false;
  }

  merge(first: number, second: number): void {
    for (const earlier of this.before[second] ?? []) {
      this.after[earlier]?.delete(second);
      this.#add(earlier, first);
    }
    for (const later of this.after[second] ?? []) {
      this.before[later]?.delete(second);
      this.#add(first, later);
    }
    this.before[second]?.clear();
    this.after[second]?.clear();
  }
}

const orderOf = (model: Model): MergeOrder =>
  new MergeOrder(
    model.before.map((_, index) => index),
    {
      before: (index) => [...(model.before[index] ?? [])],
      after: (index) => [...(model.after[index] ?? [])],
    },
  );

describe("the order of groups that merge", () => {
  it("allows just the merges that make no circle, whatever merged before", () => {
    let refused = 0;
    let merged = 0;
    const pair = (count: number): fc.Arbitrary<readonly [number, number]> =>
      fc.tuple(fc.nat(count - 1), fc.nat(count - 1));
    const cases = fc
      .integer({ min: 2, max: 24 })
      .chain((count) =>
        fc.tuple(
          fc.constant(count),
          fc.array(pair(count), { maxLength: 2 * count, size: "max" }),
          fc.array(pair(count), { maxLength: 4 * count, size: "max" }),
        ),
      );
    fc.assert(
      fc.property(cases, ([count, edges, merges]) => {
        const forward = edges.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
        const model = new Model(count, forward);
        const order = orderOf(model);
        const gone = new Set<number>();
        for (const [first, second] of merges) {
          if (first === second || gone.has(first) || gone.has(second)) continue;
          const isFree = !model.reaches(first, second, true) && !model.reaches(second, first, false);
          const merge = order.merging(first, second);
          expect(merge !== undefined).toBe(isFree);
          if (merge === undefined) {
            refused++;
            continue;
          }
          merged++;
          gone.add(second);
          merge();
          model.merge(first, second);
        }
      }),
      { numRuns: 300, seed: 11 },
    );
    expect(Math.min(refused, merged)).toBeGreaterThan(300);
  });

  it("looks only at what lies between two elements", () => {
    const visits = (count: number): number => {
      // Each needs the two before: what lies further back is never between two that merge.
      const edges = Array.from({ length: count - 2 }, (_, index) =>
        [1, 2].map((step) => [index, index + step] as const),
      );
      const model = new Model(count, edges.flat());
      const order = orderOf(model);
      for (let index = 0; index + 1 < count; index += 2) {
        order.merging(index, index + 1)?.();
        model.merge(index, index + 1);
      }
      return order.visits;
    };
    expect(visits(1000)).toBeGreaterThan(500);
    expect(visits(8000)).toBeLessThan(2.3 * visits(4000));
  });

  it("finds room for as many as move to one position", () => {
    // All but the last two stand between them, and the last needs them all.
    const count = 600;
    const edges = Array.from({ length: count - 2 }, (_, index) => [index + 1, count - 1] as const);
    const model = new Model(count, [[0, count - 1], ...edges]);
    const order = orderOf(model);
    for (let index = count - 2; index > 0; index--) {
      const merge = order.merging(0, index);
      expect(merge).toBeDefined();
      merge?.();
      model.merge(0, index);
    }
    expect(order.merging(0, count - 1)).toBeDefined();
    expect(order.merging(count - 1, 0)).toBeUndefined();
  });
});
