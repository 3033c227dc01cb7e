import { describe, expect, test } from "vitest";
import { type Tensor, iota, program } from "@adjoint/ir";
import { apply, canonicalize, primitives } from "@adjoint/ir/graph";
import { canonicalizeRules } from "../src/passes/canonicalize.ts";
import {
  x,
  y,
  a,
  b,
  m,
  row,
  s,
  reshapeNode,
  zero,
  concatNode,
  dot,
  inputs,
  testRules,
} from "./rule-cases.ts";

describe("canonicalize", () => {
  testRules(canonicalize, canonicalizeRules, {
    examples: {
      "reshape to the same shape": [reshapeNode(x)],
      "reshape of a reshape": [x.reshape([3, 2]).reshape([6])],
      "transpose that moves axes of size 1 → reshape": [
        x.unsqueeze(1).transpose([1, 0, 2]),
        apply(primitives.transpose, [x], { permutation: [0, 1] }).output,
      ],
      "transpose of a transpose": [a.transpose([1, 2, 0]).transpose([0, 2, 1]), x.transpose().transpose()],
      "transpose of a broadcast": [
        s.broadcast([2, 3]).transpose(),
        row.broadcast([2, 3]).transpose(),
        x.unsqueeze(0).broadcast([4, 2, 3]).transpose([2, 0, 1]),
      ],
      "broadcast to the same shape": [apply(primitives.broadcast, [x], { shape: [2, 3] }).output],
      "broadcast of a broadcast": [row.broadcast([2, 3]).broadcast([4, 2, 3])],
      "broadcast of leading axes of size 1": [
        row.reshape([1, 1, 3]).broadcast([2, 4, 3]),
        s.reshape([1, 1]).broadcast([2, 3]),
        x.reshape([1, 2, 3, 1]).broadcast([2, 2, 3, 4]),
      ],
      "reshape of a broadcast": [
        s.broadcast([2, 3]).reshape([6]),
        row.broadcast([2, 3]).reshape([2, 1, 3]),
        x.unsqueeze(1).broadcast([2, 4, 3]).reshape([2, 4, 1, 3]),
      ],
      "f(broadcast x) → broadcast f(x)": [
        row.broadcast([2, 3]).exp(),
        row.broadcast([2, 3]).mul(2),
        s.broadcast([2, 3]).less(1),
        x
          .unsqueeze(1)
          .broadcast([2, 4, 3])
          .add(y.unsqueeze(1).broadcast([2, 4, 3])),
        row.broadcast([2, 3]).cast("i32"),
      ],
      "slice of everything": [
        apply(primitives.slice, [x], { starts: [0, 0], sizes: [2, 3], steps: [1, 1] }).output,
      ],
      "slice of a slice": [
        a
          .slice([undefined, { start: 1, step: 2 }, { start: 1 }])
          .slice([{ start: 1 }, { end: 1 }, { step: 2 }]),
      ],
      "slice of a broadcast": [
        row.broadcast([2, 3]).slice([{ start: 1 }, { step: 2 }]),
        s.broadcast([4]).slice([{ start: 2 }]),
      ],
      "slice of one piece of a concat": [
        concatNode([x, y], 0).slice([{ start: 2, end: 4 }, { start: 1 }]),
        concatNode([x, y], 1).slice([undefined, { start: 0, end: 3, step: 2 }]),
      ],
      "pad by nothing": [
        apply(primitives.pad, [x, s], { low: [0, 0], high: [0, 0], interior: [0, 0] }).output,
      ],
      "flip of axes of size 1": [
        x.unsqueeze(1).flip([1, 2]),
        x.unsqueeze(1).flip([1]),
        apply(primitives.flip, [x], { axes: [] }).output,
      ],
      "flip of a flip": [x.flip([0, 1]).flip([1]), x.flip([1]).flip([1])],
      "concat of one tensor": [apply(primitives.concat, [x], { axis: 0 }).output],
      "concat with empty tensors": [concatNode([x, zero.reshape([2, 0]), y], 1)],
      "concat of a concat": [concatNode([x, concatNode([y, x], 0)], 0)],

      "iota of one step → 0": [iota("f32", [2, 1, 3], 1)],
      "reshape of an iota": [iota("i32", [2, 3], 1).reshape([1, 2, 1, 3])],
      "transpose of an iota": [iota("i32", [2, 3, 4], 1).transpose([1, 2, 0])],
      "broadcast of an iota": [
        iota("i32", [3], 0).broadcast([2, 3]),
        iota("i32", [3, 1], 0).broadcast([2, 3, 4]),
      ],

      "transpose into the left of a dot product": [
        a.transpose([0, 2, 1]).dotGeneral(b, dot([0], [0], [1], [1])),
        a.transpose([2, 0, 1]).dotGeneral(m, dot([], [], [0], [0])),
      ],
      "transpose into the right of a dot product": [
        a.dotGeneral(b.transpose([0, 2, 1]), dot([0], [0], [2], [2])),
        a.dotGeneral(m.transpose(), dot([], [], [2], [1])),
      ],
      "transpose of a dot product → operands swapped": [
        x.matMul(m).transpose(),
        a.matMul(b).transpose([0, 2, 1]),
        a.dotGeneral(a, dot([0, 1], [0, 1], [], [])).transpose([1, 0, 3, 2]),
        a.dotGeneral(a, dot([0, 1], [0, 1], [], [])).transpose([1, 0, 2, 3]),
        a.dotGeneral(b, dot([], [], [2], [1])).transpose([2, 3, 0, 1]),
      ],
      "reshape of a dot product with a reshape on the left": [
        a.reshape([8, 3]).matMul(m).reshape([2, 4, 5]),
        a
          .reshape([1, 8, 3])
          .dotGeneral(m, dot([], [], [2], [0]))
          .reshape([2, 20]),
      ],
      "reshape of a dot product with a reshape on the right": [
        m
          .transpose()
          .matMul(a.transpose([2, 0, 1]).reshape([3, 8]))
          .reshape([5, 2, 4]),
      ],
      "dot product with a repeated matrix": [
        a.matMul(m.broadcast([2, 3, 5])),
        a.matMul(m.unsqueeze(0).broadcast([2, 3, 5])),
      ],
      "sum of a dot product over a batch axis → contracted": [a.matMul(b).reduceSum({ axes: [0] })],

      "reduction of a transpose": [
        a.transpose([2, 0, 1]).reduceSum({ axes: [0] }),
        a.transpose([2, 1, 0]).reduceMax({ axes: [1] }),
        a.transpose([2, 1, 0]).reduceSum({ axes: [1, 2] }),
        a.transpose([2, 1, 0]).reduceProd({ axes: [0] }),
      ],
      "reduction of a reduction": [
        a.reduceSum({ axes: [1] }).reduceSum({ axes: [1] }),
        a.reduceMax({ axes: [0] }).reduceMax({ axes: [0] }),
        x.reduceMin({ axes: [1] }).reduceMin(),
        a.reduceProd({ axes: [2] }).reduceProd({ axes: [0] }),
      ],
      "reduction of a reshape": [
        a.reshape([8, 3]).reduceSum({ axes: [0] }),
        a.reshape([2, 12]).reduceMax({ axes: [1] }),
        a.reshape([2, 2, 2, 1, 3]).reduceSum({ axes: [1, 2, 3] }),
      ],
    },
    kept: {
      "a transpose that changes the order of free axes": a
        .transpose([1, 0, 2])
        .dotGeneral(m, dot([], [], [2], [0])),
      "a transpose of a dot product that splits its sides": a
        .dotGeneral(b, dot([], [], [2], [1]))
        .transpose([0, 2, 1, 3]),
      "a reduction of a part of what a reshape merged": a.reshape([4, 6]).reduceSum({ axes: [1] }),
      "a sum of maxima": a.reduceMax({ axes: [0] }).reduceSum({ axes: [0] }),
      "a slice across two pieces": concatNode([x, y], 0).slice([{ start: 1, end: 3 }]),
    },
  });

  test("what others read too is not computed twice", () => {
    const product = x.matMul(m);
    const merged = a.reshape([8, 3]).matMul(m);
    const sums = a.reduceSum({ axes: [0] });
    const batches = a.matMul(b);
    const shared: readonly { readonly [name: string]: Tensor }[] = [
      { product, other: product.transpose() },
      { merged, other: merged.reshape([2, 4, 5]) },
      { sums, other: sums.reduceSum({ axes: [0] }) },
      { batches, other: batches.reduceSum({ axes: [0] }) },
    ];
    for (const outputs of shared) {
      const graph = program({ inputs, outputs });
      expect(canonicalize.run(graph)).toBe(graph);
    }
  });
});
