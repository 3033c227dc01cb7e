import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementCount, rowMajorStrides } from "@adjoint/ir/values";
import {
  type Affine,
  type Guard,
  axisOf,
  equalAffine,
  fixed,
  identity,
  needed,
  plus,
  position,
  rangeOf,
  reshaped,
  scaled,
  substitute,
} from "../src/kernel/affine.ts";
import { at, holds, linear, points } from "./support.ts";

const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 4 });
const affines = (rank: number): fc.Arbitrary<Affine> =>
  fc.record({
    offset: fc.integer({ min: -6, max: 6 }),
    strides: fc.array(fc.integer({ min: -5, max: 5 }), { minLength: rank, maxLength: rank }),
  });
const withDomain = <T>(
  make: (rank: number) => fc.Arbitrary<T>,
): fc.Arbitrary<{ domain: readonly number[]; value: T }> =>
  sizes.chain((domain) => make(domain.length).map((value) => ({ domain, value })));

/** Another shape of equally many elements: its factors multiplied together in groups, with ones between. */
const regrouped = (shape: readonly number[]): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }).map((choices) => {
    const primes = shape.flatMap((size) => (size === 4 ? [2, 2] : size === 1 ? [] : [size]));
    const result: number[] = [];
    primes.forEach((prime, index) => {
      const choice = choices[index % choices.length] ?? 0;
      if (choice === 0 && result.length > 0) result[result.length - 1] = (result.at(-1) ?? 1) * prime;
      else result.push(...(choice === 2 ? [1, prime] : [prime]));
    });
    return choices[0] === 1 ? [...result, 1] : result;
  });

/** Coordinates of a shape over a domain that is the shape permuted, cut, mirrored, or broadcast over a further axis. */
const accesses = sizes.chain((shape) =>
  fc
    .record({
      order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      flips: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      cuts: fc.array(fc.nat(1), { minLength: shape.length, maxLength: shape.length }),
      to: regrouped(shape),
    })
    .map(({ order, flips, cuts, to }) => {
      const extents = shape.map((size, axis) => Math.max(1, size - (cuts[axis] ?? 0)));
      const domain = [...order.map((axis) => extents[axis] ?? 1), 2];
      const coordinates = shape.map((size, axis) => {
        const own = axisOf(order.indexOf(axis), domain.length);
        return flips[axis] === true ? scaled(own, -1, size - 1) : own;
      });
      return { shape, to, domain, coordinates };
    }),
);

describe("affine functions", () => {
  it("add, scale and substitute as their values do", () => {
    fc.assert(
      fc.property(
        withDomain((rank) => fc.tuple(affines(rank), affines(rank), fc.integer({ min: -3, max: 3 }))),
        ({ domain, value: [a, b, factor] }) => {
          for (const point of points(domain)) {
            expect(at(plus(a, b), point)).toBe(at(a, point) + at(b, point));
            expect(at(scaled(a, factor, 7), point)).toBe(at(a, point) * factor + 7);
            const inner = [a, b];
            const outer: Affine = { offset: 2, strides: [factor, -4] };
            expect(at(substitute(outer, inner, domain.length), point)).toBe(
              at(
                outer,
                inner.map((one) => at(one, point)),
              ),
            );
          }
        },
      ),
    );
  });

  it("give the position of the identity as the row-major index", () => {
    fc.assert(
      fc.property(sizes, (shape) => {
        const { coordinates, domain } = identity(shape);
        const index = position(coordinates, rowMajorStrides(shape), shape.length);
        expect(points(domain).map((point) => at(index, point))).toEqual(
          Array.from({ length: elementCount(shape) }, (_, point) => point),
        );
      }),
    );
  });

  it("have the range that trying all points finds", () => {
    fc.assert(
      fc.property(withDomain(affines), ({ domain, value }) => {
        const values = points(domain).map((point) => at(value, point));
        expect(rangeOf(value, domain)).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  it("are equal where offset, strides and rank are", () => {
    expect(equalAffine(fixed(1, 2), { offset: 1, strides: [0, 0] })).toBe(true);
    expect(equalAffine(fixed(1, 2), fixed(1, 1))).toBe(false);
    expect(equalAffine(fixed(1, 2), fixed(0, 2))).toBe(false);
    expect(equalAffine(axisOf(0, 2), axisOf(1, 2))).toBe(false);
  });
});

describe("needed guards", () => {
  it("hold where all guards hold, and each of them fails somewhere", () => {
    const guards = (rank: number): fc.Arbitrary<readonly Guard[]> =>
      fc.array(
        fc.tuple(affines(rank), fc.integer({ min: 0, max: 9 })).map(([a, limit]) => ({ ...a, limit })),
        { maxLength: 4 },
      );
    fc.assert(
      fc.property(withDomain(guards), ({ domain, value }) => {
        const kept = needed([...value, ...value], domain);
        for (const point of points(domain)) expect(holds(kept, point)).toBe(holds(value, point));
        for (const guard of kept) expect(points(domain).some((point) => !holds([guard], point))).toBe(true);
        expect(new Set(kept.map((guard) => JSON.stringify(guard))).size).toBe(kept.length);
      }),
    );
  });
});

describe("reshaped coordinates", () => {
  it("name the same element, inside the new shape", () => {
    let affine = 0;
    fc.assert(
      fc.property(accesses, ({ shape, to, domain, coordinates }) => {
        const result = reshaped(coordinates, shape, to, domain);
        if (result === undefined) return;
        affine++;
        expect(result).toHaveLength(to.length);
        for (const point of points(domain)) {
          const before = coordinates.map((coordinate) => at(coordinate, point));
          const after = result.map((coordinate) => at(coordinate, point));
          expect(linear(after, to)).toBe(linear(before, shape));
          after.forEach((coordinate, axis) => expect(coordinate).toBeLessThan(to[axis] ?? 1));
          expect(Math.min(0, ...after)).toBe(0);
        }
      }),
      { numRuns: 500 },
    );
    expect(affine).toBeGreaterThan(100);
  });

  it("exist for every merge of axes that are read in order", () => {
    const merged = reshaped(identity([2, 3, 4]).coordinates, [2, 3, 4], [6, 4], [2, 3, 4]);
    expect(merged).toEqual([
      { offset: 0, strides: [3, 1, 0] },
      { offset: 0, strides: [0, 0, 1] },
    ]);
    fc.assert(
      fc.property(
        sizes.chain((shape) => regrouped(shape).map((to) => ({ shape, to }))),
        ({ shape, to }) => {
          const [affine] = reshaped(identity(to).coordinates, to, [elementCount(shape)], to) ?? [];
          const elements = points(to).map((point) => (affine === undefined ? -1 : at(affine, point)));
          expect(elements).toEqual([...elements.keys()]);
          expect(reshaped(identity(shape).coordinates, shape, shape, shape)).toEqual(
            identity(shape).coordinates,
          );
        },
      ),
    );
  });

  it("are undefined where a quotient is not affine", () => {
    const transposed = [axisOf(1, 2), axisOf(0, 2)];
    expect(reshaped(transposed, [2, 3], [3, 2], [3, 2])).toBeUndefined();
    expect(reshaped([axisOf(0, 1)], [6], [2, 3], [6])).toBeUndefined();
  });

  it("are anything on an empty domain, which reads nothing", () => {
    expect(reshaped([axisOf(0, 1), fixed(0, 1)], [0, 3], [3, 0], [0])).toEqual([fixed(0, 1), fixed(0, 1)]);
  });
});
