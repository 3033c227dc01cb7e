import { constant, filled, valueOf } from "@adjoint/ir";
import { uniformConstant } from "@adjoint/ir/graph";
import { describe, expect, it } from "vitest";

const of = (...elements: readonly number[]): ReturnType<typeof constant> =>
  constant(valueOf("f32", [elements.length], elements));

describe("a constant that is the same everywhere", () => {
  it("has the one element, through broadcasts", () => {
    expect(uniformConstant(of(3))).toBe(3);
    expect(uniformConstant(of(2, 2, 2))).toBe(2);
    expect(uniformConstant(of(NaN, NaN))).toBe(NaN);
    expect(uniformConstant(of(-0, -0))).toBe(-0);
    expect(uniformConstant(filled(4, "f32", [300, 2]))).toBe(4);
    expect(uniformConstant(constant(7n, "i64").broadcast([2]).broadcast([3, 2]))).toBe(7n);
  });

  it("is none where an element differs, the first or the last, or in its sign of zero", () => {
    for (const elements of [[1, 2, 2], [2, 2, 1], [0, -0], [1, NaN], []])
      expect(uniformConstant(of(...elements))).toBeUndefined();
  });

  it("is none behind another operation", () => {
    expect(uniformConstant(of(2, 2).neg())).toBeUndefined();
    expect(uniformConstant(of(2, 2).reshape([2, 1]))).toBeUndefined();
  });

  it("is looked for among up to 64 elements", () => {
    const same = (count: number): ReturnType<typeof constant> =>
      of(...Array.from({ length: count }, () => 5));
    expect(uniformConstant(same(64))).toBe(5);
    expect(uniformConstant(same(65))).toBeUndefined();
  });
});
