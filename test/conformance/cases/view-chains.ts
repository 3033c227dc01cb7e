import { concat, filled, iota, stack, topK, window } from "@adjoint/ir";
import { type Case, make } from "../case.ts";
import { filledWith, labelled, random, randomIntegers, vector } from "../samples.ts";

const steps = { times: 8, ofMean: true };

/** Views that fold into one another and into what reads them. */
export const viewChainCases: readonly Case[] = [
  make("a reshape between transposes", { x: labelled("f32", [4, 6, 5]) }, ({ x }) =>
    x.transpose([1, 0, 2]).reshape([3, 8, 5]).transpose([2, 0, 1]),
  ),
  make("a slice of a transpose of a pad of a flip", { x: labelled("f32", [4, 5]) }, ({ x }) =>
    x
      .flip([1])
      .pad({ low: [1, 0], high: [0, 2], interior: [1, 0], value: -1 })
      .transpose()
      .slice([{ start: 1, step: 2 }, { start: 1 }]),
  ),
  make("a flip of a slice of a broadcast of a reshape", { x: labelled("f32", [6]) }, ({ x }) =>
    x
      .reshape([2, 1, 3])
      .broadcast([2, 4, 3])
      .slice([undefined, { start: 1, step: 2 }])
      .flip([0, 2]),
  ),
  make("pads of pads, slices of pads", { x: labelled("f32", [3, 4]) }, ({ x }) => ({
    twice: x.pad({ low: [1, 1], value: 5 }).pad({ high: [1, 1], value: 7 }),
    back: x.pad({ low: [1, 2], high: [2, 1], interior: [1, 0] }).slice([
      { start: 1, end: 6, step: 2 },
      { start: 2, end: 6 },
    ]),
    filler: x.pad({ high: [2, 2], value: 3 }).slice([{ start: 3 }, { start: 4 }]),
  })),
  make("arithmetic between views of one tensor", { x: random("f32", [5, 5], 1) }, ({ x }) =>
    x
      .add(x.transpose())
      .mul(x.flip([0, 1]))
      .sub(x.slice([{ end: 1 }])),
  ),
  make("a value that is read in place and through a view", { x: random("f32", [6, 4], 1) }, ({ x }) => {
    const y = x.exp();
    return { y: y.add(1), z: y.transpose().mul(2), w: y.slice([{ step: 2 }]) };
  }),
  make(
    "a value that one result reads in place and through a view",
    { x: random("f32", [6, 6], 1) },
    ({ x }) => {
      // Its own kernel computes it, and the result must not be written over it.
      const last = (): typeof x => x.cumSum({ axis: 0 });
      const [a, b, c, d] = [
        last(),
        last().mul(2).cumSum({ axis: 1 }),
        x.exp().cumSum({ axis: 1 }),
        x.neg().cumSum({ axis: 1 }),
      ];
      return {
        viewFirst: a.flip([0]).sub(a),
        viewLast: b.sub(b.flip([0, 1])),
        turned: c.transpose().mul(3).add(c),
        between: d.add(d.transpose()).sub(d.mul(d.flip([1]))),
      };
    },
  ),
  make(
    "a concat of computed pieces",
    { x: random("f32", [3, 4], 1), y: random("f32", [2, 4], 2) },
    ({ x, y }) => concat([x.exp(), y.neg(), x.add(y.slice([{ end: 1 }]))], 0).mul(2),
  ),
  make(
    "a concat along the last axis, then a sum",
    { x: random("f32", [5, 3], 1), y: random("f32", [5, 6], 2) },
    ({ x, y }) => concat([x.mul(2), y.abs()], 1).reduceSum({ axes: 1 }),
    { tolerance: steps },
  ),
  make(
    "a stack, and one of its layers",
    { x: random("f32", [4], 1), y: random("f32", [4], 2) },
    ({ x, y }) => {
      const layers = stack([x, y, x.mul(y)], 1);
      return { layers, middle: layers.slice([undefined, { start: 1, end: 2 }]).squeeze(1) };
    },
  ),
  make("pieces of a concat", { x: random("f32", [3, 4], 1), y: random("f32", [5, 4], 2) }, ({ x, y }) =>
    concat([x, y], 0).slice([{ start: 2, end: 4 }]),
  ),
  make(
    "windows of a padded value, averaged",
    { x: random("f32", [2, 9], 1) },
    ({ x }) =>
      window(x.mul(3).pad({ low: [0, 1], high: [0, 1] }), { axes: [1], sizes: [3] }).reduceMean({ axes: 2 }),
    { tolerance: steps },
  ),
  make("a triangle by iotas", { x: random("f32", [6, 6], 1) }, ({ x }) =>
    iota("i32", [6, 6], 0)
      .greaterOrEqual(iota("i32", [6, 6], 1))
      .where(x, 0),
  ),
  make("one-hot rows", { labels: randomIntegers("i32", [7], 4, 0, 5) }, ({ labels }) =>
    labels
      .unsqueeze(1)
      .equal(iota("i32", [1, 5], 1))
      .cast("f32"),
  ),
  make(
    "a gather of computed rows, scattered back",
    { x: random("f32", [6, 3], 1), i: vector("i32", [5, 0, 5, 2]) },
    ({ x, i }) => {
      const rows = x.mul(2).take(i);
      return filled(0, "f32", [6, 3]).scatter(i.unsqueeze(1), rows, "add").add(x);
    },
  ),
  make("the largest of computed scores, gathered", { x: random("f32", [4, 9], 1) }, ({ x }) => {
    const { values, indices } = topK(x.mul(x), 3);
    return { values: values.sqrt(), indices: indices.add(1) };
  }),
  make("bools through views", { x: filledWith("bool", [3, 4], [1, 0, 0, 1, 1]) }, ({ x }) =>
    x.transpose().flip([0]).not().cast("i32").reduceSum({ axes: 0 }),
  ),
];
