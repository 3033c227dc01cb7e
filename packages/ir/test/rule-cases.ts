import { describe, expect, test } from "vitest";
import {
  type DType,
  type Tensor,
  constant,
  evaluate,
  filled,
  input,
  print,
  program,
  scan,
  valueOf,
} from "@adjoint/ir";
import { type Pass, type Rule, apply, check, primitives } from "@adjoint/ir/graph";
import { difference } from "./graphs.ts";

/** Tensors of [2, 3] that hold every special value. */
export const feeds = {
  x: valueOf("f32", [2, 3], [NaN, Infinity, -Infinity, -0, 0, 1.5]),
  y: valueOf("f32", [2, 3], [2, -0, -3, -0, -2.5, Infinity]),
  d: valueOf("f64", [2, 3], [-0, 0.1, -Infinity, NaN, 1e300, -7]),
  i: valueOf("i32", [2, 3], [0, -1, 2147483647, -2147483648, 5, -3]),
  j: valueOf("i32", [2, 3], [7, -1, 2, -2147483648, 0, -3]),
  u: valueOf("u8", [2, 3], [0, 255, 1, 7, 128, 200]),
  p: valueOf("bool", [2, 3], [1, 0, 1, 1, 0, 0]),
  q: valueOf("bool", [2, 3], [1, 1, 0, 1, 0, 1]),
  a: valueOf(
    "f32",
    [2, 4, 3],
    Array.from({ length: 24 }, (_, k) => (k % 7) - 3),
  ),
  b: valueOf(
    "f32",
    [2, 3, 5],
    Array.from({ length: 30 }, (_, k) => (k % 5) / 2 - 1),
  ),
  m: valueOf(
    "f32",
    [3, 5],
    Array.from({ length: 15 }, (_, k) => (k % 4) - 1.5),
  ),
  row: valueOf("f32", [3], [-0, NaN, 2]),
  s: valueOf("f32", [], [-0]),
  c: valueOf("bool", [], [1]),
};
export const inputs = Object.fromEntries(
  Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
);
const given = (name: keyof typeof feeds): Tensor => {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(name);
  return tensor;
};
export const [x, y, d, i, j, u, p, q] = (["x", "y", "d", "i", "j", "u", "p", "q"] as const).map(given) as [
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
];
export const [a, b, m, row, s, c] = (["a", "b", "m", "row", "s", "c"] as const).map(given) as [
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
];
export const full = (value: number, dtype: DType = "f32"): Tensor => filled(value, dtype, [2, 3]);
/** A view that builders would leave out. */
export const reshapeNode = (tensor: Tensor): Tensor =>
  apply(primitives.reshape, [tensor], { shape: tensor.shape }).output;
export const zero = constant(valueOf("f32", [2, 0], []));

export function concatNode(pieces: readonly Tensor[], axis: number): Tensor {
  return apply(primitives.concat, pieces, { axis }).output;
}

export function dot(
  leftBatch: number[],
  rightBatch: number[],
  leftContract: number[],
  rightContract: number[],
): {
  leftBatch: number[];
  rightBatch: number[];
  leftContract: number[];
  rightContract: number[];
} {
  return { leftBatch, rightBatch, leftContract, rightContract };
}

/** A loop over two carries of which the second stays. */
export function loop(carry: readonly Tensor[], length: number): readonly Tensor[] {
  const result = scan({ carry, length }, ([first = x, second = x]) => ({
    carry: [first.add(second), second],
    outputs: [first.mul(row)],
  }));
  return [...result.carry, ...result.outputs];
}

/** A loop on these operands as they are, which the builder would merge or leave inside. */
export function scanOver(
  sequences: readonly Tensor[],
  invariants: readonly Tensor[],
  step: (...parameters: [Tensor, Tensor, Tensor]) => Tensor,
): readonly Tensor[] {
  const parameters = [
    ...sequences.map((tensor, at) => input(`${at}`, tensor.dtype, tensor.shape.slice(1))),
    ...invariants.map((tensor, at) => input(`${sequences.length + at}`, tensor.dtype, tensor.shape)),
  ];
  const body = {
    inputs: Object.fromEntries(parameters.map((parameter, at) => [`${at}`, parameter])),
    outputs: { 0: step(...(parameters as [Tensor, Tensor, Tensor])) },
    updates: [],
  };
  const attributes = { carries: 0, sequences: sequences.length, length: 2, reverse: false };
  return apply(primitives.scan, [...sequences, ...invariants], attributes, [body]).outputs;
}

export function ifOf(
  condition: Tensor,
  used: readonly Tensor[],
  branch: (...parameters: [Tensor, Tensor, Tensor]) => Tensor,
): readonly Tensor[] {
  const bodies = [0, 1].map((which) => {
    const parameters = used.map((tensor, at) => input(`${at}`, tensor.dtype, tensor.shape));
    const result = branch(...(parameters as [Tensor, Tensor, Tensor]));
    return {
      inputs: Object.fromEntries(parameters.map((parameter, at) => [`${at}`, parameter])),
      outputs: { 0: which === 0 ? result : result.neg() },
      updates: [],
    };
  });
  return apply(primitives.if, [condition, ...used], {}, bodies).outputs;
}

/** What a pass of rules is tested on. */
export interface RuleCases {
  /** For each rule, tensors on which it does something. Several show its sides. */
  readonly examples: { readonly [rule: string]: readonly Tensor[] };
  /** What looks alike and is not the same. */
  readonly kept: { readonly [what: string]: Tensor };
}

/** Every rule of a pass does something, and what it does changes no bit but where the rule rounds otherwise. */
export function testRules(pass: Pass, rules: readonly Rule[], { examples, kept }: RuleCases): void {
  test("each rule has a name of its own, and every example is of a rule", () => {
    const names = rules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(examples).toSorted()).toEqual(names.toSorted());
  });

  test.each(rules)("$name", ({ name }) => {
    for (const tensor of examples[name] ?? []) {
      const graph = program({ inputs, outputs: { tensor } });
      check(graph);
      const fired: string[] = [];
      const after = pass.run(graph, { onRewrite: ({ rule }) => fired.push(rule) });
      check(after);
      const text = print(graph);
      expect({ text, fired }).toEqual({ text, fired: expect.arrayContaining([name]) });
      const changed = difference(graph, evaluate(graph, feeds), evaluate(after, feeds), {
        signedZeros: true,
      });
      expect({ text, after: print(after), changed }).toMatchObject({ changed: undefined });
    }
  });

  describe("what is not the same stays", () => {
    test.each(Object.entries(kept))("%s", (_, tensor) => {
      const graph = program({ inputs, outputs: { tensor } });
      const after = pass.run(graph);
      // Constants may take another form.
      const text = (each: typeof graph): string[] =>
        (print(each).match(/= \w+/g) ?? []).filter((name) => !/constant|broadcast/.test(name));
      expect(text(after)).toEqual(text(graph));
    });
  });
}
