import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Tensor,
  attention,
  depthToSpace,
  einsum,
  fromEnd,
  gradients,
  input,
  oneHot,
  spaceToDepth,
  tril,
  trilu,
  triu,
} from "@adjoint/ir";
import { nodesOf } from "@adjoint/ir/graph";
import {
  type DType,
  type Shape,
  type TensorValue,
  dim,
  toNumbers,
  typeText,
  valueOf,
} from "@adjoint/ir/values";
import { run } from "./composite-case.ts";
import { checkGradient, f64, someF64 } from "./finite-differences.ts";

const expectClose = (found: readonly number[], expected: readonly number[], digits = 12): void => {
  expect(found.length).toBe(expected.length);
  found.forEach((element, index) => expect(element).toBeCloseTo(expected[index] ?? NaN, digits));
};
const first = (values: readonly TensorValue[]): TensorValue => values[0] ?? f64([], [NaN]);

/** Every place of a shape, in row-major order. */
function* placesOf(shape: readonly number[]): Generator<readonly number[]> {
  const [size, ...rest] = shape;
  if (size === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < size; i++) for (const place of placesOf(rest)) yield [i, ...place];
}

/** Einstein's summation by its definition: a sum over all values of all letters. No ellipsis. */
function summation(terms: readonly string[], output: string, values: readonly TensorValue[]): TensorValue {
  const sizes = new Map<string, number>();
  terms.forEach((term, index) =>
    [...term].forEach((letter, axis) =>
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, values[index]?.shape[axis] ?? 1)),
    ),
  );
  const letters = [...output, ...[...sizes.keys()].filter((letter) => !output.includes(letter))];
  const shape = [...output].map((letter) => sizes.get(letter) ?? 1);
  const sums = new Map<string, number>();
  const elements = values.map(toNumbers);
  for (const place of placesOf(letters.map((letter) => sizes.get(letter) ?? 1))) {
    const product = terms.reduce((sofar, term, index) => {
      const extents = values[index]?.shape ?? [];
      let at = 0;
      [...term].forEach((letter, axis) => {
        const extent = extents[axis] ?? 1;
        at = at * extent + (extent === 1 ? 0 : (place[letters.indexOf(letter)] ?? 0));
      });
      return sofar * (elements[index]?.[at] ?? NaN);
    }, 1);
    const key = place.slice(0, output.length).join();
    sums.set(key, (sums.get(key) ?? 0) + product);
  }
  return f64(
    shape,
    [...placesOf(shape)].map((place) => sums.get(place.join()) ?? 0),
  );
}

const SIZES: { readonly [letter: string]: number } = { a: 2, b: 3, c: 1, d: 4, e: 2 };
const letters = fc.array(fc.constantFrom(..."abcde"), { minLength: 0, maxLength: 3 });

describe("einsum", () => {
  test("is the sum over all letters of the products, for any terms and output", () => {
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 999 }),
        fc.func(fc.boolean()),
        (drawn, seed, keep) => {
          const terms = drawn.map((list) => list.join(""));
          const all = [...new Set(terms.join(""))];
          const output = all
            .filter((letter) => keep(letter))
            .toReversed()
            .join("");
          const values = terms.map((term, index) =>
            someF64(
              [...term].map((letter) => SIZES[letter] ?? 1),
              seed + index,
            ),
          );
          const found = first(run((...inputs) => einsum(`${terms.join(",")}->${output}`, ...inputs), values));
          const expected = summation(terms, output, values);
          expect(found.shape).toEqual(expected.shape);
          expectClose(toNumbers(found), toNumbers(expected));
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each<readonly [string, readonly (readonly number[])[], string, readonly number[]]>([
    [
      "ij,jk",
      [
        [2, 3],
        [3, 4],
      ],
      "ij,jk->ik",
      [2, 4],
    ],
    ["ii", [[3, 3]], "ii->", []],
    ["ba", [[2, 3]], "ba->ab", [3, 2]],
    ["Ba", [[2, 3]], "Ba->Ba", [2, 3]],
    [" i j , j -> i ", [[2, 3], [3]], "ij,j->i", [2]],
    [
      "...ij,...jk->...ik",
      [
        [5, 2, 3],
        [3, 4],
      ],
      "xij,jk->xik",
      [5, 2, 4],
    ],
    [
      "...ij,...jk",
      [
        [5, 1, 2, 3],
        [4, 3, 4],
      ],
      "xyij,yjk->xyik",
      [5, 4, 2, 4],
    ],
    ["i...->...", [[2, 3, 4]], "ixy->xy", [3, 4]],
    ["...ii->...i", [[2, 3, 3]], "xii->xi", [2, 3]],
    ["...", [[2, 3]], "xy->xy", [2, 3]],
    ["i,i", [[1], [3]], "i,i->", []],
  ])("%s of shapes %j is %s", (equation, shapes, plain, shape) => {
    const values = shapes.map((sizes, index) => someF64(sizes, index + 1));
    const found = first(run((...inputs) => einsum(equation, ...inputs), values));
    const [left = "", right = ""] = plain.split("->");
    const expected = summation(left.split(","), right, values);
    expect(found.shape).toEqual(shape);
    expectClose(toNumbers(found), toNumbers(expected));
    checkGradient((...inputs) => einsum(equation, ...inputs), values);
  });

  test("takes diagonals without touching what is off them", () => {
    const found = first(run((x) => einsum("ii->i", x), [f64([2, 2], [1, NaN, Infinity, 2])]));
    expect(toNumbers(found)).toEqual([1, 2]);
  });

  test("multiplies matrices with one contraction and no copies", () => {
    const [a, b] = [input("a", "f32", [dim("batch"), 4, 8]), input("b", "f32", [dim("batch"), 8, 2])];
    const y = einsum("bij,bjk->bik", a, b);
    expect(typeText(y.type)).toBe("f32[batch, 4, 2]");
    const body = Object.values(y.node.graphs[0]?.outputs ?? {});
    expect(nodesOf(body).map((node) => node.operation.name)).toEqual(["input", "input", "dotGeneral"]);
  });

  test.each<readonly [string, readonly Shape[], RegExp]>([
    ["ij,jk", [[2, 3]], /describes 2 operands and got 1/],
    ["ij", [[2, 3, 4]], /"ij" names 2 axes of an operand of rank 3/],
    [
      "ij,jk",
      [
        [2, 3],
        [4, 5],
      ],
      /"j" is both 3 and 4/,
    ],
    ["ij->ik", [[2, 3]], /the output's "k" is in no operand/],
    ["ij->ii", [[2, 2]], /the output names an axis twice/],
    ["i1->i", [[2, 2]], /"i1" is not a term/],
    ["i->j->i", [[2]], /describes/],
    ["......i->i", [[2]], /is not a term/],
  ])("refuses %s of %j", (equation, shapes, message) => {
    const tensors = shapes.map((shape, index) => input(`x${index}`, "f32", shape));
    expect(() => einsum(equation, ...tensors)).toThrow(message);
    expect(() => einsum(equation, ...tensors)).toThrow(/einsum/);
  });
});

/** Attention of one head, row by row. */
function attend(
  q: readonly number[][],
  k: readonly number[][],
  v: readonly number[][],
  score: (s: number, i: number, j: number) => number,
): number[] {
  return q.flatMap((row, i) => {
    const weights = k.map((key, j) =>
      Math.exp(
        score(
          row.reduce((sum, x, e) => sum + x * (key[e] ?? NaN), 0),
          i,
          j,
        ),
      ),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return (v[0] ?? []).map((_, e) =>
      total === 0 ? 0 : weights.reduce((sum, weight, j) => sum + (weight / total) * (v[j]?.[e] ?? NaN), 0),
    );
  });
}
const rowsOf = (value: TensorValue, head: number): number[][] => {
  const [, rows = 0, columns = 0] = value.shape;
  const elements = toNumbers(value).slice(head * rows * columns, (head + 1) * rows * columns);
  return Array.from({ length: rows }, (_, row) => elements.slice(row * columns, (row + 1) * columns));
};

describe("attention", () => {
  const [q, k, v] = [someF64([2, 3, 4], 1), someF64([2, 5, 4], 2), someF64([2, 5, 2], 3)];
  const expectHeads = (
    build: (a: Tensor, b: Tensor, c: Tensor) => Tensor,
    score: (s: number, i: number, j: number) => number,
  ): void => {
    const found = first(run(build, [q, k, v]));
    expect(found.shape).toEqual([2, 3, 2]);
    const expected = [0, 1].flatMap((head) =>
      attend(rowsOf(q, head), rowsOf(k, head), rowsOf(v, head), score),
    );
    expectClose(toNumbers(found), expected);
  };

  test("weighs values by the softmax of scaled scores", () => {
    expectHeads(
      (a, b, c) => attention(a, b, c),
      (s) => s / 2,
    );
    expectHeads(
      (a, b, c) => attention(a, b, c, { scale: 3 }),
      (s) => 3 * s,
    );
  });

  test("causal attention sees no later key", () => {
    expectHeads(
      (a, b, c) => attention(a, b, c, { causal: true }),
      (s, i, j) => (j <= i ? s / 2 : -Infinity),
    );
  });

  test("masks are added, or hide where they are false", () => {
    const added = someF64([3, 5], 4);
    const elements = toNumbers(added);
    const [found, hidden] = run(
      (a, b, c, mask) => [attention(a, b, c, { mask }), attention(a, b, c, { mask: mask.greater(0) })],
      [q, k, v, added],
    );
    const at = (i: number, j: number): number => elements[i * 5 + j] ?? NaN;
    const expected = (score: (s: number, i: number, j: number) => number): number[] =>
      [0, 1].flatMap((head) => attend(rowsOf(q, head), rowsOf(k, head), rowsOf(v, head), score));
    expectClose(
      found ? toNumbers(found) : [],
      expected((s, i, j) => s / 2 + at(i, j)),
    );
    expectClose(
      hidden ? toNumbers(hidden) : [],
      expected((s, i, j) => (at(i, j) > 0 ? s / 2 : -Infinity)),
    );
  });

  test("a query that may see no key gives 0, with finite gradients", () => {
    const mask = valueOf(
      "bool",
      [3, 5],
      Array.from({ length: 15 }, (_, index) => (index < 5 ? 0 : 1)),
    );
    const [y, ...slopes] = run(
      (a, b, c, m) => {
        const result = attention(a, b, c, { mask: m });
        return [result, ...gradients(result.reduceSum(), [a, b, c])];
      },
      [q, k, v, mask],
    );
    expect(y && toNumbers(y).slice(0, 2)).toEqual([0, 0]);
    for (const slope of slopes)
      for (const element of toNumbers(slope)) expect(element).toSatisfy(Number.isFinite);
  });

  test("heads of q that share a head of k and v are as if those were repeated", () => {
    const [many, few, values] = [
      someF64([2, 6, 3, 4], 1),
      someF64([2, 2, 5, 4], 2),
      someF64([2, 2, 5, 3], 3),
    ];
    const [shared, repeated] = run(
      (a, b, c) => {
        const repeat = (x: Tensor): Tensor => {
          const [n, h, ...rest] = x.shape.map(Number);
          return x
            .unsqueeze(2)
            .broadcast([n ?? 0, h ?? 0, 3, ...rest])
            .reshape([n ?? 0, 6, ...rest]);
        };
        return [attention(a, b, c, { causal: true }), attention(a, repeat(b), repeat(c), { causal: true })];
      },
      [many, few, values],
    );
    expect(shared?.shape).toEqual([2, 6, 3, 3]);
    expectClose(shared ? toNumbers(shared) : [], repeated ? toNumbers(repeated) : []);
    const [x, odd] = [input("x", "f32", [2, 3, 4, 4]), input("odd", "f32", [2, 2, 4, 4])];
    expect(() => attention(x, odd, odd)).toThrow(/multiple of the others' heads/);
  });

  test("lengths may be symbols, and what does not fit is named", () => {
    const length = dim("length");
    const x = input("x", "f32", [2, length, 8]);
    expect(typeText(attention(x, x, x, { causal: true }).type)).toBe("f32[2, length, 8]");
    const wide = input("wide", "f32", [2, 3, 4]);
    expect(() => attention(x, wide, wide)).toThrow(/attention: wants q .*"x".*"wide"/);
    expect(() => attention(wide, wide, wide, { mask: input("m", "bool", [4, 3]) })).toThrow(
      /the mask .*"m".* does not stretch to \[2, 3, 3\]/,
    );
  });
});

describe("layout", () => {
  test("fromEnd counts negative indices from the end of each row's axis", () => {
    const rows = valueOf("i32", [2, 2], [-1, 2, 1, -3]);
    const [counted] = run((x, sizes) => [fromEnd(x, sizes)], [rows, valueOf("i32", [2], [4, 7])]);
    expect(counted).toEqual(valueOf("i32", [2, 2], [3, 2, 1, 4]));
  });

  test("oneHot puts its axis anywhere, wraps negative indices, and leaves rows of zeros outside", () => {
    const indices = valueOf("i64", [6], [0n, 2n, -1n, -3n, 3n, -4n]);
    const [last, front] = run((x) => [oneHot(x, 3), oneHot(x, 3, { axis: 0, dtype: "u8" })], [indices]);
    const at = [0, 2, 2, 0, -1, -1];
    const expected = at.flatMap((hot) => [0, 1, 2].map((place) => (place === hot ? 1 : 0)));
    expect(last).toEqual(valueOf("f32", [6, 3], expected));
    const columns = [0, 1, 2].flatMap((place) => at.map((hot) => (place === hot ? 1 : 0)));
    expect(front).toEqual(valueOf("u8", [3, 6], columns));
  });

  test.each<DType>(["i8", "u8", "i16", "i32", "u32", "i64", "u64"])(
    "oneHot of %s reaches beyond the type's range",
    (dtype) => {
      const negative = !dtype.startsWith("u");
      const indices = valueOf(
        dtype,
        [2],
        dtype.endsWith("64") ? [5n, negative ? -1n : 7n] : [5, negative ? -1 : 7],
      );
      const [row] = run((x) => oneHot(x, 300).argMax({ axis: 1 }), [indices]);
      const [sum] = run((x) => oneHot(x, 300).reduceSum(), [indices]);
      expect(row && toNumbers(row)).toEqual([5, negative ? 299 : 7]);
      expect(sum && toNumbers(sum)).toEqual([2]);
    },
  );

  test("triangles keep their side of diagonal k", () => {
    const x = f64([3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for (const k of [-2, -1, 0, 1, 5]) {
      const [upper, lower, both] = run((a) => [triu(a, k), tril(a, k), trilu(a, { upper: false, k })], [x]);
      const kept = (keep: (offset: number) => boolean): number[] =>
        toNumbers(x).map((element, index) => (keep((index % 4) - Math.floor(index / 4)) ? element : 0));
      expect(upper && toNumbers(upper)).toEqual(kept((offset) => offset >= k));
      expect(lower && toNumbers(lower)).toEqual(kept((offset) => offset <= k));
      expect(both).toEqual(lower);
    }
    expect(() => triu(input("x", "f32", [3]))).toThrow(/wants \[..., rows, columns\]/);
  });

  test("depthToSpace and spaceToDepth move blocks", () => {
    // The examples of ONNX's specification.
    const x = f64([1, 8, 1, 2], [0, 1, 9, 10, 18, 19, 27, 28, 36, 37, 45, 46, 54, 55, 63, 64]);
    const [dcr, crd, back] = run(
      (a) => [
        depthToSpace(a, { blocksize: 2 }),
        depthToSpace(a, { blocksize: 2, mode: "CRD" }),
        spaceToDepth(depthToSpace(a, { blocksize: 2 }), { blocksize: 2 }),
      ],
      [x],
    );
    expect(dcr).toEqual(f64([1, 2, 2, 4], [0, 18, 1, 19, 36, 54, 37, 55, 9, 27, 10, 28, 45, 63, 46, 64]));
    expect(crd).toEqual(f64([1, 2, 2, 4], [0, 9, 1, 10, 18, 27, 19, 28, 36, 45, 37, 46, 54, 63, 55, 64]));
    expect(back).toEqual(x);
    expect(() => depthToSpace(input("x", "f32", [1, 3, 2, 2]), { blocksize: 2 })).toThrow(
      /does not divide by 4/,
    );
    expect(() => spaceToDepth(input("x", "f32", [3, 2]), { blocksize: 2 })).toThrow(/wants \[N, C, H, W\]/);
  });
});
