import { argMax, constant, iota, sort, topK, valueOf } from "@adjoint/ir";
import type { ScatterReduction } from "@adjoint/ir/graph";
import fc from "fast-check";
import { describe, test } from "vitest";
import {
  type Coordinates,
  along,
  at,
  checkValue,
  coordinates,
  filledValue,
  put,
  runs,
  seed,
  table,
  values,
  without,
} from "./coordinates.ts";
import { numbers } from "./finite-differences.ts";

describe("lines are folded as their definitions say:", () => {
  test("reductions", () => {
    const cases = values(1).chain((x) =>
      fc.tuple(fc.constant(x), fc.subarray([...x.shape.keys()], { minLength: 1 })),
    );
    fc.assert(
      fc.property(cases, ([x, axes]) => {
        const shape = x.shape.filter((_, axis) => !axes.includes(axis));
        const group = (c: Coordinates): number[] =>
          coordinates(x.shape)
            .filter((place) => place.filter((_, axis) => !axes.includes(axis)).join() === c.join())
            .map((place) => at(x, place) ?? NaN);
        checkValue(
          constant(x).reduceSum({ axes }),
          table(shape, (c) => group(c).reduce((a, b) => a + b, 0)),
        );
        checkValue(
          constant(x).reduceProd({ axes }),
          table(shape, (c) => group(c).reduce(Math.imul, 1)),
        );
        checkValue(
          constant(x).reduceMax({ axes }),
          table(shape, (c) => Math.max(-2147483648, ...group(c))),
        );
        checkValue(
          constant(x).reduceMin({ axes }),
          table(shape, (c) => Math.min(2147483647, ...group(c))),
        );
      }),
      runs,
    );
  });

  test("argMax, cumSum and cumProd", () => {
    fc.assert(
      fc.property(along, fc.boolean(), fc.boolean(), ([x, axis], exclusive, reverse) => {
        const size = x.shape[axis] ?? 0;
        const line = (c: Coordinates): number[] =>
          Array.from({ length: size }, (_, index) => at(x, put(c, axis, index)) ?? NaN);
        if (size > 0) {
          checkValue(
            argMax(constant(x), { axis }),
            table(without(x.shape, axis), (c) => {
              const all = line([...c.slice(0, axis), 0, ...c.slice(axis)]);
              return all.indexOf(Math.max(...all));
            }),
          );
        }
        const before = (c: Coordinates): number[] => {
          const place = c[axis] ?? 0;
          return line(c).filter(
            (_, index) => (reverse ? index > place : index < place) || (!exclusive && index === place),
          );
        };
        checkValue(
          constant(x).cumSum({ axis, exclusive, reverse }),
          table(x.shape, (c) => before(c).reduce((a, b) => a + b, 0)),
        );
        checkValue(
          constant(x).cumProd({ axis, exclusive, reverse }),
          table(x.shape, (c) => before(c).reduce(Math.imul, 1)),
        );
      }),
      runs,
    );
  });

  test("sort and topK", () => {
    fc.assert(
      fc.property(along, fc.boolean(), fc.nat({ max: 4 }), ([x, axis], descending, limit) => {
        const size = x.shape[axis] ?? 0;
        const k = Math.min(limit, size);
        // JavaScript's own stable sort decides.
        const places = (c: Coordinates): number[] =>
          Array.from({ length: size }, (_, index) => index).toSorted((a, b) => {
            const [p, q] = [at(x, put(c, axis, a)) ?? NaN, at(x, put(c, axis, b)) ?? NaN];
            return descending ? q - p : p - q;
          });
        const nth = (c: Coordinates): number => places(c)[c[axis] ?? 0] ?? NaN;
        const sorted = sort(constant(x), { axis, descending });
        checkValue(sorted.indices, table(x.shape, nth));
        checkValue(
          sorted.values,
          table(x.shape, (c) => at(x, put(c, axis, nth(c))) ?? NaN),
        );
        const top = topK(constant(x), k, { axis, largest: descending });
        checkValue(top.indices, table(put(x.shape, axis, k), nth));
        checkValue(
          top.values,
          table(put(x.shape, axis, k), (c) => at(x, put(c, axis, nth(c))) ?? NaN),
        );
      }),
      runs,
    );
  });
});

describe("indices address as their definitions say:", () => {
  const joins: { readonly [R in ScatterReduction]: (a: number, b: number) => number } = {
    none: (_, b) => b,
    add: (a, b) => a + b,
    mul: Math.imul,
    max: Math.max,
    min: Math.min,
  };
  const cases = fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
      seed,
    )
    .chain(([shape, lead, from]) =>
      fc.integer({ min: 1, max: shape.length }).map((depth) => {
        const rows = coordinates(lead).length;
        const random = numbers(rows * depth, from, 0, 1);
        const indices = random.map((u, place) => Math.floor(u * (shape[place % depth] ?? 1)));
        return {
          x: filledValue(shape, from),
          depth,
          lead,
          indices: valueOf("i32", [...lead, depth], indices),
        };
      }),
    );

  test("gather", () => {
    fc.assert(
      fc.property(cases, ({ x, depth, lead, indices }) => {
        const shape = [...lead, ...x.shape.slice(depth)];
        const place = (c: Coordinates): number[] =>
          Array.from({ length: depth }, (_, k) => at(indices, [...c.slice(0, lead.length), k]) ?? NaN);
        checkValue(
          constant(x).gather(constant(indices)),
          table(shape, (c) => at(x, [...place(c), ...c.slice(lead.length)]) ?? NaN),
        );
      }),
      runs,
    );
  });

  test("scatter", () => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom<ScatterReduction>("none", "add", "mul", "max", "min"),
        ({ x, depth, lead, indices }, reduction) => {
          const u = filledValue([...lead, ...x.shape.slice(depth)], 5);
          const result = new Map(coordinates(x.shape).map((c) => [c.join(), at(x, c) ?? NaN]));
          for (const c of coordinates(u.shape)) {
            const head = Array.from(
              { length: depth },
              (_, k) => at(indices, [...c.slice(0, lead.length), k]) ?? NaN,
            );
            const key = [...head, ...c.slice(lead.length)].join();
            result.set(key, joins[reduction](result.get(key) ?? NaN, at(u, c) ?? NaN));
          }
          checkValue(
            constant(x).scatter(constant(indices), constant(u), reduction),
            table(x.shape, (c) => result.get(c.join()) ?? NaN),
          );
        },
      ),
      runs,
    );
  });

  test("iota and reshape", () => {
    fc.assert(
      fc.property(along, ([x, axis]) => {
        checkValue(
          iota("i32", x.shape, axis),
          table(x.shape, (c) => c[axis] ?? NaN),
        );
        const flat = valueOf("i32", [x.data.length], [...x.data]);
        checkValue(constant(x).reshape([x.data.length]), flat);
      }),
      runs,
    );
  });
});
