import {
  type Graph,
  type Tensor,
  type TensorValue,
  cond,
  constant,
  filled,
  gradients,
  iota,
  program,
  scan,
  valueOf,
} from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Case, at, declared, make, the } from "../case.ts";
import { labelled, random } from "../samples.ts";
import { commitCases } from "./registers.ts";

/** Running sums of rows, with the carry and every step as outputs. */
const running = (x: Tensor, reverse: boolean): { readonly last: Tensor; readonly all: Tensor } => {
  const start = filled(0, x.dtype, x.shape.slice(1));
  const { carry, outputs } = scan({ carry: [start], sequences: [x], reverse }, ([sum], [row]) => {
    const next = the(sum).add(the(row));
    return { carry: [next], outputs: [next.mul(2)] };
  });
  return { last: at(carry, 0), all: at(outputs, 0) };
};

/** A recurrent layer: h′ = tanh(x·W + h·U + b). */
const recurrent = (x: Tensor, w: Tensor, u: Tensor, b: Tensor, reverse = false): readonly Tensor[] => {
  const start = filled(0, "f32", [x.shape[1] ?? 1, u.shape[0] ?? 1]);
  const { carry, outputs } = scan({ carry: [start], sequences: [x], reverse }, (h, slices) => {
    const next = at(slices, 0).matMul(w).add(at(h, 0).matMul(u)).add(b).tanh();
    return { carry: [next], outputs: [next] };
  });
  return [at(carry, 0), at(outputs, 0)];
};

const cell = {
  x: random("f32", [5, 2, 3], 1),
  w: random("f32", [3, 4], 2),
  u: random("f32", [4, 4], 3),
  b: random("f32", [4], 4),
};

const scanCases: readonly Case[] = [
  make("forward", { x: labelled("f32", [4, 3]) }, ({ x }) => running(x, false)),
  make("reverse", { x: labelled("f32", [4, 3]) }, ({ x }) => running(x, true)),
  make("i64", { x: valueOf("i64", [3, 1], [2n ** 62n, 2n ** 62n, 5n]) }, ({ x }) => running(x, false)),
  make(
    "f64 and i32 together",
    { x: random("f64", [4], 3), i: valueOf("i32", [4], [3, 1, 0, 2]) },
    ({ x, i }) => {
      const { carry, outputs } = scan(
        { carry: [constant(1, "f64"), constant(0, "i32")], sequences: [x, i] },
        (c, s) => ({
          carry: [at(c, 0).mul(at(s, 0)), at(c, 1).mul(2).add(at(s, 1))],
          outputs: [at(c, 1), at(c, 0).less(at(s, 0))],
        }),
      );
      return { product: at(carry, 0), digits: at(carry, 1), seen: at(outputs, 0), less: at(outputs, 1) };
    },
  ),
  make("two carries that swap", { a: labelled("f32", [2]), b: random("f32", [2], 3) }, ({ a, b }) => {
    const { carry } = scan({ carry: [a, b], length: 3 }, (c) => ({ carry: [at(c, 1), at(c, 0)] }));
    return { a: at(carry, 0), b: at(carry, 1) };
  }),
  make("Fibonacci numbers: no sequences", {}, () => {
    const { outputs } = scan({ carry: [constant(0, "i32"), constant(1, "i32")], length: 12 }, (c) => ({
      carry: [at(c, 1), at(c, 0).add(at(c, 1))],
      outputs: [at(c, 0)],
    }));
    return at(outputs, 0);
  }),
  make("no carry: a map over rows", { x: random("f32", [4, 3], 2) }, ({ x }) =>
    at(
      scan({ sequences: [x] }, (_, s) => ({ carry: [], outputs: [at(s, 0).sub(at(s, 0).reduceMax()).exp()] }))
        .outputs,
      0,
    ),
  ),
  make("no steps", { x: labelled("f32", [0, 3]), start: labelled("f32", [3]) }, ({ x, start }) => {
    const { carry, outputs } = scan({ carry: [start], sequences: [x] }, (c, s) => ({
      carry: [at(c, 0).add(at(s, 0))],
      outputs: [at(s, 0).reduceSum()],
    }));
    return { carry: at(carry, 0), outputs: at(outputs, 0) };
  }),
  make("one step", { x: labelled("f32", [1, 3]) }, ({ x }) => running(x, true)),
  make(
    "a carry given on unchanged, a slice straight out",
    { x: labelled("f32", [3, 2]), c: labelled("f32", [2]) },
    ({ x, c }) => {
      const { carry, outputs } = scan({ carry: [c], sequences: [x] }, (cs, s) => ({
        carry: cs,
        outputs: [at(s, 0), at(cs, 0)],
      }));
      return { carry: at(carry, 0), slices: at(outputs, 0), carries: at(outputs, 1) };
    },
  ),
  make("outer tensors in the body, computed ones among them", cell, ({ x, w, u, b }) => {
    const [last, all] = recurrent(x.mul(0.5), w, u.mul(0.25), b);
    return { last: the(last), all: the(all) };
  }),
  make(
    "a recurrent layer in both directions",
    cell,
    ({ x, w, u, b }) => ({
      forward: at(recurrent(x, w, u, b), 1),
      backward: at(recurrent(x, w, u, b, true), 1),
    }),
    // Each step feeds the last bits of its tanh to the next.
    { tolerance: { times: 4 } },
  ),
  make(
    "nested: products of rows within sums of matrices",
    { x: random("f32", [3, 4, 2], 5, 0.5, 1.5) },
    ({ x }) => {
      const { carry, outputs } = scan({ carry: [filled(0, "f32", [2])], sequences: [x] }, (c, s) => {
        const inner = scan(
          { carry: [filled(1, "f32", [2])], sequences: [at(s, 0)], reverse: true },
          (p, rows) => ({
            carry: [at(p, 0).mul(at(rows, 0)).add(at(c, 0).mul(0.1))],
            outputs: [at(p, 0)],
          }),
        );
        return { carry: [at(c, 0).add(at(inner.carry, 0))], outputs: [at(inner.outputs, 0)] };
      });
      return { carry: at(carry, 0), outputs: at(outputs, 0) };
    },
    { tolerance: { times: 4 } },
  ),
  make(
    "powers of a matrix by the step's number",
    { m: random("f32", [3, 3], 6) },
    ({ m }) => {
      const { outputs } = scan({ carry: [iota("f32", [3], 0)], sequences: [iota("i32", [4])] }, (c, s) => {
        const next = m.matMul(at(c, 0)).add(at(s, 0).cast("f32"));
        return { carry: [next], outputs: [next] };
      });
      return at(outputs, 0);
    },
    { tolerance: { times: 8, ofMean: true } },
  ),
  make(
    "back-propagation through time",
    cell,
    ({ x, w, u, b }) => {
      const loss = at(recurrent(x, w, u, b), 1)
        .mul(at(recurrent(x, w, u, b, true), 1))
        .reduceMean();
      const [byX, byW, byU, byB] = gradients(loss, [x, w, u, b]);
      return { loss, byX: the(byX), byW: the(byW), byU: the(byU), byB: the(byB) };
    },
    { tolerance: { times: 16, ofMean: true } },
  ),
];

/** The same graph with both conditions. */
const both = (
  name: string,
  feeds: { readonly [input: string]: TensorValue },
  build: (
    flag: Tensor,
    inputs: { readonly [input: string]: Tensor },
  ) => { readonly [output: string]: Tensor },
): readonly Case[] =>
  [true, false].map((flag) => {
    const fed = { flag: valueOf("bool", [], [flag]), ...feeds };
    return {
      name: `${name}, ${flag}`,
      feeds: fed,
      graph: (): Graph => {
        const inputs = declared(fed);
        return program({ inputs, outputs: build(the(inputs["flag"]), inputs) });
      },
    };
  });

const x = labelled("f32", [2, 3]);

const ifCases: readonly Case[] = [
  ...both("two ways to compute", { x }, (flag, i) => {
    const a = the(i["x"]);
    return {
      y: at(
        cond(
          flag,
          () => [a.add(1)],
          () => [a.mul(-2)],
        ),
        0,
      ),
    };
  }),
  ...both("several outputs of several types", { x }, (flag, i) => {
    const a = the(i["x"]);
    const [sum, place, same] = cond(
      flag,
      () => [a.reduceSum(), a.argMax({ axis: 1 }), a],
      () => [a.reduceMax(), a.argMin({ axis: 1 }), a.neg()],
    );
    return { sum: the(sum), place: the(place), same: the(same) };
  }),
  ...both("a branch that reads nothing", { x }, (flag, i) => {
    const a = the(i["x"]);
    return {
      y: at(
        cond(
          flag,
          () => [filled(7, "f32", [2, 3])],
          () => [a],
        ),
        0,
      ),
    };
  }),
  ...both("nested", { x, limit: valueOf("f32", [], [1]) }, (flag, i) => {
    const [a, limit] = [the(i["x"]), the(i["limit"])];
    const inner = (): readonly Tensor[] =>
      cond(
        a.reduceMax().greater(limit),
        () => [a.div(a.reduceMax())],
        () => [a.add(limit)],
      );
    return {
      y: at(
        cond(flag, inner, () => [a.sub(limit)]),
        0,
      ),
    };
  }),
  ...both("no elements", { x: labelled("f32", [0, 2]) }, (flag, i) => {
    const a = the(i["x"]);
    return {
      y: at(
        cond(
          flag,
          () => [a.exp()],
          () => [a],
        ),
        0,
      ),
    };
  }),
  ...both("its gradient", { x }, (flag, i) => {
    const a = the(i["x"]);
    const y = at(
      cond(
        flag,
        () => [a.mul(a)],
        () => [a.mul(3)],
      ),
      0,
    );
    return { g: at(gradients(y.reduceSum(), [a]), 0) };
  }),
  make("within a scan, by the step", { x: random("f32", [5, 2], 3) }, (i) => {
    const { carry } = scan(
      { carry: [filled(0, "f32", [2]), constant(0, "i32")], sequences: [i.x] },
      (c, s) => {
        const even = at(c, 1).mod(2).equal(0);
        const next = cond(
          even,
          () => [at(c, 0).add(at(s, 0))],
          () => [at(c, 0).mul(at(s, 0))],
        );
        return { carry: [at(next, 0), at(c, 1).add(1)] };
      },
    );
    return { value: at(carry, 0), steps: at(carry, 1) };
  }),
];

export const controlCases: { readonly [N in NameOf<"control">]: readonly Case[] } = {
  scan: scanCases,
  if: ifCases,
  commit: commitCases,
};
