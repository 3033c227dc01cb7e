import {
  type State,
  type Tensor,
  type Update,
  commit,
  constant,
  filled,
  input,
  program,
  register,
  valueOf,
} from "@adjoint/ir";
import type { Case } from "../case.ts";
import { all, labelled, random, sample, vector } from "../samples.ts";

const r = (name: string, shape: readonly number[] = [3]): Tensor => register(name, "f32", shape);

/** A program of registers alone, by what it gives and how they change. */
function stepping(
  name: string,
  state: State,
  build: () => { readonly outputs: { readonly [name: string]: Tensor }; readonly updates: readonly Update[] },
): Case {
  return { name, feeds: {}, state, graph: () => program({ inputs: {}, ...build() }) };
}

const start = { a: labelled("f32", [3]), b: random("f32", [3], 5) };

/** Reads see the values of before the step, whatever order the updates are computed in. */
export const registerCases: readonly Case[] = [
  stepping("two registers swap", start, () => {
    const [a, b] = [r("a"), r("b")];
    return {
      outputs: {},
      updates: [
        { register: a, next: b },
        { register: b, next: a },
      ],
    };
  }),
  stepping("three registers rotate, and are read", { ...start, c: random("f32", [3], 6) }, () => {
    const [a, b, c] = [r("a"), r("b"), r("c")];
    return {
      outputs: { sum: a.add(b).add(c), a },
      updates: [
        { register: a, next: b },
        { register: b, next: c },
        { register: c, next: a },
      ],
    };
  }),
  stepping("an update and a later read of the old value", start, () => {
    const [a, b] = [r("a"), r("b")];
    const next = a.sub(b.mul(0.1));
    return {
      outputs: { next, old: a, difference: next.sub(a), exp: a.exp() },
      updates: [{ register: a, next }],
    };
  }),
  stepping("two registers that read each other", start, () => {
    const [a, b] = [r("a"), r("b")];
    return {
      outputs: { both: a.mul(b) },
      updates: [
        { register: a, next: a.add(b) },
        { register: b, next: b.sub(a.mul(2)) },
      ],
    };
  }),
  stepping("the old value through views", { m: random("f32", [4, 4], 7) }, () => {
    const m = r("m", [4, 4]);
    return {
      outputs: { old: m.transpose() },
      updates: [{ register: m, next: m.transpose().flip([0]).add(m) }],
    };
  }),
  stepping("the old value through a product", { m: random("f32", [5, 5], 7) }, () => {
    const m = r("m", [5, 5]);
    return { outputs: {}, updates: [{ register: m, next: m.matMul(m) }] };
  }),
  stepping("a register that becomes a constant, another what it was", start, () => {
    const [a, b] = [r("a"), r("b")];
    return {
      outputs: { a },
      updates: [
        { register: a, next: filled(7, "f32", [3]) },
        { register: b, next: b },
      ],
    };
  }),
  stepping("one value for two registers and an output", start, () => {
    const [a, b] = [r("a"), r("b")];
    const next = a.add(b);
    return {
      outputs: { next },
      updates: [
        { register: a, next },
        { register: b, next },
      ],
    };
  }),
  stepping("parts of it written", { table: random("f32", [5, 2], 7) }, () => {
    const table = r("table", [5, 2]);
    const rows = constant([[1], [3], [1]], "i32");
    const updates = constant([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    return {
      outputs: { row: table.slice([{ start: 1, end: 2 }]) },
      updates: [{ register: table, next: table.scatter(rows, updates, "add") }],
    };
  }),
  stepping(
    "a counter, a flag and 64 bits",
    {
      n: valueOf("i32", [], [41]),
      done: valueOf("bool", [], [false]),
      big: valueOf("i64", [1], [2n ** 62n]),
    },
    () => {
      const n = register("n", "i32", []);
      const done = register("done", "bool", []);
      const big = register("big", "i64", [1]);
      return {
        outputs: { n },
        updates: [
          { register: n, next: n.add(1) },
          { register: done, next: n.greater(40).or(done) },
          { register: big, next: big.add(big) },
        ],
      };
    },
  ),
  {
    name: "an input becomes a register",
    feeds: { x: random("f32", [3], 8) },
    state: start,
    graph: () => {
      const x = input("x", "f32", [3]);
      const a = r("a");
      return program({ inputs: { x }, outputs: { old: a, x }, updates: [{ register: a, next: x }] });
    },
  },
  {
    name: "no elements",
    feeds: {},
    graph: () => {
      const a = r("none", [0]);
      return program({ inputs: {}, outputs: {}, updates: [{ register: a, next: a.add(1) }] });
    },
  },
];

/** Running statistics as a layer keeps them. */
export const commitCases: readonly Case[] = [
  ...all.map((dtype): Case => ({
    name: dtype,
    feeds: { x: vector(dtype, sample(dtype)) },
    state: { r: vector(dtype, sample(dtype).toReversed()) },
    graph: () => {
      const count = sample(dtype).length;
      const [x, state] = [input("x", dtype, [count]), register("r", dtype, [count])];
      return program({ inputs: { x }, outputs: { y: commit(x, state, x) } });
    },
  })),
  {
    name: "a running mean on the way to the output",
    feeds: { x: random("f32", [6, 3], 8) },
    state: { mean: random("f32", [3], 9) },
    graph: () => {
      const x = input("x", "f32", [6, 3]);
      const mean = r("mean");
      const batch = x.reduceMean({ axes: 0 });
      const centred = commit(x.sub(batch), mean, mean.mul(0.9).add(batch.mul(0.1)));
      return program({ inputs: { x }, outputs: { y: centred.tanh() } });
    },
  },
  {
    name: "two registers, and an update besides",
    feeds: { x: random("f32", [3], 8) },
    state: start,
    graph: () => {
      const x = input("x", "f32", [3]);
      const [a, b, c] = [r("a"), r("b"), r("c")];
      const y = commit(commit(x, a, a.add(x)), b, b.mul(a));
      return program({ inputs: { x }, outputs: { y: y.mul(c) }, updates: [{ register: c, next: y.add(1) }] });
    },
  },
];
