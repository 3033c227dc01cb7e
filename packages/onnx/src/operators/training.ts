import { array, checked, minLength, oneOf, strictObject, string, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { rebuild, rewriter } from "@adjoint/ir/graph";
import type { OperatorContext } from "../import/context.ts";
import { type Operator, float, operator } from "./row.ts";

const domain = "ai.onnx.preview.training";

/** The operands of an optimizer for one parameter: its value, its gradient, and the state kept from step to step. */
interface Parameter {
  readonly x: Tensor;
  /** The gradient, with that of ½·norm_coefficient·x² added. */
  readonly g: Tensor;
  readonly state: readonly Tensor[];
}

/** Learning rate and count of the steps before this one, as scalars of a parameter's type. */
interface Step {
  readonly rate: Tensor;
  readonly count: Tensor;
}

/** The new value, then the new state. */
type Rule = (parameter: Parameter, step: Step) => readonly [Tensor, ...Tensor[]];

/** Inputs are rate, count, all values, all gradients, then each state of all; outputs all values, then each state of all. */
function optimize(
  context: OperatorContext<{ readonly norm_coefficient: number }>,
  states: number,
  rule: Rule,
): readonly Tensor[] {
  const [rate, count, ...rest] = context.inputs();
  const parameters = rest.length / (2 + states);
  if (rate === undefined || count === undefined || !Number.isInteger(parameters))
    return context.refuse(`takes rate, count, and ${2 + states} tensors for each parameter`);
  const column = (index: number): readonly Tensor[] =>
    rest.slice(index * parameters, (index + 1) * parameters);
  const { norm_coefficient: decay } = context.attributes;
  const stateColumns = Array.from({ length: states }, (_, index) => column(2 + index));
  const results = column(0).map((x, index) => {
    const slope = column(1)[index] ?? x;
    const scalar = (tensor: Tensor): Tensor => tensor.reshape([]).cast(x.dtype);
    return rule(
      {
        x,
        g: decay === 0 ? slope : x.mul(decay).add(slope),
        state: stateColumns.map((tensors) => tensors[index] ?? x),
      },
      { rate: scalar(rate), count: scalar(count) },
    );
  });
  return Array.from({ length: 1 + states }, (_, part) =>
    results.map((result) => result[part] ?? result[0]),
  ).flat();
}

const norm = { norm_coefficient: withDefault(float, 0) };

/** Gradients of a part of the graph, and optimizers. */
export const training: readonly Operator[] = [
  operator({
    name: "Adagrad",
    domain,
    since: [1],
    attributes: strictObject({
      ...norm,
      decay_factor: withDefault(float, 0),
      epsilon: withDefault(float, 1e-6),
    }),
    import(context) {
      const { decay_factor: decay, epsilon } = context.attributes;
      return optimize(context, 1, ({ x, g, state: [squares = x] }, { rate, count }) => {
        const sum = squares.add(g.mul(g));
        const decayed = rate.div(count.mul(decay).add(1));
        return [x.sub(decayed.mul(g).div(sum.sqrt().add(epsilon))), sum];
      });
    },
  }),
  operator({
    name: "Adam",
    domain,
    since: [1],
    attributes: strictObject({
      ...norm,
      alpha: withDefault(float, 0.9),
      beta: withDefault(float, 0.999),
      epsilon: withDefault(float, 1e-6),
      norm_coefficient_post: withDefault(float, 0),
    }),
    import(context) {
      const { alpha, beta, epsilon, norm_coefficient_post: shrink } = context.attributes;
      return optimize(context, 2, ({ x, g, state: [first = x, second = x] }, { rate, count }) => {
        const [v, h] = [average(first, g, alpha), average(second, g.mul(g), beta)];
        // There is nothing to correct before the first step; a count of 1 stands in for it, since 0 would divide by 0.
        const isLater = count.greater(0);
        const steps = isLater.where(count, 1);
        // 1 − decay^steps, with all its digits where the decay is near 1.
        const rest = (decay: number): Tensor => steps.mul(Math.log(decay)).expm1().neg();
        const corrected = rate.mul(rest(beta).sqrt()).div(rest(alpha));
        const moved = x.sub(isLater.where(corrected, rate).mul(v.div(h.sqrt().add(epsilon))));
        return [shrink === 0 ? moved : moved.mul(1 - shrink), v, h];
      });
    },
  }),
  operator({
    name: "Momentum",
    domain,
    since: [1],
    attributes: strictObject({
      alpha: float,
      beta: float,
      mode: oneOf(["standard", "nesterov"]),
      norm_coefficient: float,
    }),
    import(context) {
      const { alpha, beta, mode } = context.attributes;
      return optimize(context, 1, ({ x, g, state: [velocity = x] }, { rate, count }) => {
        // The first gradient counts in full.
        const share = count.greater(0).where(beta, ir.constant(1, x.dtype));
        const v = velocity.mul(alpha).add(share.mul(g));
        const direction = mode === "nesterov" ? g.add(v.mul(alpha)) : v;
        return [x.sub(rate.mul(direction)), v];
      });
    },
  }),
  operator({
    name: "Gradient",
    domain,
    since: [1],
    attributes: strictObject({
      xs: checked(array(string()), minLength(1)),
      zs: withDefault(array(string()), []),
      y: string(),
    }),
    import: gradient,
  }),
];

/** The running average that gives the past the weight `decay`. */
const average = (past: Tensor, now: Tensor, decay: number): Tensor => past.mul(decay).add(now.mul(1 - decay));

/** The derivatives of y by xs, where the tensors named by xs and zs have the inputs' values. */
function gradient(
  context: OperatorContext<{
    readonly xs: readonly string[];
    readonly zs: readonly string[];
    readonly y: string;
  }>,
): readonly Tensor[] {
  const { xs, zs, y } = context.attributes;
  const given = context.inputs();
  const names = [...xs, ...zs];
  if (given.length !== names.length)
    context.refuse(`names ${names.length} tensors and has ${given.length} inputs`);
  const variables = names.map((name) => context.named(name));
  const isDistinct = (tensors: readonly Tensor[]): boolean => new Set(tensors).size === tensors.length;
  if (!isDistinct(variables) || !isDistinct(given))
    context.refuse(`two of ${names.join(", ")} are one tensor, and its uses can't be told apart`);
  const at = new Map(variables.map((variable, index) => [variable, given[index] ?? variable]));
  const replace = rewriter((node, inputs) =>
    node.outputs.some((output) => at.has(output))
      ? rebuild(node, inputs).outputs.map((output, index) => {
          const own = node.outputs[index];
          return (own && at.get(own)) ?? output;
        })
      : undefined,
  );
  const target = replace(context.named(y));
  const wrt = xs.map((_, index) => context.input(index));
  const results = ir.vjp([target], [ir.filled(1, target.dtype, target.shape)], wrt);
  return results.map((result, index) => {
    const { dtype, shape } = context.input(index);
    return result ?? ir.filled(0, dtype, shape);
  });
}
