import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { permutation, RandomStream } from "../src/random.ts";

describe("RandomStream", () => {
  const words = (random: RandomStream): number[] => Array.from({ length: 8 }, () => random.next());

  it("gives other numbers for each seed, purpose and epoch, in all of their 53 bits", () => {
    const streams = [
      new RandomStream(0, "batches", 0),
      new RandomStream(1, "batches", 0),
      new RandomStream(2 ** 32, "batches", 0),
      new RandomStream(0, "batches", 1),
      new RandomStream(0, "batches", 2 ** 32),
      new RandomStream(0, "shuffle", 0),
      new RandomStream(0, "split", 0),
    ];
    const all = streams.flatMap(words);
    expect(new Set(all).size).toBe(all.length);
  });

  it("gives the same numbers for the same name", () => {
    expect(words(new RandomStream(7, "batches", 3))).toEqual(words(new RandomStream(7, "batches", 3)));
  });

  it("draws each number below a bound equally often", () => {
    const random = new RandomStream(1, "shuffle");
    const bound = 6;
    const draws = 60_000;
    const counts = Array<number>(bound).fill(0);
    for (let draw = 0; draw < draws; draw++) {
      const value = random.below(bound);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    const expected = draws / bound;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99.9 % quantile of χ² with 5 degrees of freedom; the draws are fixed by the seed.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it("has no bias for bounds just above half of the words, where a remainder would double the small numbers", () => {
    const random = new RandomStream(1, "shuffle");
    const bound = 3 * 2 ** 30;
    let low = 0;
    for (let draw = 0; draw < 30_000; draw++) if (random.below(bound) < 2 ** 30) low++;
    // A third of the draws, with a standard deviation of 82; the remainder alone would give a half.
    expect(Math.abs(low - 10_000)).toBeLessThan(330);
  });
});

describe("permutation", () => {
  it("has every number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (length, seed) => {
        const order = permutation(length, new RandomStream(seed, "shuffle"));
        expect(Array.from(order.toSorted())).toEqual([...Array(length).keys()]);
      }),
    );
  });

  it("gives each of the 24 orders of four equally often", () => {
    const counts = new Map<string, number>();
    const draws = 12_000;
    for (let seed = 0; seed < draws; seed++) {
      const order = permutation(4, new RandomStream(seed, "shuffle")).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = draws / 24;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    // 99.9 % quantile of χ² with 23 degrees of freedom.
    expect(chiSquare).toBeLessThan(49.7);
  });
});
