import { type Tensor, type Update, widely, widened } from "@adjoint/ir";
import { isNode } from "@adjoint/ir/graph";
import { AdjointError, type Shape, equalShapes, shapeText } from "@adjoint/ir/values";
import { parseSettings, positive } from "@adjoint/ir/schema";

/** Operands and settings of Hebb's rule. */
export interface HebbOptions {
  /** w, a float register [inputs, units]. */
  readonly weight: Tensor;
  /** yᵢ, the activity before the weights: [batch, inputs]. */
  readonly input: Tensor;
  /** yⱼ, the activity after them: [batch, units]. */
  readonly output: Tensor;
  /** η, above 0. */
  readonly rate: number;
}

/** Operands and settings of a rule that learns from an error. */
export interface ErrorRuleOptions extends HebbOptions {
  /** b, a float register [units]: the negative threshold. */
  readonly bias?: Tensor | undefined;
  /** d, what the output should be: [batch, units]. */
  readonly target: Tensor;
}

/** Operands and settings of the δ rule. */
export interface DeltaRuleOptions extends ErrorRuleOptions {
  /** f'(net), the derivative of the units' activation: [batch, units]; 1 (linear units) by default. */
  readonly slope?: Tensor | undefined;
}

/**
 * Hebb's rule, summed over the batch: Δw = η·yᵢ·yⱼ. What fires together wires together; nothing says what is right.
 * Source: Hebb, "The Organization of Behavior" (1949).
 */
export function hebb(options: HebbOptions): readonly Update[] {
  return outerUpdate("hebb", options, options.output);
}

/**
 * The perceptron rule, summed over the batch: Δw = η·(d − y)·x, Δb = η·(d − y). With a binary step as activation it ends
 * after finitely many steps where a line separates the classes, and never where none does.
 * Source: Rosenblatt, "Principles of Neurodynamics" (1962).
 */
export function perceptronRule(options: ErrorRuleOptions): readonly Update[] {
  return outerUpdate("perceptronRule", options, errorOf(options), options.bias);
}

/**
 * The δ rule, summed over the batch: Δw = η·(d − y)·f'(net)·x, Δb = η·(d − y)·f'(net): gradient descent on ½Σ(d − y)².
 * Source: Widrow and Hoff, "Adaptive Switching Circuits" (1960); with f': Rumelhart and McClelland (1986), chapter 8.
 */
export function deltaRule(options: DeltaRuleOptions): readonly Update[] {
  const error = errorOf(options);
  const delta = options.slope === undefined ? error : error.mul(widened(options.slope));
  return outerUpdate("deltaRule", options, delta, options.bias);
}

/** d − y, of 16-bit floats in f32. */
const errorOf = ({ target, output }: ErrorRuleOptions): Tensor => widened(target).sub(widened(output));

/** w ← w + η·inputᵀ·signal and b ← b + η·Σ signal; of 16-bit floats in f32, rounded as they are stored. */
function outerUpdate(
  rule: string,
  { weight, input, rate }: HebbOptions,
  signal: Tensor,
  bias?: Tensor,
): readonly Update[] {
  const eta = parseSettings(`${rule} rate`, positive, rate);
  const [batch, units] = [input.shape[0] ?? 1, weight.shape[1] ?? 1];
  expectShape(rule, "input", input, [batch, weight.shape[0] ?? 1]);
  expectShape(rule, "output", signal, [batch, units]);
  const wide = widened(signal);
  const change = widened(input)
    .dotGeneral(wide, { leftContract: [0], rightContract: [0] })
    .mul(eta);
  const moved = widely(weight, (old) => old.add(change));
  const updates = [{ register: registerOnly(rule, weight), next: moved }];
  if (bias === undefined) return updates;
  expectShape(rule, "bias", bias, [units]);
  const next = widely(bias, (old) => old.add(wide.reduceSum({ axes: [0] }).mul(eta)));
  return [...updates, { register: registerOnly(rule, bias), next }];
}

function registerOnly(rule: string, tensor: Tensor): Tensor {
  if (isNode(tensor.node, "register")) return tensor;
  throw new AdjointError("graph", rule, `${tensor} is not a register`, "Only registers can be updated.");
}

function expectShape(rule: string, what: string, tensor: Tensor, shape: Shape): void {
  if (equalShapes(tensor.shape, shape)) return;
  throw new AdjointError(
    "shape",
    rule,
    `${what} is ${tensor} and should have shape ${shapeText(shape)}`,
    "Weights are [inputs, units]; activities are [batch, inputs] and [batch, units].",
  );
}
