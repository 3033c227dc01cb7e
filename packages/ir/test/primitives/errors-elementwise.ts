import {
  add,
  bitcast,
  cond,
  constant,
  dim,
  gradients,
  input,
  iota,
  jvp,
  randomBits,
  register,
  scan,
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

export const elementwiseErrors: { readonly [family: string]: readonly Refusal[] } = {
  map: [
    [() => f.add(i), "add", "dtype", 'input "f": f32[2, 3]', 'input "i": i32[2, 3]', 'b.cast("f32")'],
    [() => f.add(g), "add", "shape", "do not broadcast", "f32[2, 3]", "f32[4, 5]", "from the last axis on"],
    [() => add(1, 2), "add", "graph", "at least one tensor", "constant("],
    [() => i.add(1.5), "add", "dtype", "1.5 is not i32", 'input "i": i32[2, 3]', "Cast the tensor first"],
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
