import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counting, refusal } from "./support.ts";

function labels(
  length: number,
  validation: number,
  seed?: number | false,
): { train: number[]; validation: number[] } {
  const parts = counting(length).split(validation, seed === undefined ? {} : { seed });
  return { train: [...parts.train.column("y").data], validation: [...parts.validation.column("y").data] };
}

describe("split", () => {
  it("takes the last examples unless it has a seed", () => {
    expect(labels(5, 2)).toEqual({ train: [0, 1, 2], validation: [3, 4] });
    expect(labels(5, 2, false)).toEqual(labels(5, 2));
    expect(labels(5, 1)).toEqual({ train: [0, 1, 2, 3], validation: [4] });
  });

  it("rounds a fraction to the nearest count", () => {
    expect(labels(10, 0.25).validation).toHaveLength(3);
    expect(labels(10, 0.24).validation).toHaveLength(2);
    expect(labels(10, 0.999_999 / 1.2).validation).toHaveLength(8);
  });

  it("chooses by the seed", () => {
    expect(labels(10, 0.3, 1)).toEqual({ train: [1, 2, 3, 4, 5, 6, 8], validation: [0, 7, 9] });
    expect(labels(10, 0.3, 2)).not.toEqual(labels(10, 0.3, 1));
    expect(labels(10, 0.3, 1)).not.toEqual(labels(10, 0.3));
  });

  it("puts every example in one part, in the order of the data set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.nat(), fc.maxSafeNat(), (length, part, seed) => {
        const count = 1 + (part % (length - 1));
        const parts = labels(length, count, seed);
        expect(parts.validation).toHaveLength(count);
        expect(parts.train).toEqual(parts.train.toSorted((a, b) => a - b));
        expect([...parts.train, ...parts.validation].toSorted((a, b) => a - b)).toEqual([
          ...Array(length).keys(),
        ]);
      }),
    );
  });

  it.each([
    [5, "empty", "split: 5 of 5 examples for validation leave training without any."],
    [7, "empty", "split: 7 of 5 examples for validation leave training without any."],
    [0.05, "empty", "split: 0 of 5 examples for validation leave it without any."],
    [0.95, "empty", "split: 5 of 5 examples for validation leave training without any."],
    [0, "bad-option", "split: must be a count of examples from 1, or a fraction between 0 and 1 and is 0."],
    [
      1.5,
      "bad-option",
      "split: must be a count of examples from 1, or a fraction between 0 and 1 and is 1.5.",
    ],
    [NaN, "bad-option", "split: must be a finite number and is NaN."],
  ])("refuses %d of 5", async (validation, code, message) => {
    const error = await refusal(() => counting(5).split(validation));
    expect([error.reason, error.message]).toEqual([code, message]);
  });

  it("refuses a seed that is none", async () => {
    const error = await refusal(() => counting(5).split(1, { seed: 0.5 }));
    expect(error.message).toBe("split: seed must be false or a whole number ≥ 0 and is 0.5.");
  });
});
