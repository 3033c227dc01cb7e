import { input } from "@adjoint/ir";
import {
  addDims,
  dim,
  elementCount,
  equalShapes,
  equalTypes,
  isStatic,
  mulDims,
  rowMajorStrides,
  shapeSize,
  shapeText,
  typeText,
} from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const n = dim("n");
const m = dim("m");

describe("shapes", () => {
  test("are written with their symbols", () => {
    expect(typeText({ dtype: "f32", shape: [n, 784] })).toBe("f32[n, 784]");
    expect(typeText({ dtype: "bool", shape: [] })).toBe("bool[]");
    expect(shapeText([addDims(n, 1), mulDims(n, m)])).toBe("[n + 1, m*n]");
  });

  test("are equal where each size is", () => {
    expect(equalShapes([n, 3], [dim("n"), 3])).toBe(true);
    expect(equalShapes([n, 3], [m, 3])).toBe(false);
    expect(equalShapes([3], [3, 1])).toBe(false);
    expect(equalShapes([mulDims(n, m)], [mulDims(m, n)])).toBe(true);
    expect(equalTypes({ dtype: "f32", shape: [] }, { dtype: "f64", shape: [] })).toBe(false);
  });

  test("have as many elements as the product of their sizes", () => {
    expect(shapeSize([])).toBe(1);
    expect(shapeSize([3, 0])).toBe(0);
    expect(String(shapeSize([n, 3, n]))).toBe("3*n*n");
    expect(isStatic([1, 2])).toBe(true);
    expect(isStatic([1, n])).toBe(false);
  });

  test("row-major strides number the elements in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), (shape) => {
        const strides = rowMajorStrides(shape);
        const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
        expect(last).toBe(elementCount(shape) - 1);
        shape.slice(1).forEach((size, axis) => expect(strides[axis]).toBe((strides[axis + 1] ?? 0) * size));
      }),
    );
  });
});

describe("broadcasting", () => {
  /** NumPy's rule, axis by axis from the right, in its own words. */
  const numpy = (a: readonly number[], b: readonly number[]): readonly number[] | undefined => {
    const [p, q] = [a.toReversed(), b.toReversed()];
    const sizes = Array.from(
      { length: Math.max(p.length, q.length) },
      (_, axis) => [p[axis] ?? 1, q[axis] ?? 1] as const,
    );
    if (sizes.some(([x, y]) => x !== y && x !== 1 && y !== 1)) return undefined;
    return sizes.map(([x, y]) => (x === 1 ? y : x)).toReversed();
  };

  test("follows NumPy", () => {
    const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const expected = numpy(a, b);
        const join = (): unknown => {
          try {
            return input("a", "f32", a).add(input("b", "f32", b)).shape;
          } catch (error) {
            return String(error).includes("do not broadcast") ? undefined : error;
          }
        };
        expect(join()).toEqual(expected);
      }),
    );
  });

  test("takes a symbol for itself and for 1, and for nothing else", () => {
    const x = input("x", "f32", [n, 1, 3]);
    expect(shapeText(x.add(input("y", "f32", [n, m, 1])).shape)).toBe("[n, m, 3]");
    expect(() => x.add(input("y", "f32", [2, 1, 3]))).toThrow(/f32\[n, 1, 3\].*f32\[2, 1, 3\]/);
  });
});
