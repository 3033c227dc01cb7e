import { type Tensor, type Update, gradients, register, widened, workingType } from "@adjoint/ir";
import { isNode, registerOf } from "@adjoint/ir/graph";
import { AdjointError, type DType, equalTypes, typeText } from "@adjoint/ir/values";
import { type Schema, parseSettings } from "@adjoint/ir/schema";
import { clipByGlobalNorm, clipByValue } from "./clip.ts";
import { parameterOptions } from "./config.ts";
import type { OptimizerConfig, ParameterOptions } from "./config.ts";
import { flushSubnormal } from "./flush.ts";
import { rateAt } from "./learning-rate.ts";
import { distinct, parametersOf } from "./parameters.ts";

/** Named tensors. */
export type Tensors<N extends string> = { readonly [name in N]: Tensor };

/** The operands of an update's scalars. */
export interface ScalarContext<C> {
  readonly config: C;
  /** The learning rate of this update. */
  readonly rate: Tensor;
  /** t of the formulas: 1 in the first update. */
  readonly time: Tensor;
}

/** The operands of the update of one parameter; all but `scalars` have the parameter's shape. */
export interface StepContext<C, M extends string, S extends string> {
  readonly config: C;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly moments: Tensors<M>;
  readonly scalars: Tensors<S>;
}

/** The results of an update. */
export interface Step<M extends string> {
  readonly parameter: Tensor;
  readonly moments: Tensors<M>;
}

/**
 * An update rule as formulas. The next parameter and moments are elementwise in the parameter, its gradient and its
 * moments, with scalars that are the same for all elements: so one kernel updates a parameter and its moments in place.
 */
export interface UpdateRule<C extends OptimizerConfig, M extends string, S extends string> {
  readonly kind: string;
  readonly schema: Schema<C>;
  /** The moments that the rule keeps, with the number they start from. */
  readonly moments: { readonly [name in M]: (config: C) => number };
  /** Weight decay shrinks the parameter by rate·λ instead of adding λ·p to the gradient. */
  readonly decoupledDecay?: boolean;
  /** Computed once for all parameters that share a learning rate and a dtype. */
  scalars(context: ScalarContext<C>): Tensors<S>;
  step(context: StepContext<C, M, S>): Step<M>;
}

/** An optimizer with its settings. */
export interface Optimizer<C extends OptimizerConfig = OptimizerConfig> {
  /**
   * The updates of every trainable float register that the loss depends on, of their moments, and of the step counter
   * (an i32 register that counts updates): for the `updates` of a program.
   * @param loss a float scalar.
   * @throws AdjointError when the loss depends on no parameter.
   */
  (loss: Tensor): readonly Update[];
  /**
   * The same from given gradients, one for each parameter and of its type: for gradients that the caller transforms.
   * @throws AdjointError when they don't pair up.
   */
  update(parameters: readonly Tensor[], gradients: readonly Tensor[]): readonly Update[];
  readonly kind: string;
  readonly config: C;
}

/**
 * Makes an optimizer from a rule.
 * @throws AdjointError naming each setting that is wrong.
 */
export function makeOptimizer<C extends OptimizerConfig, M extends string, S extends string>(
  rule: UpdateRule<C, M, S>,
  options: object = {},
): Optimizer<C> {
  const config = parseSettings(rule.kind, rule.schema, options);
  const update = (parameters: readonly Tensor[], given: readonly Tensor[]): readonly Update[] =>
    updatesOf(rule, config, parameters, given);
  const fromLoss = (loss: Tensor): readonly Update[] => {
    const parameters = parametersOf(loss).filter(
      (parameter) => config.parameters?.(registerOf(parameter).name) !== false,
    );
    if (parameters.length === 0) {
      throw new AdjointError(
        "graph",
        rule.kind,
        `${loss} depends on no trainable register that \`parameters\` lets through`,
        "Compute the loss from layers, or from register(name, dtype, shape).",
      );
    }
    return update(parameters, gradients(loss, parameters));
  };
  return Object.assign(fromLoss, { update, kind: rule.kind, config });
}

function updatesOf<C extends OptimizerConfig, M extends string, S extends string>(
  rule: UpdateRule<C, M, S>,
  config: C,
  parameters: readonly Tensor[],
  given: readonly Tensor[],
): readonly Update[] {
  distinct(rule.kind, parameters);
  checkPairs(rule.kind, parameters, given);
  const chosen = parameters.flatMap((parameter, index) => {
    const gradient = given[index];
    const choice = config.parameters?.(registerOf(parameter).name) ?? true;
    if (choice === false || gradient === undefined) return [];
    const options = choice === true ? {} : parseSettings(`${rule.kind} parameters`, parameterOptions, choice);
    return [{ parameter, gradient, options }];
  });
  const clipped = clip(
    config,
    chosen.map(({ gradient }) => widened(gradient)),
  );
  const counter = register(`${config.name}.step`, "i32", [], { trainable: false });
  const scalarsFor = scalarCache(rule, config, counter);
  const updates = chosen.flatMap(({ parameter, gradient, options }, index) =>
    updateOne(rule, config, scalarsFor, { parameter, gradient: clipped[index] ?? gradient, options }),
  );
  return [...updates, { register: counter, next: counter.add(1) }];
}

function checkPairs(kind: string, parameters: readonly Tensor[], given: readonly Tensor[]): void {
  if (parameters.length !== given.length) {
    throw new AdjointError(
      "graph",
      kind,
      `got ${given.length} gradients for ${parameters.length} parameters`,
      "Give one gradient for each parameter, in order.",
    );
  }
  parameters.forEach((parameter, index) => {
    const gradient = given[index];
    if (!isNode(parameter.node, "register"))
      throw new AdjointError(
        "graph",
        kind,
        `${parameter} is not a register`,
        "Only registers can be updated.",
      );
    if (gradient !== undefined && !equalTypes(parameter.type, gradient.type))
      throw new AdjointError("shape", kind, `the gradient of ${parameter} is ${gradient}`);
  });
}

function clip(config: OptimizerConfig, given: readonly Tensor[]): readonly Tensor[] {
  const bounded = config.clipValue === undefined ? given : clipByValue(given, config.clipValue);
  return config.clipNorm === undefined ? bounded : clipByGlobalNorm(bounded, config.clipNorm);
}

/** Scalars that a parameter's update needs. */
interface RateScalars<S extends string> {
  readonly rate: Tensor;
  readonly scalars: Tensors<S>;
}
type ScalarsFor<S extends string> = (options: ParameterOptions, dtype: DType) => RateScalars<S>;

/** Scalars made once for each pair of learning rate and dtype. */
function scalarCache<C extends OptimizerConfig, M extends string, S extends string>(
  rule: UpdateRule<C, M, S>,
  config: C,
  counter: Tensor,
): ScalarsFor<S> {
  const made: { readonly source: unknown; readonly dtype: DType; readonly result: RateScalars<S> }[] = [];
  return ({ learningRate = config.learningRate }, dtype) => {
    const known = made.find((entry) => entry.source === learningRate && entry.dtype === dtype);
    if (known !== undefined) return known.result;
    const step = counter.cast(dtype);
    const rate = rateAt(learningRate, step, dtype);
    const result = { rate, scalars: rule.scalars({ config, rate, time: step.add(1) }) };
    made.push({ source: learningRate, dtype, result });
    return result;
  };
}

/** A parameter that is to be updated. */
interface Job {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly options: ParameterOptions;
}

function updateOne<C extends OptimizerConfig, M extends string, S extends string>(
  rule: UpdateRule<C, M, S>,
  config: C,
  scalarsFor: ScalarsFor<S>,
  { parameter: target, gradient: raw, options }: Job,
): readonly Update[] {
  const { name, dtype, shape } = registerOf(target);
  // 16-bit floats are updated in f32, and their moments stay in f32.
  const work = workingType(dtype);
  const { rate, scalars } = scalarsFor(options, work);
  const decay = options.weightDecay ?? config.weightDecay;
  const [parameter, gradient] = [target.cast(work), raw.cast(work)];
  const decoupled = rule.decoupledDecay === true;
  // Object.entries widens the names of moments to string.
  const entries = Object.entries(rule.moments) as [M, (config: C) => number][];
  const moments = entries.map(([moment, initial]): readonly [M, Tensor] => [
    moment,
    register(`${config.name}.${name}.${moment}`, work, shape, {
      initial: { kind: "constant", value: initial(config) },
      trainable: false,
    }),
  ]);
  const result = rule.step({
    config,
    scalars,
    parameter: decay > 0 && decoupled ? parameter.mul(rate.mul(-decay).add(1)) : parameter,
    gradient: decay > 0 && !decoupled ? gradient.add(parameter.mul(decay)) : gradient,
    // The entries are all of the rule's moments.
    moments: Object.fromEntries(moments) as Tensors<M>,
  });
  if (!equalTypes(result.parameter.type, parameter.type)) {
    throw new AdjointError(
      "shape",
      rule.kind,
      `parameter "${name}" is ${typeText(parameter.type)} and its update is ${result.parameter}`,
    );
  }
  return [
    { register: target, next: result.parameter.cast(dtype) },
    ...moments.map(([moment, tensor]) => ({
      register: tensor,
      next: flushSubnormal(result.moments[moment]),
    })),
  ];
}
