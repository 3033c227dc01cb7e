import { at } from "@adjoint/ir/values";
import {
  type Output,
  ObjectSchema,
  array,
  literal,
  oneOf,
  optional,
  strictObject,
  string,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { type Activation, activationsOf } from "../recurrent/activations.ts";
import { type Cell, runDirection } from "../recurrent/network.ts";
import { before, dropped } from "./older.ts";
import { type Operator, flag, float, operator } from "./row.ts";

const attributes = {
  activations: optional(array(string())),
  activation_alpha: withDefault(array(float), []),
  activation_beta: withDefault(array(float), []),
  clip: optional(float),
  direction: withDefault(oneOf(["forward", "reverse", "bidirectional"]), "forward"),
  hidden_size: optional(whole(1)),
  layout: withDefault(literal([0, 1]), 0),
};

type Attributes = Output<ObjectSchema<typeof attributes>>;

/** A family of recurrent networks. */
interface Network {
  readonly cell: Cell;
  /** The activations of one direction where the node names none. */
  readonly activations: readonly string[];
  /** The numbers of the inputs that are the initial states. */
  readonly states: readonly number[];
  /** The number of the input that is the peephole weights. */
  readonly peepholes?: number;
}

const identity: Activation = (x) => x;

/** Hₜ = f(Xₜ·Wᵀ + Hₜ₋₁·Rᵀ + Wb + Rb). */
const rnnCell: Cell = (state, { activations: [f = identity], input, recurrent }) =>
  state.map((h) => f(input(0).add(recurrent(0, h))));

/** Gates z (update), r (reset) and the candidate; ONNX GRU's formulas. @param isLinearFirst r acts behind R. */
const gruCell =
  (isLinearFirst: boolean): Cell =>
  (state, { activations: [f = identity, g = identity], input, recurrent }) =>
    state.map((h) => {
      const update = f(input(0).add(recurrent(0, h)));
      const reset = f(input(1).add(recurrent(1, h)));
      const seen = isLinearFirst ? reset.mul(recurrent(2, h)) : recurrent(2, reset.mul(h));
      const candidate = g(input(2).add(seen));
      return ir.sub(1, update).mul(candidate).add(update.mul(h));
    });

/** Gates i, o, f and the candidate; ONNX LSTM's formulas. @param isCoupled f is 1 − i. */
const lstmCell =
  (isCoupled: boolean): Cell =>
  ([h, c], { activations: [f = identity, g = identity, outer = identity], input, recurrent, peephole }) => {
    if (h === undefined || c === undefined) return [];
    const gate = (index: number, seen: number, cell: Tensor): Tensor => {
      const weights = peephole(seen);
      const sum = input(index).add(recurrent(index, h));
      return f(weights === undefined ? sum : sum.add(weights.mul(cell)));
    };
    const i = gate(0, 0, c);
    const forget = isCoupled ? ir.sub(1, i) : gate(2, 2, c);
    const next = forget.mul(c).add(i.mul(g(input(3).add(recurrent(3, h)))));
    return [gate(1, 1, next).mul(outer(next)), next];
  };

/** Outputs of all directions: every step's h, then the last states. */
function recurrence(context: OperatorContext<Attributes>, network: Network): readonly Tensor[] {
  const { attributes: own } = context;
  const isBatchFirst = own.layout === 1;
  const timeFirst = (x: Tensor): Tensor => (isBatchFirst ? x.transpose([1, 0, 2]) : x);
  const x = timeFirst(context.input(0));
  const directions = own.direction === "bidirectional" ? 2 : 1;
  const [w, r, bias] = [context.input(1), context.input(2), context.optional(3)];
  const hidden = r.shape[2] ?? context.refuse(`its weights R are ${r}`);
  const peepholes = network.peepholes === undefined ? undefined : context.optional(network.peepholes);
  const lengths = context.optional(4)?.cast("i32");
  const of = (tensor: Tensor, index: number): Tensor =>
    tensor.slice([{ start: index, end: index + 1 }]).squeeze(0);
  const initial = network.states.map((index) => {
    const given = context.optional(index);
    return given === undefined
      ? ir.filled(0, x.dtype, [directions, at(x.shape, 1), hidden])
      : timeFirst(given);
  });
  const all = Array.from({ length: directions }, () => network.activations).flat();
  const activations = activationsOf(own, all, (problem) => context.refuse(problem));
  const runs = Array.from({ length: directions }, (_, index) =>
    runDirection(x, lengths, {
      isReverse: own.direction === "reverse" || index === 1,
      cell: network.cell,
      activations: activations.slice(index * network.activations.length),
      hidden,
      w: of(w, index),
      r: of(r, index),
      bias: bias && of(bias, index),
      peepholes: peepholes && of(peepholes, index),
      initial: initial.map((state) => of(state, index)),
    }),
  );
  const steps = ir.stack(
    runs.map((run) => run.steps),
    1,
  );
  const last = network.states.map((_, state) => ir.stack(runs.flatMap((run) => run.last[state] ?? [])));
  return [isBatchFirst ? steps.transpose([2, 0, 1, 3]) : steps, ...last.map(timeFirst)];
}

/** Since opset 7 the steps are an output if that output has a name. */
const older = [before(7, dropped("output_sequence"))];

export const recurrent: readonly Operator[] = [
  operator({
    name: "RNN",
    since: [1, 7, 14, 22],
    older,
    attributes: strictObject(attributes),
    import: (context) => recurrence(context, { cell: rnnCell, activations: ["Tanh"], states: [5] }),
  }),
  operator({
    name: "GRU",
    since: [1, 3, 7, 14, 22],
    older,
    attributes: strictObject({ ...attributes, linear_before_reset: withDefault(flag, false) }),
    import: (context) =>
      recurrence(context, {
        cell: gruCell(context.attributes.linear_before_reset),
        activations: ["Sigmoid", "Tanh"],
        states: [5],
      }),
  }),
  operator({
    name: "LSTM",
    since: [1, 7, 14, 22],
    older,
    attributes: strictObject({ ...attributes, input_forget: withDefault(flag, false) }),
    import: (context) =>
      recurrence(context, {
        cell: lstmCell(context.attributes.input_forget),
        activations: ["Sigmoid", "Tanh", "Tanh"],
        states: [5, 6],
        peepholes: 7,
      }),
  }),
];
