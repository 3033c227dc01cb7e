import {
  AdjointError,
  type Bindings,
  type Dim,
  addDims,
  bindDim,
  dim,
  dimSymbols,
  divDims,
  equalDims,
  mulDims,
  parseDim,
  subDims,
} from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const symbols = ["batch", "height", "a.b", "_x1"];

/** Polynomials of up to four terms of up to three factors. */
const dims: fc.Arbitrary<Dim> = fc
  .array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.array(fc.constantFrom(...symbols), { maxLength: 3 })), {
    maxLength: 4,
  })
  .map((terms) =>
    terms.reduce<Dim>(
      (sum, [coefficient, factors]) =>
        addDims(
          sum,
          factors.reduce<Dim>((product, name) => mulDims(product, dim(name)), coefficient),
        ),
      0,
    ),
  );
const bindings: fc.Arbitrary<Bindings> = fc.record({
  batch: fc.nat({ max: 9 }),
  height: fc.nat({ max: 9 }),
  "a.b": fc.nat({ max: 9 }),
  _x1: fc.nat({ max: 9 }),
});

const checkEqual = (a: Dim | undefined, b: Dim): void => {
  expect(a !== undefined && equalDims(a, b), `${a} should be ${b}`).toBe(true);
  // Equal dims are written alike.
  expect(String(a)).toBe(String(b));
};

describe("dims form a commutative ring", () => {
  test("addition and multiplication commute, associate and distribute", () => {
    fc.assert(
      fc.property(dims, dims, dims, (a, b, c) => {
        checkEqual(addDims(a, b), addDims(b, a));
        checkEqual(mulDims(a, b), mulDims(b, a));
        checkEqual(addDims(addDims(a, b), c), addDims(a, addDims(b, c)));
        checkEqual(mulDims(mulDims(a, b), c), mulDims(a, mulDims(b, c)));
        checkEqual(mulDims(a, addDims(b, c)), addDims(mulDims(a, b), mulDims(a, c)));
      }),
    );
  });

  test("0 and 1 are neutral, differences cancel, and what has no symbol is a number", () => {
    fc.assert(
      fc.property(dims, dims, (a, b) => {
        checkEqual(addDims(a, 0), a);
        checkEqual(mulDims(a, 1), a);
        checkEqual(mulDims(a, 0), 0);
        checkEqual(subDims(a, a), 0);
        checkEqual(subDims(addDims(a, b), b), a);
        expect(typeof a === "number").toBe(dimSymbols(a).length === 0);
      }),
    );
  });

  test("binding is a homomorphism to the integers", () => {
    fc.assert(
      fc.property(dims, dims, bindings, (a, b, at) => {
        const [x, y] = [Number(bindDim(a, at)), Number(bindDim(b, at))];
        // −0 and 0 are one size.
        expect(Number(bindDim(addDims(a, b), at)) + 0).toBe(x + y + 0);
        expect(Number(bindDim(mulDims(a, b), at)) + 0).toBe(x * y + 0);
        expect(Number(bindDim(subDims(a, b), at)) + 0).toBe(x - y + 0);
      }),
    );
  });

  test("symbols bind one by one in any order", () => {
    fc.assert(
      fc.property(dims, bindings, (a, at) => {
        const stepwise = Object.entries(at).reduce<Dim>(
          (rest, [name, size]) => bindDim(rest, { [name]: size }),
          a,
        );
        checkEqual(stepwise, bindDim(a, at));
      }),
    );
  });
});

describe("division", () => {
  test("undoes multiplication", () => {
    fc.assert(
      fc.property(dims, dims, (a, b) => {
        fc.pre(!equalDims(b, 0));
        checkEqual(divDims(mulDims(a, b), b), a);
      }),
    );
  });

  test("gives only exact quotients", () => {
    fc.assert(
      fc.property(dims, dims, (a, b) => {
        const quotient = divDims(a, b);
        if (quotient !== undefined) checkEqual(mulDims(quotient, b), a);
        // A remainder makes it inexact, unless the divisor divides that too.
        const rest = divDims(addDims(mulDims(a, b), 1), b);
        expect(rest === undefined || equalDims(b, 1) || equalDims(b, -1)).toBe(true);
      }),
    );
  });

  test("refuses 0 and fractions", () => {
    const n = dim("n");
    expect(divDims(n, 0)).toBeUndefined();
    expect(divDims(6, 0)).toBeUndefined();
    expect(divDims(7, 2)).toBeUndefined();
    expect(divDims(addDims(mulDims(n, 2), 1), 2)).toBeUndefined();
    expect(divDims(n, dim("m"))).toBeUndefined();
    expect(divDims(4, n)).toBeUndefined();
    expect(divDims(0, n)).toBe(0);
  });
});

describe("text", () => {
  test("of a dim parses to it", () => {
    fc.assert(fc.property(dims, (a) => checkEqual(parseDim(String(a)), a)));
  });

  test("has the higher degree first, then names", () => {
    const [b, h] = [dim("batch"), dim("height")];
    expect(String(addDims(mulDims(h, mulDims(b, 2)), subDims(3, b)))).toBe("2*batch*height - 1*batch + 3");
    expect(String(mulDims(b, -1))).toBe("-1*batch");
  });

  test.each(["", "2+", "3x", "a b*", "a**b", "1.5", "a+-", "a/2", "+a+"])("%j is refused", (text) => {
    expect(() => parseDim(text)).toThrow(AdjointError);
    expect(() => parseDim(text)).toThrow(
      `parseDim: "${text}" is not a size. Write numbers, symbols, * and +.`,
    );
  });
});

describe("symbols", () => {
  test.each(["2x", "", "a-b", "a b", "é"])("%j is no name", (name) => {
    expect(() => dim(name)).toThrow(`"${name}" is not a symbol's name`);
  });

  test("of one name are one size, others are not", () => {
    expect(equalDims(dim("n"), dim("n"))).toBe(true);
    expect(equalDims(dim("n"), dim("m"))).toBe(false);
    expect(dimSymbols(mulDims(addDims(dim("n"), dim("m")), dim("n")))).toEqual(["m", "n"]);
  });
});
