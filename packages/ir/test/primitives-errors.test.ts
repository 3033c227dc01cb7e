import {
  AdjointError,
  type ErrorCode,
  add,
  apply,
  bitcast,
  concat,
  cond,
  constant,
  conv,
  dim,
  evaluateTensors,
  gatherElements,
  gradients,
  input,
  iota,
  jvp,
  matMul,
  primitives,
  randomBits,
  register,
  scan,
  topK,
} from "@adjoint/ir";
import { describe, expect, test } from "vitest";

const f = input("f", "f32", [2, 3]);
const g = input("g", "f32", [4, 5]);
const i = input("i", "i32", [2, 3]);
const b = input("b", "bool", [2, 3]);
const s = input("s", "f32", []);
const n = dim("n");
const rows = input("rows", "f32", [n, 3]);

/** Refused: by which operation, with what code, and words of the message that name the operands and the way out. */
type Refusal = readonly [
  build: () => unknown,
  operation: string,
  code: ErrorCode,
  ...words: readonly string[],
];

const families: { readonly [family: string]: readonly Refusal[] } = {
  map: [
    [() => f.add(i), "add", "dtype", 'input "f": f32[2, 3]', 'input "i": i32[2, 3]', 'b.cast("f32")'],
    [() => f.add(g), "add", "shape", "do not broadcast", "f32[2, 3]", "f32[4, 5]", "from the last axis on"],
    [() => add(1, 2), "add", "graph", "at least one tensor", "constant("],
    [() => i.add(1.5), "add", "dtype", "1.5 is no i32", 'input "i": i32[2, 3]', "Cast the tensor first"],
    [() => i.cast("u8").add(-1), "add", "dtype", "-1 does not fit u8", "0 to 255"],
    [() => i.cast("u8").mul(300), "mul", "dtype", "300 does not fit u8"],
    [() => i.bitwiseAnd(4294967295), "bitwiseAnd", "dtype", "4294967295 does not fit i32"],
    [() => i.exp(), "exp", "dtype", "takes float tensors", 'input "i": i32[2, 3]', 'x.cast("f32")'],
    [() => b.neg(), "neg", "dtype", "takes signed tensors", 'input "b": bool[2, 3]'],
    [() => i.cast("u8").neg(), "neg", "dtype", "takes signed tensors", "u8[2, 3]"],
    [() => b.add(b), "add", "dtype", "takes numeric tensors"],
    [() => f.and(f), "and", "dtype", "takes bool tensors", "Compare first"],
    [() => f.bitwiseNot(), "bitwiseNot", "dtype", "takes integer tensors"],
    [() => f.where(f, f), "where", "dtype", "takes bool tensors", 'input "f"'],
    [() => b.where(f, i), "where", "dtype", "dtypes differ", "f32[2, 3]", "i32[2, 3]"],
    [() => b.where(f, g), "where", "shape", "do not broadcast"],
    [() => bitcast(f, "f64"), "bitcast", "dtype", 'input "f"', "f64", "same width"],
    [() => bitcast(b, "u8"), "bitcast", "dtype", 'input "b": bool[2, 3]'],
    [() => apply(primitives.add, [f], {}), "add", "graph", "takes 2 operands and got 1"],
    [() => apply(primitives.add, [f, s], {}), "add", "shape", "shapes differ", 'input "s": f32[]'],
    [() => rows.add(input("other", "f32", [dim("m"), 3])), "add", "shape", "f32[n, 3]", "f32[m, 3]"],
  ],
  reduce: [
    [() => f.reduceSum({ axes: 2 }), "reduceSum", "shape", "axis 2 of a tensor of rank 2", "from -2 to 1"],
    [() => f.reduceMax({ axes: [0, -2] }), "reduceMax", "shape", "[0, -2] name one axis twice"],
    [() => b.reduceSum(), "reduceSum", "dtype", "takes numeric tensors", 'input "b"'],
    [() => i.reduceMean(), "reduceMean", "dtype", "takes float tensors"],
    [() => f.argMax({ axis: 1.5 }), "argMax", "shape", "axis 1.5"],
    [
      () => input("none", "f32", [0, 2]).argMin({ axis: 0 }),
      "argMin",
      "shape",
      'axis 0 of input "none": f32[0, 2]',
      "is empty",
    ],
    [() => f.cumSum({ axis: 5 }), "cumSum", "shape", "axis 5"],
    [() => b.cumProd({ axis: 0 }), "cumProd", "dtype", "takes numeric tensors"],
    [
      () => apply(primitives.reduceSum, [f], { axes: [-1] }),
      "reduceSum",
      "attribute",
      "axis -1 is not counted from the front",
    ],
    [
      () => apply(primitives.cumSum, [f], { axis: -1, exclusive: false, reverse: false }),
      "cumSum",
      "attribute",
      "axis -1",
    ],
  ],
  view: [
    [() => f.reshape([4]), "reshape", "shape", 'input "f": f32[2, 3]', "has 6 elements and [4] has 4"],
    [() => f.reshape([-1, 4]), "reshape", "shape", "does not divide into [-1, 4]"],
    [() => rows.reshape([6]), "reshape", "shape", "has 3*n elements"],
    [() => f.transpose([0]), "transpose", "shape", "[0] is no permutation", 'input "f"'],
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
      () => f.window({ axes: [1], sizes: [4] }),
      "window",
      "shape",
      "a window of 4 does not fit axis 1 of [2, 3]",
      "Pad first",
    ],
    [() => f.window({ axes: [1], sizes: [] }), "window", "attribute", "one for each of the 1 axes"],
    [() => f.window({ axes: [2], sizes: [1] }), "window", "shape", "axis 2 of a tensor of rank 2"],
    [() => f.window({ axes: [-4], sizes: [1] }), "window", "shape", "axis -4 of a tensor of rank 2"],
    [
      () => f.windowSum({ axes: [0], sizes: [2], extents: [4] }),
      "windowSum",
      "shape",
      "have shape [3, 2]",
      'input "f"',
    ],
    [
      () => b.windowSum({ axes: [0], sizes: [3], extents: [4] }),
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
      () => input("gg", "f32", [1, 4, 5]).convTranspose(input("w", "f32", [4, 3, 3]), { extents: [9] }),
      "convTranspose",
      "shape",
      "has shape [1, 4, 7]",
      "[1, 4, 5]",
    ],
    [
      () =>
        input("x", "f32", [1, 3, 8]).convWeight(input("gg", "f32", [1, 2, 8]), { extents: [1], groups: 2 }),
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
  source: [
    [() => input("x", "f32", [-1]), "input", "shape", "[-1]", "whole number ≥ 0"],
    [() => input("x", "f32", [1.5]), "input", "shape", "[1.5]"],
    [() => iota("i32", [3], 1), "iota", "shape", "axis 1 of a tensor of rank 1"],
    [() => randomBits(f, [3]), "randomBits", "dtype", "the key must be u32[2]", 'input "f"'],
    [() => constant([[1, 2], [3]]), "constant", "shape", "ragged"],
    [() => dim("2x"), "dim", "shape", '"2x" is not a symbol'],
  ],
  control: [
    [
      () => scan({ carry: [s] }, () => ({ carry: [s] })),
      "scan",
      "shape",
      "no sequences and no length",
      "Give { length }",
    ],
    [
      () => scan({ sequences: [s] }, () => ({ carry: [] })),
      "scan",
      "shape",
      'input "s": f32[]',
      "no axis to slice",
    ],
    [
      () => scan({ carry: [s], length: 3 }, () => ({ carry: [f] })),
      "scan",
      "shape",
      "a carry must keep its type",
      "f32[2, 3]",
    ],
    [() => scan({ carry: [s], length: 3 }, () => ({ carry: [] })), "scan", "graph", "0 carries of 1"],
    [
      () => scan({ sequences: [f, g] }, () => ({ carry: [] })),
      "scan",
      "shape",
      'input "g": f32[4, 5]',
      "has not 2 steps",
    ],
    [
      () =>
        cond(
          s,
          () => [s],
          () => [s],
        ),
      "if",
      "dtype",
      "the condition must be bool[]",
      'input "s"',
    ],
    [
      () =>
        cond(
          constant(true, "bool"),
          () => [s],
          () => [f],
        ),
      "if",
      "shape",
      "the branches differ",
      "f32[]",
      "f32[2, 3]",
    ],
    [
      () =>
        cond(
          constant(true, "bool"),
          () => [s, s],
          () => [s],
        ),
      "if",
      "shape",
      "the branches differ",
    ],
    [
      () => {
        const r = register("count", "f32", []);
        return scan({ carry: [s], length: 2 }, ([c = s]) => ({
          carry: [apply(primitives.commit, [c, c, r], { register: "count" }).output],
        }));
      },
      "scan",
      "graph",
      'updates register "count"',
      "commit it outside",
    ],
  ],
  gradient: [
    [() => gradients(f, [f]), "gradients", "gradient", "must be a scalar", 'input "f"', "reduceSum()"],
    [() => gradients(i.reduceSum(), [f]), "gradients", "gradient", "only floats have"],
    [
      () => gradients(f.reduceSum(), [i]),
      "gradients",
      "gradient",
      'input "i": i32[2, 3]',
      "cast it before use",
    ],
    [
      () => jvp([f], [f], [g]),
      "jvp",
      "gradient",
      "the tangent of",
      'input "g"',
      "one tangent of the same type",
    ],
    [() => jvp([f], [f], []), "jvp", "gradient", "missing"],
  ],
};

const refusal = (build: () => unknown): unknown => {
  try {
    build();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe.each(Object.entries(families))("an error of %s", (_, list) => {
  test.each(list.map(([build, operation, code, ...words]) => ({ build, operation, code, words })))(
    "by $operation says $words",
    ({ build, operation, code, words }) => {
      const error = refusal(build);
      expect(error).toBeInstanceOf(AdjointError);
      // The line above fails for anything else.
      const { message, code: given, operation: by } = error as AdjointError;
      expect({ by, given }).toEqual({ by: operation, given: code });
      expect(message.startsWith(`${operation}: `)).toBe(true);
      for (const word of words) expect(message).toContain(word);
      // The line of this file that declared it, with file, line and column.
      expect(message).toMatch(/At [^ ]*primitives-errors\.test\.ts:\d+:\d+\.$/);
    },
  );
});

describe("an index outside its axis", () => {
  test.each([-1, 3])("%i is refused when the graph runs", (index) => {
    const x = constant([1, 2, 3]);
    const at = constant([[index]], "i32");
    expect(() => evaluateTensors([x.gather(at)], new Map())).toThrow(
      `gather: index ${index} lies outside axis 0 of size 3.`,
    );
    expect(() => evaluateTensors([x.scatter(at, constant([1]))], new Map())).toThrow(
      `scatter: index ${index} lies outside axis 0`,
    );
  });

  test("is refused where it was beyond i32", () => {
    const x = constant([1, 2, 3]);
    for (const at of [
      constant([[2n ** 32n]], "i64"),
      constant([[-(2n ** 40n)]], "i64"),
      constant([[4294967295]], "u32"),
      constant([[2n ** 63n]], "u64"),
    ]) {
      expect(() => evaluateTensors([x.gather(at)], new Map())).toThrow(/lies outside axis 0 of size 3/);
    }
  });
});
