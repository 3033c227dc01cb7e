import {
  type Graph,
  type Tensor,
  concat,
  constant,
  conv,
  convTranspose,
  convWeight,
  dim,
  gatherElements,
  input,
  matMul,
  program,
  topK,
  window,
  windowSum,
} from "@adjoint/ir";
import { apply, primitives } from "@adjoint/ir/graph";
import type { Refusal } from "./refusal.ts";

const f = input("f", "f32", [2, 3]);
const g = input("g", "f32", [4, 5]);
const i = input("i", "i32", [2, 3]);
const b = input("b", "bool", [2, 3]);
const s = input("s", "f32", []);
const n = dim("n");
const rows = input("rows", "f32", [n, 3]);

const bool = constant(true, "bool");
const graphOf = (inputs: readonly Tensor[], outputs: readonly Tensor[]): Graph =>
  program({ inputs: Object.fromEntries(inputs.entries()), outputs: Object.fromEntries(outputs.entries()) });
const parameters = (like: readonly Tensor[]): readonly Tensor[] =>
  like.map(({ dtype, shape }, index) => input(`p${index}`, dtype, shape));
/** Bodies of one parameter for each tensor given: all of them doubled, the first alone, or all as f64. */
const body = (...like: readonly Tensor[]): Graph => {
  const own = parameters(like);
  return graphOf(
    own,
    own.map((parameter) => parameter.add(parameter)),
  );
};
const first = (...like: readonly Tensor[]): Graph => {
  const own = parameters(like);
  return graphOf(own, own.slice(0, 1));
};
const widening = (...like: readonly Tensor[]): Graph => {
  const own = parameters(like);
  return graphOf(
    own,
    own.map((parameter) => parameter.cast("f64")),
  );
};
const branches = (inputs: readonly Tensor[], ...graphs: readonly Graph[]): unknown =>
  apply(primitives.if, inputs, {}, graphs);
const loop = (
  inputs: readonly Tensor[],
  counts: { readonly carries: number; readonly sequences: number },
  graph: Graph,
  length = 2,
): unknown => apply(primitives.scan, inputs, { ...counts, length, reverse: false }, [graph]);

export const structureErrors: { readonly [family: string]: readonly Refusal[] } = {
  view: [
    [() => f.reshape([4]), "reshape", "shape", 'input "f": f32[2, 3]', "has 6 elements and [4] has 4"],
    [() => f.reshape([-1, 4]), "reshape", "shape", "does not divide into [-1, 4]"],
    [() => rows.reshape([6]), "reshape", "shape", "has 3*n elements"],
    [() => f.transpose([0]), "transpose", "shape", "[0] is not a permutation", 'input "f"'],
    [() => f.transpose([0, 0]), "transpose", "shape", "one axis twice"],
    [() => f.broadcast([4, 5]), "broadcast", "shape", 'input "f": f32[2, 3]', "does not stretch to [4, 5]"],
    [() => f.broadcast([3]), "broadcast", "shape", "does not stretch to [3]"],
    [() => f.slice([{}, {}, {}]), "slice", "shape", "3 ranges", 'input "f"'],
    [() => f.slice([{ step: 0 }]), "slice", "attribute", "step 0 is not a whole number", "flip"],
    [() => f.slice([{ step: -1 }]), "slice", "attribute", "step -1", "Use flip to run backwards"],
    [
      () => rows.slice([{ start: 2 }]),
      "slice",
      "shape",
      "lie outside",
      'input "rows": f32[n, 3]',
      "can't be decided",
    ],
    [() => f.pad({ low: [1] }), "pad", "attribute", "[1]", "each axis", "Slice to crop"],
    [() => f.pad({ low: [-1, 0] }), "pad", "attribute", "[-1, 0]", "whole number ≥ 0"],
    [() => f.pad({ low: [1, 0], value: f }), "pad", "dtype", "the filler must be f32[]", 'input "f"'],
    [() => concat([], 0), "concat", "shape", "at least one tensor"],
    [
      () => concat([f, g], 0),
      "concat",
      "shape",
      'input "f": f32[2, 3]',
      'input "g": f32[4, 5]',
      "all axes but axis 0",
    ],
    [() => concat([f, i], 0), "concat", "shape", "agree in dtype"],
    [() => concat([s, s], 0), "concat", "shape", "axis 0 of a tensor of rank 0"],
    [() => f.flip([3]), "flip", "shape", "axis 3"],
    [() => f.squeeze(0), "squeeze", "shape", "axis 0", 'input "f"', "is not 1"],
    [() => f.unsqueeze([0, 0]), "unsqueeze", "shape", "one axis twice"],
    [
      () => window(f, { axes: [1], sizes: [4] }),
      "window",
      "shape",
      "a window of 4 does not fit axis 1 of [2, 3]",
      "Pad first",
    ],
    [() => window(f, { axes: [1], sizes: [] }), "window", "attribute", "one for each of the 1 axes"],
    [() => window(f, { axes: [2], sizes: [1] }), "window", "shape", "axis 2 of a tensor of rank 2"],
    [() => window(f, { axes: [-4], sizes: [1] }), "window", "shape", "axis -4 of a tensor of rank 2"],
    [
      () => windowSum(f, { axes: [0], sizes: [2], extents: [4] }),
      "windowSum",
      "shape",
      "have shape [3, 2]",
      'input "f"',
    ],
    [
      () => windowSum(b, { axes: [0], sizes: [3], extents: [4] }),
      "windowSum",
      "dtype",
      "takes numeric tensors",
    ],
    [() => apply(primitives.concat, [f, f], { axis: -1 }), "concat", "attribute", "axis -1"],
    [
      () => rows.slice([{ step: 2 }]),
      "slice",
      "shape",
      "the number of steps of 2 in n",
      "Bind n to a number",
    ],
  ],
  contract: [
    [
      () => f.matMul(g),
      "matMul",
      "shape",
      'input "f": f32[2, 3]',
      'input "g": f32[4, 5]',
      "inner sizes differ",
      "Transpose",
    ],
    [() => matMul(s, f), "matMul", "shape", "scalars", "Use mul"],
    [() => f.matMul(i.transpose()), "dotGeneral", "dtype", "dtypes differ", "i32[3, 2]"],
    [() => b.matMul(b.transpose()), "dotGeneral", "dtype", "takes numeric tensors"],
    [
      () => f.dotGeneral(g, { leftBatch: [0], rightBatch: [0] }),
      "dotGeneral",
      "shape",
      "batch sizes differ",
      "axis 0 against axis 0",
    ],
    [() => f.dotGeneral(f, { leftContract: [0] }), "dotGeneral", "attribute", "in pairs"],
    [() => f.dotGeneral(f, { leftBatch: [0] }), "dotGeneral", "attribute", "in pairs"],
    [() => f.dotGeneral(f, { rightBatch: [0] }), "dotGeneral", "attribute", "in pairs"],
    [
      () => f.dotGeneral(f, { leftContract: [0, 0], rightContract: [0, 0] }),
      "dotGeneral",
      "attribute",
      "an axis is named twice",
    ],
    [() => f.dotGeneral(f, { leftContract: [5], rightContract: [0] }), "dotGeneral", "shape", "axis 5"],
    [
      () => input("x", "f32", [2, 5, 3, 4]).matMul(input("y", "f32", [3, 4, 6])),
      "matMul",
      "shape",
      "leading axes do not broadcast",
    ],
    [() => conv(f, f), "conv", "shape", "of one rank ≥ 3", "[2, 3]"],
    [
      () => conv(input("x", "f32", [1, 3, 8]), input("w", "f32", [4, 2, 3])),
      "conv",
      "shape",
      "3 channels and 4 filters of 2 channels",
      "groups",
    ],
    [
      () => conv(input("x", "f32", [1, 3, 8]), input("w", "f32", [4, 3, 9])),
      "conv",
      "shape",
      "a kernel of [9] does not fit [8]",
    ],
    [
      () => conv(input("x", "f32", [1, 3, 8]), input("w", "f32", [4, 3, 3]), { padLow: [-1] }),
      "conv",
      "attribute",
      "pads ≥ 0",
      "Slice the input",
    ],
    ...[{ strides: [0] }, { dilations: [0] }, { strides: [1.5] }, { padHigh: [-1] }, { groups: 0 }].map(
      (options): Refusal => [
        () => conv(input("x", "f32", [1, 3, 8]), input("w", "f32", [4, 3, 3]), options),
        "conv",
        "attribute",
        "a stride ≥ 1, a dilation ≥ 1 and pads ≥ 0",
        "groups ≥ 1",
      ],
    ),
    [
      () => conv(input("x", "f32", [1, 3, 8, 8]), input("w", "f32", [4, 3, 3, 3]), { strides: [1, 0] }),
      "conv",
      "attribute",
      "each of the 2 spatial axes",
    ],
    [
      () => conv(input("x", "f32", [1, 4, 8]), input("w", "f32", [3, 2, 3]), { groups: 2 }),
      "conv",
      "shape",
      "3 filters",
      "2 groups",
    ],
    [
      () => conv(input("x", "f32", [1, 3, 8]), input("w", "f64", [4, 3, 3])),
      "conv",
      "dtype",
      "dtypes differ",
    ],
    [
      () => convTranspose(input("gg", "f32", [1, 4, 5]), input("w", "f32", [4, 3, 3]), { extents: [9] }),
      "convTranspose",
      "shape",
      "has shape [1, 4, 7]",
      "[1, 4, 5]",
    ],
    [
      () =>
        convWeight(input("x", "f32", [1, 3, 8]), input("gg", "f32", [1, 2, 8]), { extents: [1], groups: 2 }),
      "convWeight",
      "shape",
      "2 groups",
    ],
  ],
  index: [
    [() => f.gather(f), "gather", "dtype", "indices must be integers", 'input "f"'],
    [
      () => f.gather(input("deep", "i32", [4, 3])),
      "gather",
      "shape",
      "up to 2 axes",
      'input "deep": i32[4, 3]',
    ],
    [
      () => f.gather(input("open", "i32", [4, n])),
      "gather",
      "shape",
      "up to 2 axes",
      'input "open": i32[4, n]',
    ],
    [
      () => apply(primitives.gather, [f, i.cast("i64")], {}),
      "gather",
      "dtype",
      "indices must be i32",
      'indices.cast("i32")',
    ],
    [
      () => f.scatter(input("at", "i32", [4, 1]), g),
      "scatter",
      "shape",
      "updates must be f32[4, 3]",
      'input "g"',
    ],
    [
      () => b.scatter(input("at", "i32", [1, 1]), input("u", "bool", [1, 3]), "add"),
      "scatter",
      "dtype",
      "can't add bool tensors",
    ],
    [() => gatherElements(f, input("at", "i32", [4])), "gatherElements", "shape", "rank 2", 'input "at"'],
    [() => topK(f, 4), "topK", "shape", "k = 4 of 3 elements", 'input "f"'],
    [() => topK(b, 1), "topK", "dtype", "takes numeric tensors"],
  ],
  "what only a document can hold": [
    ...[
      { starts: [0], sizes: [2, 3], steps: [1, 1] },
      { starts: [0, 0], sizes: [2], steps: [1, 1] },
      { starts: [0, 0], sizes: [2, 3], steps: [1] },
    ].map((attributes): Refusal => [
      () => apply(primitives.slice, [f], attributes),
      "slice",
      "shape",
      "wants a range for each axis",
    ]),
    ...[
      { starts: [1, 0], sizes: [2, 3], steps: [1, 1] },
      { starts: [0, -1], sizes: [2, 3], steps: [1, 1] },
      { starts: [0, 0], sizes: [2, 2], steps: [1, 3] },
      { starts: [0, 0], sizes: [-1, 3], steps: [1, 1] },
    ].map((attributes): Refusal => [
      () => apply(primitives.slice, [f], attributes),
      "slice",
      "shape",
      "lie outside",
      'input "f": f32[2, 3]',
    ]),
    [
      () => apply(primitives.slice, [f], { starts: [0, 0], sizes: [2, 1], steps: [1, 0] }),
      "slice",
      "attribute",
      "step 0",
    ],
    [() => apply(primitives.transpose, [f], { permutation: [0] }), "transpose", "shape", "not a permutation"],
    [() => branches([bool, s], body(s), body(s, s)), "if", "shape", "the branches differ"],
    [() => branches([bool, s], body(s), body(i)), "if", "shape", "the branches differ"],
    [() => branches([bool, s, s], body(s), body(s)), "if", "graph", "the branches' inputs differ"],
    [
      () => branches([bool, f.reduceSum({ axes: 0 })], body(s), body(s)),
      "if",
      "graph",
      "the branches' inputs differ",
    ],
    [() => branches([bool, s], body(s)), "if", "graph", "has no body"],
    [() => loop([s], { carries: 2, sequences: 0 }, body(s)), "scan", "graph", "gives 1 outputs"],
    [
      () => loop([s, s], { carries: 1, sequences: 0 }, body(s)),
      "scan",
      "graph",
      "takes 1 inputs for 2 operands",
    ],
    [() => loop([s, s], { carries: 2, sequences: 0 }, first(s, s)), "scan", "graph", "gives 1 outputs"],
    [
      () => loop([f.reduceSum({ axes: 0 })], { carries: 1, sequences: 0 }, body(s)),
      "scan",
      "shape",
      "the body's input 0 is f32[] and gets f32[3]",
    ],
    [
      () => loop([f], { carries: 0, sequences: 1 }, body(s)),
      "scan",
      "shape",
      "the body's input 0 is f32[] and gets f32[3]",
    ],
    [() => loop([s.cast("f64")], { carries: 1, sequences: 0 }, body(s)), "scan", "shape", "gets f64[]"],
    [
      () => loop([s], { carries: 1, sequences: 0 }, widening(s)),
      "scan",
      "shape",
      "a carry must keep its type",
      "f64[]",
    ],
    [
      () => loop([f], { carries: 0, sequences: 1 }, body(f.reduceSum({ axes: 0 })), 3),
      "scan",
      "shape",
      "has not 3 steps",
    ],
  ],
};
