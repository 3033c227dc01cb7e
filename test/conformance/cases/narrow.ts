import {
  type Tensor,
  type TensorValue,
  averagePool,
  batchNormalizationTraining,
  constant,
  conv,
  convWeight,
  filled,
  gradients,
  iota,
  layerNormalization,
  reduceL2,
  rmsNormalization,
  scan,
  softmaxCrossEntropy,
  take,
  valueOf,
  window,
  windowSum,
} from "@adjoint/ir";
import { type Case, at, make } from "../case.ts";
import { filledWith, random } from "../samples.ts";

// More elements than f16 counts (2048) or holds (65504), and than bf16 counts (256): what is summed in the type shows.

const types = ["f16", "bf16"] as const;
type Narrow = (typeof types)[number];

const ones = (dtype: Narrow, shape: readonly number[]): TensorValue => filledWith(dtype, shape, [1]);

/** Results with the gradients of their mean, or of what is given. */
const withGradients = (y: Tensor, wrt: readonly Tensor[], loss = y.reduceMean()) => ({
  y,
  ...Object.fromEntries(gradients(loss, wrt).map((g, index) => [`g${index}`, g])),
});

const primitives = (dtype: Narrow): readonly Case[] => [
  make(`${dtype}, sums and running sums`, { x: ones(dtype, [2, 4003]) }, ({ x }) => ({
    rows: x.reduceSum({ axes: 1 }),
    all: x.reduceSum(),
    columns: x.transpose().reduceSum({ axes: 0 }),
    running: x.cumSum({ axis: 1 }),
  })),
  make(
    `${dtype}, products and running products that leave the type on their way`,
    { x: filledWith(dtype, [2, 16], [256, 256, 256, 1 / 256, 1 / 256, 1 / 256]) },
    ({ x }) => ({ ...withGradients(x.reduceProd({ axes: 1 }), [x]), running: x.cumProd({ axis: 1 }) }),
    { traits: ["nonFinite"] },
  ),
  make(
    `${dtype}, matrix products and their gradients`,
    { a: ones(dtype, [3, 4003]), b: ones(dtype, [4003, 2]) },
    ({ a, b }) => withGradients(a.matMul(b), [a, b]),
  ),
  make(
    `${dtype}, convolutions and their gradients`,
    { x: ones(dtype, [1, 42, 8, 8]), w: ones(dtype, [2, 42, 7, 7]) },
    ({ x, w }) => ({
      ...withGradients(conv(x, w), [x, w]),
      weight: convWeight(x.broadcast([33, 42, 8, 8]), filled(1, dtype, [33, 1, 8, 8]), { extents: [1, 1] }),
    }),
  ),
  make(`${dtype}, windows that overlap`, { x: filledWith(dtype, [1, 600], [1 + 1 / 128]) }, ({ x }) => {
    const options = { axes: [1], sizes: [303] };
    return windowSum(window(x, options), { ...options, extents: [1, 600] });
  }),
  make(
    `${dtype}, rows that are taken many times`,
    { table: random(dtype, [3, 2], 1), rows: filledWith("i32", [4003], [1, 1, 2]) },
    ({ table, rows }) => withGradients(take(table, rows), [table], take(table, rows).reduceSum()),
  ),
  make(
    `${dtype}, updates that are added and multiplied`,
    {
      data: ones(dtype, [3]),
      rows: filledWith("i32", [4002, 1], [0, 1, 2]),
      updates: ones(dtype, [4002]),
    },
    ({ data, rows, updates }) => ({
      sum: data.scatter(rows, updates, "add"),
      product: data.scatter(rows, updates.mul(1.0078125), "mul"),
    }),
    { traits: ["nonFinite"], tolerance: { times: 4 } },
  ),
  make(`${dtype}, a bias of many rows`, { x: random(dtype, [4003, 3], 1), b: ones(dtype, [3]) }, ({ x, b }) =>
    withGradients(x.add(b), [b], x.add(b).reduceSum()),
  ),
  make(
    `${dtype}, a maximum of many equals`,
    { x: ones(dtype, [4003]) },
    ({ x }) => withGradients(x.reduceMax(), [x]),
    { traits: ["subnormal"] },
  ),
  make(
    `${dtype}, a weight used in 3000 steps`,
    { w: valueOf(dtype, [], [1.5]), xs: filledWith(dtype, [3000], [1.5]) },
    ({ w, xs }) => {
      const { outputs } = scan({ sequences: [xs] }, (_, slices) => ({
        carry: [],
        outputs: [at(slices, 0).mul(w)],
      }));
      return withGradients(at(outputs, 0), [w], at(outputs, 0).reduceSum());
    },
  ),
  make(`${dtype}, a tensor used 40 times`, { x: valueOf(dtype, [3], [1, 2, 3]) }, ({ x }) => {
    const uses = Array.from({ length: 40 }, (_, index) => x.mul(100 + index));
    return withGradients(x, [x], uses.reduce((sum, use) => sum.add(use)).reduceSum());
  }),
];

const composites = (dtype: Narrow): readonly Case[] => [
  make(
    `${dtype}, a mean of 70000`,
    { x: ones(dtype, [70_000]) },
    ({ x }) => withGradients(x.reduceMean(), [x]),
    {
      traits: ["subnormal"],
    },
  ),
  make(`${dtype}, a mean of 1000 times 100`, { x: filledWith(dtype, [1000], [100]) }, ({ x }) =>
    withGradients(x.reduceMean(), [x]),
  ),
  make(
    `${dtype}, normalizations of ±1000`,
    { x: filledWith(dtype, [2, 515], [1000, -1000, 999]), scale: ones(dtype, [515]) },
    ({ x, scale }) => {
      const weights = random(dtype, [2, 515], 5);
      const loss = (y: Tensor): Tensor => y.mul(constant(weights)).reduceSum();
      const layer = layerNormalization(x, scale);
      const rms = rmsNormalization(x, scale);
      return { layer, rms, ...withGradients(x, [x, scale], loss(layer).add(loss(rms))) };
    },
    { tolerance: { ofMean: true } },
  ),
  make(
    `${dtype}, statistics of a picture of 257 × 257`,
    { x: random(dtype, [1, 1, 257, 257], 2), scale: ones(dtype, [1]), bias: ones(dtype, [1]) },
    ({ x, scale, bias }) => {
      const { mean, variance } = batchNormalizationTraining(x, scale, bias);
      return { mean, variance };
    },
    { tolerance: { times: 2 } },
  ),
  make(
    `${dtype}, means and norms of long lines`,
    { x: filledWith(dtype, [1, 1, 18, 18], [900, -100, 350]) },
    ({ x }) => ({
      ...withGradients(averagePool(x, { kernel: [17, 16] }), [x]),
      norm: reduceL2(x, { axes: [2, 3] }),
    }),
    { tolerance: { times: 2 } },
  ),
  make(
    `${dtype}, a cross-entropy over 66000 classes`,
    { x: filledWith(dtype, [1, 66_000], [1, 0.5, 0.25]), label: valueOf("i32", [1], [7]) },
    ({ x, label }) => ({ y: softmaxCrossEntropy(x, label) }),
  ),
];

/** Elements that are not used must not spoil those that are. */
const unused: readonly Case[] = [
  ...(["f32", "f16"] as const).map((dtype) =>
    make(
      `${dtype}, a carry that overflows and that nothing needs`,
      {
        w: valueOf(dtype, [], [1.5]),
        x: valueOf(
          dtype,
          [200],
          Array.from({ length: 200 }, () => 0.5),
        ),
      },
      ({ w, x }) => {
        const start = [filled(0, dtype, []), filled(1, dtype, [])];
        const { carry } = scan({ carry: start, sequences: [x] }, (c, s) => {
          const [sum, unneeded] = [at(c, 0), at(c, 1)];
          // It is read for a comparison, which has no gradient.
          const isLarge = unneeded.greater(1e4);
          return {
            carry: [sum.add(isLarge.where(at(s, 0), 0).mul(w)), unneeded.mul(w).mul(4).mul(w)],
          };
        });
        return withGradients(at(carry, 0), [w, x], at(carry, 0));
      },
    ),
  ),
  make(
    "f32, a product with a zero before and after an overflow",
    { x: filledWith("f32", [3, 70], [1e30]), place: valueOf("i32", [3], [0, 35, 69]) },
    ({ x, place }) => {
      const zeroed = place
        .unsqueeze(1)
        .equal(iota("i32", [3, 70], 1))
        .where(0, x);
      const y = zeroed.reduceProd({ axes: 1 });
      return { y, rest: at(gradients(y.reduceSum(), [x]), 0) };
    },
  ),
  make(
    "f32, the loser of a maximum, with an infinite slope behind it",
    { x: valueOf("f32", [3], [-1, -2, 4]) },
    ({ x }) => withGradients(x.max(0).sqrt(), [x], x.max(0).sqrt().reduceSum()),
  ),
  make(
    "f32, fillers of a padding around infinities",
    { x: valueOf("f32", [2], [Infinity, 1]) },
    ({ x }) => {
      const filler = x.slice([{ start: 1 }]).reshape([]);
      const loss = x.mul(0.5).pad({ low: [2], interior: [1], value: filler });
      return withGradients(filler, [filler], loss.mul(loss).reduceSum());
    },
    { traits: ["nonFinite"] },
  ),
];

export const narrowCases: readonly Case[] = types.flatMap((dtype) => [
  ...primitives(dtype),
  ...composites(dtype),
]);
export const unusedCases: readonly Case[] = unused;
