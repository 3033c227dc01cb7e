import fc from "fast-check";
import { z } from "zod";
import {
  type CompositeFunction,
  type Graph,
  type Tensor,
  composite,
  concat,
  cond,
  constant,
  dim,
  input,
  iota,
  program,
  register,
  scan,
  topK,
  withScope,
} from "@adjoint/ir";
import type { Composite } from "@adjoint/ir/graph";
import { type CompositeTable, defineComposite } from "../src/composite.ts";

export const batch: ReturnType<typeof dim> = dim("batch");

const softplus = composite("softplus", (x) => x.max(0).add(x.abs().neg().exp().log1p()));

/** A composite that takes any record: its attributes show every form that text and JSON hold. */
export const note: CompositeFunction<[x: Tensor, attributes: { readonly [key: string]: unknown }]> =
  defineComposite({
    name: "noted",
    arity: 1,
    attributes: z.record(z.string(), z.unknown()),
    call: (x, attributes) => [[x], attributes],
    check: () => undefined,
    build: ([x]) => x.neg(),
  });

export const composites: CompositeTable = new Map<string, Composite>([
  ["softplus", softplus.operation],
  ["noted", note.operation],
]);

/** A multilayer perceptron's training step. */
export function trainingStep(): Graph {
  const images = input("images", "f32", [batch, 28, 28]);
  const labels = input("labels", "i32", [batch]);
  const { weight, hidden } = withScope("dense_1", () => {
    const parameter = register("dense_1.weight", "f32", [784, 10], {
      initial: { kind: "normal", mean: 0, standardDeviation: 0.035 },
    });
    return { weight: parameter, hidden: softplus(images.reshape([batch, 784]).matMul(parameter)) };
  });
  const chosen = hidden.mul(
    labels
      .unsqueeze(1)
      .equal(iota("i32", [batch, 10], 1))
      .cast("f32"),
  );
  const loss = chosen.reduceSum().neg();
  return program({
    inputs: { images, labels },
    outputs: { loss },
    updates: [{ register: weight, next: weight.sub(loss.mul(0.1)) }],
  });
}

/** One step of a random graph: which operation, and which earlier values it takes. */
type Choice = readonly [operation: number, first: number, second: number];

type Builder = (a: Tensor, b: Tensor, choice: Choice) => Tensor;

/** Each takes and gives f32[batch, 4]. */
const builders: readonly Builder[] = [
  (a, b) => a.add(b),
  (a, b) => a.mul(b),
  (a) => a.neg(),
  (a) => softplus(a),
  (a, _, [, first]) => note(a, { count: first, ratio: first / 3, size: batch, list: [first, "text", null] }),
  (a) => a.reshape([batch, 2, 2]).transpose([0, 2, 1]).reshape([batch, 4]),
  (a) => a.reduceSum({ axes: [1], keepDims: true }).broadcast([batch, 4]),
  (a, b) => concat([a, b], 1).slice([undefined, { start: 2, end: 6 }]),
  (a) => a.pad({ low: [0, 1], high: [0, 0], value: 0.1 }).slice([undefined, { start: 0, end: 4 }]),
  (a, _, [, first, second]) => a.add(constant([first / 7, -second / 3, 1e-40, Number.NaN])),
  (a) => a.cast("i64").add(9007199254740993n).cast("f32"),
  (a, b) => a.less(b).where(a, b),
  (a) => {
    const { values, indices } = topK(a, 2, { axis: 1 });
    return concat([values, indices.cast("f32")], 1);
  },
  (a, b) => scan({ carry: [a], length: 3 }, ([carry = a]) => ({ carry: [carry.add(b)] })).carry[0] ?? a,
  (a, b) =>
    cond(
      a.reduceSum().less(1),
      () => [a],
      () => [b.neg()],
    )[0] ?? a,
  (a, _, [, first]) => a.add(register(`state.${first % 3}`, "f32", [4])),
  (a, _, [, first]) =>
    a.mul(register("odd name", "f32", [1], { initial: { kind: "uniform", low: -1, high: first } })),
  (a) => withScope("layer", () => a.add(iota("i32", [batch, 4], 1).cast("f32"))),
];

/** Small graphs over all forms of nodes. */
export const graphs: fc.Arbitrary<Graph> = fc
  .array(fc.tuple(fc.nat({ max: builders.length - 1 }), fc.nat({ max: 99 }), fc.nat({ max: 99 })), {
    maxLength: 12,
  })
  .map((choices: readonly Choice[]) => {
    const x = input("x", "f32", [batch, 4]);
    const y = input("a second input", "f32", [batch, 4]);
    const pool = [x, y];
    for (const choice of choices) {
      const [operation, first, second] = choice;
      const [a, b] = [pool[first % pool.length] ?? x, pool[second % pool.length] ?? y];
      pool.push(builders[operation]?.(a, b, choice) ?? a);
    }
    return { inputs: { x, second: y }, outputs: { last: pool.at(-1) ?? x, "0": x }, updates: [] };
  });
