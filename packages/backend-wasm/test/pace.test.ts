import { describe, expect, it } from "vitest";
import { Pace } from "../src/threads/pace.ts";

let now = 1000;

/** Runs of 5 ms one after another, of which workers spoil those of `spoils`; the threads of each. */
function runs(pace: Pace, count: number, spoils: (threads: number) => number): readonly number[] {
  return Array.from({ length: count }, () => {
    const threads = pace.threads(now);
    const waited = threads > 1 ? spoils(threads) : 0;
    const took = 5 + waited;
    now += took;
    if (threads > 1) pace.tell(now, took, waited);
    return threads;
  });
}

describe("the pace of threads", () => {
  it("takes all where nobody is late", () => {
    expect(new Set(runs(new Pace(8), 1000, () => 0.2))).toEqual(new Set([8]));
  });

  it("ends with one where every run waits, and looks seldom whether that has changed", () => {
    const pace = new Pace(2);
    const threads = runs(pace, 4000, () => 4);
    expect(threads.slice(0, 3)).toEqual([2, 1, 1]);
    // The pauses double up to 3.2 s: 25 + 50 + … + 3200 ms, then 640 runs from one look to the next.
    expect(threads.filter((count) => count === 2).length).toBeLessThan(14);
    expect(threads.slice(-1300)).toContain(2);
  });

  it("finds as many as the machine has room for", () => {
    const threads = runs(new Pace(16), 20_000, (count) => (count > 4 ? 4 : 0)).slice(10_000);
    expect(threads.filter((count) => count === 4).length).toBeGreaterThan(9000);
    expect(Math.max(...threads)).toBe(8);
  });

  it("forgets what is long past", () => {
    const pace = new Pace(2);
    runs(pace, 4000, () => 4);
    const later = runs(pace, 20_000, () => 0);
    expect(later.slice(700)).not.toContain(1);
    // One bad run after a long good time costs as little as the first.
    expect(runs(pace, 20, () => 4)).toEqual(expect.arrayContaining([2, 1]));
    expect(runs(pace, 60, () => 0).filter((count) => count === 1).length).toBeLessThan(30);
  });

  it("bears short waits, and long ones in long runs", () => {
    const pace = new Pace(2);
    for (let at = 0; at < 1000; at += 10) {
      expect(pace.threads(at)).toBe(2);
      pace.tell(at, 0.5, 0.25);
      pace.tell(at, 600, 50);
    }
  });
});
