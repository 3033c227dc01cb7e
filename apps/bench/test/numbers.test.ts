import { expect, test } from "vitest";
import { disagreement, median, significant } from "../src/measure/numbers.ts";

test("the median is the middle, or the mean of the middle two", () => {
  expect(median([10, 9, 2])).toBe(9);
  expect(median([100, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("significant digits", () => {
  expect(significant(1234.567, 3)).toBe(1230);
  expect(significant(0.00123456, 3)).toBe(0.00123);
});

test("a disagreement is a share of the largest expected number", () => {
  expect(disagreement([1, 2, -10.1], [1, 2, -10])).toBeCloseTo(0.01, 10);
  expect(disagreement([0, 0], [0, 0])).toBe(0);
});

test("what is missing or not a number disagrees without end", () => {
  expect(disagreement([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(disagreement([1, null], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(disagreement([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
});
