import {
  type Tensor,
  concat,
  cond,
  constant,
  conv,
  convTranspose,
  convWeight,
  filled,
  floatFunctions,
  gradients,
  jvp,
  scan,
  valueOf,
  window,
} from "@adjoint/ir";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Build,
  checkGradient,
  checkSecondDerivative,
  f64,
  gradientOf,
  someF64,
} from "./finite-differences.ts";
import { run } from "./primitives/example.ts";
import { smoothRanges } from "./primitives/transcendental.ts";

const vectors = fc.integer({ min: 1, max: 1000 });

/** Differences of symbolic gradients along each input: the whole Hessian, a column (a Hessian-vector product) at a time. */
const checkHessian = (build: Build, inputs: (seed: number) => Parameters<typeof checkGradient>[1]): void =>
  fc.assert(
    fc.property(vectors, (seed) => {
      checkSecondDerivative(build, inputs(seed));
    }),
    { numRuns: 4, seed: 7 },
  );

const second = (x: Tensor | undefined): Tensor => x ?? constant(NaN, "f64");

describe("second derivatives equal differences of gradients:", () => {
  test("products and quotients", () => {
    checkHessian(
      (x, y) => second(x).mul(second(y)).mul(second(x)).div(second(y).add(3)),
      (seed) => [someF64([2, 3], seed), someF64([3], seed + 1)],
    );
  });

  test("powers by exponents, exponents of 0, 1 and 2 and bases of 0 among them", () => {
    checkHessian(
      (x, y) => second(x).pow(second(y)),
      (seed) => [someF64([4], seed, 0.3, 2), someF64([4], seed + 1, -1.5, 2.5)],
    );
    checkSecondDerivative((x, y) => second(x).pow(second(y)), [f64([3], [0.5, 1.5, 2]), f64([3], [0, 1, 2])]);
    for (const exponent of [0, 1, 2, 3]) {
      checkSecondDerivative((x) => second(x).pow(exponent), [f64([3], [-1.25, 0, 0.75])]);
    }
  });

  test("exponentials, logarithms and their kind", () => {
    for (const { name } of Object.values(floatFunctions)) {
      checkHessian(
        (x) => second(x)[name](),
        (seed) => [someF64([3], seed, ...smoothRanges[name])],
      );
    }
    checkHessian(
      (x) =>
        second(x)
          .sin()
          .mul(second(x).cos())
          .add(second(x).atan2(second(x).mul(2).sub(3))),
      (seed) => [someF64([3], seed, 0.3, 0.8)],
    );
  });

  test("dotGeneral with batch, several contracted axes and axes in another order", () => {
    const attributes = { leftBatch: [1], rightBatch: [0], leftContract: [2, 0], rightContract: [1, 3] };
    checkHessian(
      (x, y) => second(x).dotGeneral(second(y), attributes),
      (seed) => [someF64([2, 2, 3], seed), someF64([2, 3, 2, 2], seed + 1)],
    );
    checkHessian(
      (x) => second(x).matMul(second(x)),
      (seed) => [someF64([3, 3], seed)],
    );
  });

  test("conv and its transposes, strided, dilated, padded and grouped", () => {
    const options = { strides: [2], dilations: [2], padLow: [1], padHigh: [2], groups: 2 };
    checkHessian(
      (x, w) => conv(second(x), second(w), options),
      (seed) => [someF64([1, 4, 5], seed), someF64([2, 2, 2], seed + 1)],
    );
    checkHessian(
      (g, w) => convTranspose(second(g), second(w), { ...options, extents: [5] }),
      (seed) => [someF64([1, 2, 3], seed), someF64([2, 2, 2], seed + 1)],
    );
    checkHessian(
      (x, g) => convWeight(second(x), second(g), { ...options, extents: [2] }),
      (seed) => [someF64([1, 4, 5], seed), someF64([1, 2, 3], seed + 1)],
    );
  });

  test("gather and scatter, with places that repeat", () => {
    const places = valueOf("i32", [4, 1], [2, 0, 2, 1]);
    checkHessian(
      (i, x) =>
        second(x)
          .gather(second(i))
          .exp()
          .mul(second(x).gather(second(i).flip([0]))),
      (seed) => [places, someF64([3, 2], seed)],
    );
    checkHessian(
      (i, x, u) =>
        second(x)
          .exp()
          .scatter(second(i), second(u).mul(second(u)), "add")
          .sin(),
      (seed) => [places, someF64([3], seed), someF64([4], seed + 1)],
    );
    checkHessian(
      (i, x, u) => second(x).scatter(second(i), second(u), "mul"),
      (seed) => [places, someF64([3], seed, 0.5, 2), someF64([4], seed + 1, 0.5, 2)],
    );
  });

  test("cumProd and reduceProd, with one, two and three zeros", () => {
    for (const elements of [
      [2, 3, -1, 0.5],
      [2, 0, -1, 0.5],
      [0, 3, 0, 0.5],
      [0, 0, 0, 1.5],
    ]) {
      checkSecondDerivative((x) => second(x).reduceProd(), [f64([4], elements)]);
      checkSecondDerivative((x) => second(x).reduceProd({ axes: 0 }), [f64([2, 2], elements)]);
      for (const exclusive of [false, true]) {
        for (const reverse of [false, true]) {
          checkSecondDerivative(
            (x) => second(x).cumProd({ axis: 0, exclusive, reverse }),
            [f64([4], elements)],
          );
        }
      }
    }
  });

  test("reduceMax of squares, without ties", () => {
    checkSecondDerivative(
      (x) => second(x).mul(second(x)).reduceMax({ axes: 1 }),
      [f64([2, 3], [0.5, -1.5, 1, 2, 0.1, -0.7])],
    );
  });

  test("a scan, in both directions, with a captured matrix", () => {
    for (const reverse of [false, true]) {
      checkHessian(
        (x, w) => {
          const loop = scan({ carry: [filled(0.1, "f64", [2])], sequences: [second(x)], reverse }, (c, s) => {
            const next = second(c[0]).matMul(second(w)).add(second(s[0])).tanh();
            return { carry: [next], outputs: [next.mul(second(s[0]))] };
          });
          return [...loop.carry, ...loop.outputs];
        },
        (seed) => [someF64([3, 2], seed), someF64([2, 2], seed + 1)],
      );
    }
  });

  test("both branches of an if, and one within a scan", () => {
    for (const flag of [true, false]) {
      checkSecondDerivative(
        (c, x) =>
          cond(
            second(c),
            () => [second(x).pow(3)],
            () => [second(x).exp().mul(second(x))],
          ),
        [valueOf("bool", [], [flag]), f64([2], [0.5, -1.2])],
      );
    }
    // Slices well away from 0, where the branch changes.
    checkSecondDerivative(
      (x) =>
        scan({ carry: [constant(1, "f64")], sequences: [second(x)] }, (c, s) => {
          const product = second(c[0]).mul(second(s[0]));
          return {
            carry: cond(
              second(s[0]).greater(0),
              () => [product.sin()],
              () => [product.mul(2)],
            ),
          };
        }).carry,
      [f64([4], [0.5, -0.7, 0.9, -0.3])],
    );
  });

  test("views and reductions between products", () => {
    checkHessian(
      (x) => {
        const y = second(x)
          .transpose()
          .pad({ low: [1, 0], interior: [0, 1] })
          .flip([1]);
        const z = window(concat([y.mul(y), y], 0), { axes: [0], sizes: [2] });
        return z.reduceSum({ axes: 0 }).mul(z.reduceMean());
      },
      (seed) => [someF64([2, 3], seed)],
    );
  });
});

describe("higher derivatives", () => {
  test("of x⁵ are 5x⁴, 20x³, 60x², 120x, 120 and 0", () => {
    const x = constant(2, "f64");
    let y = x.pow(5);
    const derivatives = Array.from({ length: 6 }, () =>
      ([y = y] = gradients(y, [x])).flatMap((g) => [...(run(g)[0]?.data ?? [])]),
    );
    expect(derivatives.flat()).toEqual([80, 160, 240, 240, 120, 0]);
  });

  test("third ones equal differences of second ones", () => {
    const f: Build = (x) => second(x).sin().mul(second(x).exp()).cumProd({ axis: 0 });
    checkSecondDerivative(gradientOf(f), [f64([3], [0.4, -0.3, 0.8])]);
  });
});

/** A tie has no derivative; what is promised is the mean of its sides, each of k equals getting 1/k. */
describe("ties share the gradient", () => {
  const checkShares = (
    build: (x: Tensor) => Tensor,
    elements: readonly number[],
    shares: readonly number[],
  ): void => {
    const x = constant(f64([elements.length], elements));
    const [share] = gradients(build(x).reduceSum(), [x]).flatMap((g) => run(g));
    expect([...(share?.data ?? [])]).toEqual(shares);
  };

  test.each([
    ["reduceMax", (x: Tensor) => x.reduceMax(), [1, 3, 3, 2, 3], [0, 1 / 3, 1 / 3, 0, 1 / 3]],
    ["reduceMin", (x: Tensor) => x.reduceMin(), [1, 3, 1], [0.5, 0, 0.5]],
    ["max", (x: Tensor) => x.max(2), [1, 2, 3], [0, 0.5, 1]],
    ["min", (x: Tensor) => x.min(2), [1, 2, 3], [1, 0.5, 0]],
    ["abs", (x: Tensor) => x.abs(), [-1, 0, 1], [-1, 0, 1]],
    ["a maximum of two equals", (x: Tensor) => x.max(x), [1, 2], [1, 1]],
  ])("%s", (_, build, elements, shares) => {
    checkShares(build, elements, shares);
  });

  test("of which there are none where there are no elements", () => {
    for (const reduce of [(x: Tensor) => x.reduceMax({ axes: 0 }), (x: Tensor) => x.reduceMin({ axes: 0 })]) {
      const x = constant(f64([0, 2], []));
      const [slope] = jvp([reduce(x)], [x], [x]).flatMap((d) => run(d));
      expect([...(slope?.data ?? [])]).toEqual([0, 0]);
    }
  });

  test("scatter by max, between the data and two updates", () => {
    const [x, u] = [constant(f64([2], [5, 1])), constant(f64([3], [5, 5, 0]))];
    const joined = x.scatter(constant([[0], [0], [1]], "i32"), u, "max");
    const [byX, byU] = gradients(joined.reduceSum(), [x, u]).flatMap((g) => run(g));
    expect([...(byX?.data ?? [])]).toEqual([1 / 3, 1]);
    expect([...(byU?.data ?? [])]).toEqual([1 / 3, 1 / 3, 0]);
  });

  test("scatter without a join gives all to the last update", () => {
    const [x, u] = [constant(f64([2], [5, 1])), constant(f64([2], [6, 7]))];
    const written = x.scatter(constant([[0], [0]], "i32"), u);
    const [byX, byU] = gradients(written.reduceSum(), [x, u]).flatMap((g) => run(g));
    expect([...(byX?.data ?? [])]).toEqual([0, 1]);
    expect([...(byU?.data ?? [])]).toEqual([0, 1]);
  });
});
