import { type Tensor, constant, valueOf } from "@adjoint/ir";
import { type Case, make } from "../case.ts";
import { labelled, random } from "../samples.ts";

const steps = { times: 8, ofMean: true };

/** A chain of forty elementwise steps over values that stay near 1. */
const chain = (x: Tensor, y: Tensor): Tensor => {
  let z = x;
  for (let step = 0; step < 10; step++)
    z = z
      .mul(y)
      .add(step % 3)
      .tanh()
      .sub(y.mul(0.1));
  return z;
};

const softmax = (x: Tensor, axis: number): Tensor => {
  const shifted = x.sub(x.reduceMax({ axes: axis, keepDims: true }).stopGradient()).exp();
  return shifted.div(shifted.reduceSum({ axes: axis, keepDims: true }));
};

const layerNorm = (x: Tensor, scale: Tensor, shift: Tensor): Tensor => {
  const centred = x.sub(x.reduceMean({ axes: -1, keepDims: true }));
  const variance = centred.mul(centred).reduceMean({ axes: -1, keepDims: true });
  return centred.div(variance.add(1e-5).sqrt()).mul(scale).add(shift);
};

const elementwise: readonly Case[] = [
  make("a long chain", { x: random("f32", [7, 9], 1), y: random("f32", [9], 2) }, ({ x, y }) => chain(x, y), {
    tolerance: { times: 32, ofMean: true },
  }),
  make(
    "a long chain in f64",
    { x: random("f64", [5], 1), y: random("f64", [5], 2) },
    ({ x, y }) => chain(x, y),
    { tolerance: { times: 32, ofMean: true } },
  ),
  make("several outputs of one chain", { x: random("f32", [4, 5], 1) }, ({ x }) => {
    const a = x.exp();
    const b = a.add(x);
    const c = b.mul(a);
    return { a, b, c, d: c.less(b) };
  }),
  make(
    "a diamond",
    { x: random("f32", [33], 1) },
    ({ x }) => {
      const shared = x.sin();
      return shared.add(1).mul(shared.sub(1)).add(shared.mul(shared));
    },
    { tolerance: steps },
  ),
  make(
    "diamonds on diamonds",
    { x: random("f32", [11], 1) },
    ({ x }) => {
      let y = x;
      for (let level = 0; level < 12; level++) y = y.mul(0.5).add(y.mul(0.4)).add(0.01);
      return y;
    },
    { tolerance: steps },
  ),
  make(
    "a value that is output and intermediate",
    { x: random("f32", [4, 3], 1) },
    ({ x }) => {
      const y = x.mul(2);
      return { y, z: y.add(1).reduceSum({ axes: 0 }), w: y };
    },
    { tolerance: steps },
  ),
  make("an input, a constant and a result side by side", { x: random("f32", [3], 1) }, ({ x }) => ({
    x,
    c: constant([1, 2, 3]),
    y: x.add(1),
    again: x,
  })),
  make("dtypes along a chain", { x: random("f32", [17], 1, -100, 100) }, ({ x }) =>
    x.floor().cast("i32").mul(3).add(7).bitwiseAnd(255).cast("u8").add(250).cast("f32").mul(0.5),
  ),
  make("masks along a chain", { x: random("f32", [5, 7], 1), y: random("f32", [7], 2) }, ({ x, y }) => {
    const mask = x.greater(y).and(x.abs().less(0.8)).or(y.equal(0)).not();
    return { mask, y: mask.where(x, y).mul(mask.cast("f32").add(1)) };
  }),
  make(
    "scalars that are computed",
    { x: random("f32", [4, 5], 1), s: valueOf("f32", [], [0.3]) },
    ({ x, s }) => x.mul(s.exp().add(1)).sub(x.reduceMean().mul(s)).div(x.reduceMax().sub(x.reduceMin())),
    { tolerance: steps },
  ),
  make(
    "operands broadcast along different axes",
    { a: random("f32", [5, 1, 1], 1), b: random("f32", [3, 1], 2), c: random("f32", [4], 3) },
    ({ a, b, c }) => a.add(b).mul(c).sub(a.mul(b).mul(c)),
    { tolerance: steps },
  ),
  make(
    "f16 throughout",
    { x: random("f16", [6, 7], 1), y: random("f16", [7], 2) },
    ({ x, y }) => x.mul(y).add(1).tanh().reduceSum({ axes: 1 }),
    { tolerance: { times: 4, ofMean: true } },
  ),
  make(
    "bf16 throughout",
    { x: random("bf16", [6, 7], 1), y: random("bf16", [7], 2) },
    ({ x, y }) => x.mul(y).add(1).tanh().reduceSum({ axes: 1 }),
    { tolerance: { times: 4, ofMean: true } },
  ),
  make("nothing but empty tensors", { x: labelled("f32", [0, 4]) }, ({ x }) => ({
    y: x.exp().mul(2).reduceSum({ axes: 1 }),
    z: x.add(1).reduceSum({ axes: 0 }),
  })),
];

const reductions: readonly Case[] = [
  make(
    "a map before a sum",
    { x: random("f32", [9, 31], 1) },
    ({ x }) => x.sub(0.5).mul(x).exp().reduceSum({ axes: 1 }),
    { tolerance: steps },
  ),
  make(
    "a map after a sum",
    { x: random("f32", [9, 31], 1), b: random("f32", [9], 2) },
    ({ x, b }) => x.reduceSum({ axes: 1 }).add(b).tanh().mul(2),
    { tolerance: steps },
  ),
  make(
    "maps on both sides, down columns",
    { x: random("f32", [31, 9], 1) },
    ({ x }) => x.abs().add(1).log().reduceSum({ axes: 0 }).sqrt().neg(),
    { tolerance: steps },
  ),
  make(
    "several reductions of one value",
    { x: random("f32", [6, 13], 1) },
    ({ x }) => ({
      sum: x.exp().reduceSum({ axes: 1 }),
      max: x.exp().reduceMax({ axes: 1 }),
      min: x.exp().reduceMin({ axes: 0 }),
      all: x.exp().reduceSum(),
    }),
    { tolerance: steps },
  ),
  make(
    "a reduction that its own operand uses again",
    { x: random("f32", [5, 12], 1) },
    ({ x }) => x.sub(x.reduceMean({ axes: 1, keepDims: true })),
    { tolerance: steps },
  ),
  make(
    "a reduction of a reduction",
    { x: random("f32", [4, 5, 6], 1) },
    ({ x }) => x.reduceMax({ axes: 2 }).reduceSum({ axes: 0 }).reduceMin(),
    { tolerance: steps },
  ),
  make("softmax of rows", { x: random("f32", [7, 19], 1, -5, 5) }, ({ x }) => softmax(x, 1), {
    tolerance: steps,
  }),
  make("softmax of columns", { x: random("f32", [19, 7], 1, -5, 5) }, ({ x }) => softmax(x, 0), {
    tolerance: steps,
  }),
  make(
    "softmax of large logits",
    { x: valueOf("f32", [2, 3], [1e4, -1e4, 0, 88, 89, 90]) },
    ({ x }) => softmax(x, 1),
    { tolerance: steps },
  ),
  make(
    "layer normalization",
    { x: random("f32", [5, 16], 1), scale: random("f32", [16], 2), shift: random("f32", [16], 3) },
    ({ x, scale, shift }) => layerNorm(x, scale, shift),
    { tolerance: { times: 32, ofMean: true } },
  ),
  make(
    "batch statistics over three axes",
    { x: random("f32", [4, 3, 5, 6], 1) },
    ({ x }) => {
      const mean = x.reduceMean({ axes: [0, 2, 3], keepDims: true });
      const centred = x.sub(mean);
      return {
        mean,
        y: centred.div(
          centred
            .mul(centred)
            .reduceMean({ axes: [0, 2, 3], keepDims: true })
            .add(1e-3)
            .sqrt(),
        ),
      };
    },
    { tolerance: { times: 32, ofMean: true } },
  ),
  make(
    "running sums of squares",
    { x: random("f32", [3, 21], 1) },
    ({ x }) => x.mul(x).cumSum({ axis: 1 }).sqrt(),
    { tolerance: steps },
  ),
  make(
    "a sum over a view",
    { x: random("f32", [6, 8], 1) },
    ({ x }) =>
      x
        .transpose()
        .slice([{ start: 1, step: 2 }])
        .reduceSum({ axes: 0 }),
    { tolerance: steps },
  ),
  make(
    "a sum of a broadcast",
    { x: random("f32", [6], 1) },
    ({ x }) => x.reshape([6, 1]).broadcast([6, 5]).reduceSum({ axes: 1 }),
    { tolerance: steps },
  ),
];

export const fusionCases: readonly Case[] = [...elementwise, ...reductions];
