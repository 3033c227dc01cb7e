import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Tensor,
  type TensorValue,
  batchNormalization,
  batchNormalizationTraining,
  gradients,
  groupNormalization,
  input,
  instanceNormalization,
  layerNormalization,
  lpNormalization,
  lrn,
  meanVarianceNormalization,
  norm,
  program,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceSumSquare,
  rmsNormalization,
  standardize,
  toNumbers,
  valueOf,
  variance,
} from "@adjoint/ir";
import { graphNodes, isNode, runPasses } from "@adjoint/ir/graph";
import { run } from "./composite-case.ts";
import { f64, someF64 } from "./finite-differences.ts";

const numbersOf = (values: readonly TensorValue[]): number[][] => values.map(toNumbers);
const first = (values: readonly TensorValue[]): number[] => numbersOf(values)[0] ?? [];
const expectClose = (found: readonly number[], expected: readonly number[], digits = 11): void => {
  expect(found.length).toBe(expected.length);
  found.forEach((element, index) => expect(element).toBeCloseTo(expected[index] ?? NaN, digits));
};

const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;
const spread = (list: readonly number[]): number => mean(list.map((x) => (x - mean(list)) ** 2));

/** Each element of a row-major tensor with the mean and variance of the elements that `group` puts with it. */
function byGroup(
  shape: readonly number[],
  elements: readonly number[],
  group: (place: readonly number[]) => string,
): { readonly place: number[]; readonly x: number; readonly mean: number; readonly variance: number }[] {
  const placed = elements.map((x, index) => {
    let rest = index;
    const place = shape.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    return { x, place: place.toReversed() };
  });
  const groups = new Map<string, number[]>();
  for (const { x, place } of placed) groups.set(group(place), [...(groups.get(group(place)) ?? []), x]);
  return placed.map(({ x, place }) => {
    const members = groups.get(group(place)) ?? [];
    return { x, place, mean: mean(members), variance: spread(members) };
  });
}

const shapes = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  c: fc.constantFrom(2, 4),
  h: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 1, max: 10_000 }),
});
const vectors = (c: number, seed: number): TensorValue[] => [
  someF64([c], seed + 1),
  someF64([c], seed + 2),
  someF64([c], seed + 3),
  someF64([c], seed + 4, 0.5, 2),
];
const at = (value: TensorValue | undefined, index: number): number =>
  (value && toNumbers(value)[index]) ?? NaN;

describe("S8: batch normalization", () => {
  test("in inference uses the statistics given", () => {
    fc.assert(
      fc.property(shapes, ({ n, c, h, seed }) => {
        const shape = [n, c, h];
        const x = someF64(shape, seed);
        const [scale, bias, average, square] = vectors(c, seed);
        const values = [x, scale, bias, average, square].filter((value) => value !== undefined);
        const y = first(run((a, b, d, e, f) => batchNormalization(a, b, d, e, f, { epsilon: 0.01 }), values));
        const expected = byGroup(shape, toNumbers(x), String).map(({ x: element, place }) => {
          const channel = place[1] ?? 0;
          const deviation = Math.sqrt(at(square, channel) + 0.01);
          return ((element - at(average, channel)) / deviation) * at(scale, channel) + at(bias, channel);
        });
        expectClose(y, expected);
      }),
      { numRuns: 15 },
    );
  });

  test("in training uses the batch's and gives them, with the biased variance", () => {
    fc.assert(
      fc.property(shapes, ({ n, c, h, seed }) => {
        for (const shape of [
          [n, c],
          [n, c, h],
          [n, c, h, 2],
        ]) {
          const x = someF64(shape, seed);
          const [scale, bias] = vectors(c, seed);
          const [y, average, square] = run(
            (a, b, d) => {
              const result = batchNormalizationTraining(a, b, d, { epsilon: 0.01 });
              return [result.y, result.mean, result.variance];
            },
            [x, scale, bias].filter((value) => value !== undefined),
          );
          const expected = byGroup(shape, toNumbers(x), (place) => `${place[1]}`);
          expectClose(
            y ? toNumbers(y) : [],
            expected.map((element) => {
              const channel = element.place[1] ?? 0;
              const standard = (element.x - element.mean) / Math.sqrt(element.variance + 0.01);
              return standard * at(scale, channel) + at(bias, channel);
            }),
          );
          for (const element of expected) {
            expect(at(average, element.place[1] ?? 0)).toBeCloseTo(element.mean, 11);
            expect(at(square, element.place[1] ?? 0)).toBeCloseTo(element.variance, 11);
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  test("inference with the batch's own statistics is training", () => {
    const values = [someF64([3, 2, 4], 5), someF64([2], 6), someF64([2], 7)];
    const [training, inference] = numbersOf(
      run((x, scale, bias) => {
        const batch = batchNormalizationTraining(x, scale, bias);
        return [batch.y, batchNormalization(x, scale, bias, batch.mean, batch.variance)];
      }, values),
    );
    expectClose(training ?? [], inference ?? []);
  });

  test("training's gradient is that of its formula written out, through the mean and the variance too", () => {
    const values = [someF64([3, 2, 2], 5), someF64([2], 6), someF64([2], 7)];
    const weights = someF64([3, 2, 2], 8);
    const plain = (x: Tensor): { y: Tensor; mean: Tensor; variance: Tensor } => {
      const average = x.reduceMean({ axes: [0, 2], keepDims: true });
      const square = x
        .sub(average)
        .pow(2)
        .reduceMean({ axes: [0, 2], keepDims: true });
      return {
        y: x.sub(average).div(square.add(1e-5).sqrt()),
        mean: average.reshape([2]),
        variance: square.reshape([2]),
      };
    };
    const [own, written] = numbersOf(
      run(
        (x, scale, bias, w) => {
          const composite = batchNormalizationTraining(x, scale, bias);
          const parts = plain(x);
          const stretch = (tensor: Tensor): Tensor => tensor.reshape([2, 1]);
          const y = parts.y.mul(stretch(scale)).add(stretch(bias));
          const loss = (r: { y: Tensor; mean: Tensor; variance: Tensor }): Tensor =>
            r.y.mul(w).reduceSum().add(r.mean.mul(scale).reduceSum()).add(r.variance.mul(bias).reduceSum());
          return [...gradients(loss(composite), [x]), ...gradients(loss({ ...parts, y }), [x])];
        },
        [...values, weights],
      ),
    );
    expectClose(own ?? [], written ?? [], 9);
  });

  test("training reduces four times in all: twice forward, twice back", () => {
    const [x, scale, bias] = [input("x", "f32", [32, 16]), input("s", "f32", [16]), input("b", "f32", [16])];
    const g = input("g", "f32", [32, 16]);
    const { y, mean: average, variance: square } = batchNormalizationTraining(x, scale, bias);
    const slopes = gradients(y.mul(g).reduceSum(), [x, scale, bias]);
    const outputs = { y, average, square, ...Object.fromEntries(slopes.map((slope, i) => [`${i}`, slope])) };
    const graph = runPasses(program({ inputs: { x, scale, bias, g }, outputs }));
    const sums = graphNodes(graph).filter((node) => isNode(node, "reduceSum"));
    expect(sums.length).toBe(4);
  });

  test("refuses statistics that are not one number a channel", () => {
    const [x, good, bad] = [
      input("x", "f32", [4, 3, 2]),
      input("good", "f32", [3]),
      input("bad", "f32", [2]),
    ];
    expect(() => batchNormalization(x, good, good, good, bad)).toThrow(
      /batchNormalization: the variance must have shape \[3\] and is .*"bad"/,
    );
    expect(() => batchNormalizationTraining(x, good, bad)).toThrow(/the bias must have shape \[3\]/);
    expect(() => batchNormalizationTraining(input("x", "f32", [4]), good, good)).toThrow(/wants \[N, C, …\]/);
  });
});

describe("S8: normalizations within an example", () => {
  test("layer normalization over the last axes", () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(1, 2, -1, -2), ({ n, c, h, seed }, axis) => {
        const shape = [n, c, h];
        const from = axis < 0 ? axis + 3 : axis;
        const x = someF64(shape, seed);
        const [scale, bias] = [someF64(shape.slice(from), seed + 1), someF64(shape.slice(from), seed + 2)];
        const y = first(
          run((a, b, d) => layerNormalization(a, b, d, { axis, epsilon: 0.02 }), [x, scale, bias]),
        );
        const size = shape.slice(from).reduce((product, extent) => product * extent, 1);
        const expected = byGroup(shape, toNumbers(x), (place) => place.slice(0, from).join()).map(
          (element, index) => {
            const standard = (element.x - element.mean) / Math.sqrt(element.variance + 0.02);
            return standard * at(scale, index % size) + at(bias, index % size);
          },
        );
        expectClose(y, expected);
      }),
      { numRuns: 20 },
    );
  });

  test("layer normalization without a bias, and of a constant row, is finite", () => {
    const [y, g] = numbersOf(
      run(
        (x, scale) => {
          const result = layerNormalization(x, scale);
          return [result, ...gradients(result.reduceSum(), [x])];
        },
        [valueOf("f32", [1, 3], [5, 5, 5]), valueOf("f32", [3], [1, 2, 3])],
      ),
    );
    expect(y).toEqual([0, 0, 0]);
    for (const element of g ?? []) expect(element).toSatisfy(Number.isFinite);
    expect(() => layerNormalization(input("x", "f32", [2, 3]), input("scale", "f32", [2]))).toThrow(
      /the scale must have shape \[3\]/,
    );
  });

  test("keeps its digits where the mean is far larger than the deviation", () => {
    const x = valueOf("f32", [1, 4], [4096, 4097, 4098, 4099]);
    const y = first(run((a) => standardize(a, { axes: [1], epsilon: 0 }), [x]));
    expectClose(
      y,
      [-1.5, -0.5, 0.5, 1.5].map((d) => d / Math.sqrt(1.25)),
      6,
    );
  });

  test("group and instance normalization", () => {
    fc.assert(
      fc.property(shapes, ({ n, c, h, seed }) => {
        const shape = [n, c, h];
        const x = someF64(shape, seed);
        const [scale, bias] = vectors(c, seed);
        const values = [x, scale, bias].filter((value) => value !== undefined);
        const expected = (group: (place: readonly number[]) => string): number[] =>
          byGroup(shape, toNumbers(x), group).map((element) => {
            const channel = element.place[1] ?? 0;
            const standard = (element.x - element.mean) / Math.sqrt(element.variance + 1e-5);
            return standard * at(scale, channel) + at(bias, channel);
          });
        const size = c / 2;
        expectClose(
          first(run((a, b, d) => groupNormalization(a, b, d, { groups: 2 }), values)),
          expected(([image, channel = 0]) => `${image} ${Math.floor(channel / size)}`),
          8,
        );
        expectClose(
          first(run((a, b, d) => instanceNormalization(a, b, d), values)),
          expected(([image, channel]) => `${image} ${channel}`),
          8,
        );
      }),
      { numRuns: 15 },
    );
    const [x, vector] = [input("x", "f32", [2, 3, 4]), input("v", "f32", [3])];
    expect(() => groupNormalization(x, vector, vector, { groups: 2 })).toThrow(/do not divide into 2 groups/);
  });

  test("rmsNormalization divides by the root mean square", () => {
    const y = first(
      run(
        (x, scale) => rmsNormalization(x, scale, { epsilon: 0.5 }),
        [f64([2, 2], [3, 4, -1, 2]), f64([2], [2, -1])],
      ),
    );
    const [a, b] = [Math.sqrt(12.5 + 0.5), Math.sqrt(2.5 + 0.5)];
    expectClose(y, [6 / a, -4 / a, -2 / b, -2 / b]);
  });

  test("meanVarianceNormalization by default over all but the channels, 0 with a finite slope where constant", () => {
    const shape = [2, 2, 1, 2];
    const elements = [1, 2, 5, 5, 3, 4, 5, 5];
    const [y, g] = numbersOf(
      run(
        (x) => {
          const result = meanVarianceNormalization(x);
          return [result, ...gradients(result.reduceSum(), [x])];
        },
        [f64(shape, elements)],
      ),
    );
    expectClose(
      y ?? [],
      byGroup(shape, elements, (place) => `${place[1]}`).map(
        (e) => (e.x - e.mean) / (Math.sqrt(e.variance) + 1e-9),
      ),
    );
    for (const element of g ?? []) expect(element).toSatisfy(Number.isFinite);
  });

  test("lrn sums squares over the channels around each, as many as there are", () => {
    const x = [1, 2, 3, 4, 5];
    for (const size of [1, 2, 3, 4]) {
      const y = first(run((a) => lrn(a, { size, alpha: 0.5, beta: 0.75, bias: 2 }), [f64([1, 5, 1], x)]));
      const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
      const expected = x.map((element, c) => {
        const around = x.filter((_, other) => other >= c - before && other <= c + after);
        return element / (2 + (0.5 / size) * around.reduce((sum, o) => sum + o * o, 0)) ** 0.75;
      });
      expectClose(y, expected);
    }
  });
});

describe("norms and moments", () => {
  const x = f64([2, 3], [3, -4, 0, 1, 2, -2]);

  test("have the values of their formulas", () => {
    const [l1, l2, whole, squares, logs, biased] = run(
      (a) => [
        reduceL1(a, { axes: [1] }),
        reduceL2(a, { axes: [-1], keepDims: true }),
        norm(a),
        reduceSumSquare(a, { axes: 0 }),
        reduceLogSum(a.abs(), { axes: [1] }),
        variance(a, { axes: [1] }),
      ],
      [x],
    );
    expect(l1 && toNumbers(l1)).toEqual([7, 5]);
    expect(l2).toEqual(f64([2, 1], [5, 3]));
    expect(whole).toEqual(f64([], [Math.sqrt(34)]));
    expect(squares && toNumbers(squares)).toEqual([10, 20, 4]);
    expect(logs && toNumbers(logs)).toEqual([Math.log(7), Math.log(5)]);
    expectClose(biased ? toNumbers(biased) : [], [spread([3, -4, 0]), spread([1, 2, -2])]);
  });

  test.each<readonly [string, (a: Tensor) => Tensor]>([
    ["reduceL1", (a) => reduceL1(a)],
    ["reduceL2", (a) => reduceL2(a)],
    ["lpNormalization", (a) => lpNormalization(a).reduceSum()],
    ["lpNormalization with p = 3", (a) => lpNormalization(a, { p: 3 }).reduceSum()],
  ])("%s of zeros has a finite value and slope, and keeps NaN", (_, build) => {
    const [y, g] = numbersOf(run((a) => [build(a), ...gradients(build(a), [a])], [f64([2], [0, 0])]));
    expect(y).toEqual([0]);
    for (const element of g ?? []) expect(element).toSatisfy(Number.isFinite);
    expect(first(run((a) => build(a), [f64([2], [NaN, 0])]))[0]).toBeNaN();
  });

  test("lpNormalization divides by the norm along its axis", () => {
    const [two, one] = numbersOf(
      run((a) => [lpNormalization(a), lpNormalization(a, { axis: 0, p: 1 })], [f64([2, 2], [3, 4, 1, -4])]),
    );
    expectClose(two ?? [], [0.6, 0.8, 1 / Math.sqrt(17), -4 / Math.sqrt(17)]);
    expectClose(one ?? [], [0.75, 0.5, 0.25, -0.5]);
  });
});
