import { Tensor, constant } from "@adjoint/ir";
import { at } from "@adjoint/ir/values";
import {
  type Schema,
  array,
  checked,
  nonNegative,
  parseSettings,
  positive,
  refine,
  strictObject,
  whole,
  withDefault,
} from "@adjoint/ir/schema";

/**
 * A learning rate that follows the training, as graph.
 * @param step the number of updates done before this one, a float scalar: 0 for the first update.
 * @returns the rate of this update, a float scalar.
 */
export type Schedule = (step: Tensor) => Tensor;

/** A start of a schedule: the rate that is given, or another schedule. */
export type RateOrSchedule = number | Schedule;

const steps = whole(1);

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  const value = parseSettings("constantRate", nonNegative, rate);
  return (step) => constant(value, step.dtype);
}

/** Settings of the decays that multiply by `factor` once per `every` updates. */
export interface DecayOptions {
  readonly initial: number;
  readonly factor: number;
  /** Updates from one multiplication to the next. */
  readonly every: number;
}

const decayOptions: Schema<DecayOptions> = strictObject({
  initial: nonNegative,
  factor: positive,
  every: steps,
});

/** initial·factor^⌊step / every⌋: a staircase. */
export function stepDecay(options: DecayOptions): Schedule {
  const { initial, factor, every } = parseSettings("stepDecay", decayOptions, options);
  return (step) => constant(factor, step.dtype).pow(step.div(every).floor()).mul(initial);
}

/** initial·factor^(step / every): the same decay without stairs. */
export function exponentialDecay(options: DecayOptions): Schedule {
  const { initial, factor, every } = parseSettings("exponentialDecay", decayOptions, options);
  return (step) => constant(factor, step.dtype).pow(step.div(every)).mul(initial);
}

/** Settings of `cosineDecay`. */
export interface CosineOptions {
  readonly initial: number;
  /** The rate from `steps` on, 0 by default. */
  readonly final?: number | undefined;
  /** Updates from `initial` to `final`. */
  readonly steps: number;
}

const cosineOptions = strictObject({ initial: nonNegative, final: withDefault(nonNegative, 0), steps });

/**
 * final + ½(initial − final)(1 + cos(π·min(step, steps) / steps)).
 * Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), equation 5.
 */
export function cosineDecay(options: CosineOptions): Schedule {
  const { initial, final, steps: span } = parseSettings("cosineDecay", cosineOptions, options);
  return (step) =>
    step
      .min(span)
      .mul(Math.PI / span)
      .cos()
      .add(1)
      .mul((initial - final) / 2)
      .add(final);
}

/** Settings of `piecewise`. */
export interface PiecewiseOptions {
  /** Steps, rising, at which the next rate begins. */
  readonly boundaries: readonly number[];
  /** One rate more than there are boundaries. */
  readonly rates: readonly number[];
}

const piecewiseOptions: Schema<PiecewiseOptions> = checked(
  strictObject({ boundaries: array(steps), rates: array(nonNegative) }),
  refine(
    ({ boundaries, rates }) => rates.length === boundaries.length + 1,
    "rates must be one more than boundaries",
  ),
  refine(
    ({ boundaries }) => boundaries.every((boundary, index) => boundary > (boundaries[index - 1] ?? 0)),
    "boundaries must rise",
  ),
);

/** `rates[i]` before step `boundaries[i]`, the last rate from the last boundary on. */
export function piecewise(options: PiecewiseOptions): Schedule {
  const { boundaries, rates } = parseSettings("piecewise", piecewiseOptions, options);
  return (step) =>
    boundaries.reduceRight<Tensor>(
      (later, boundary, index) => step.less(boundary).where(at(rates, index), later),
      constant(at(rates, -1), step.dtype),
    );
}

/**
 * Rises in equal stairs over the first `count` updates, from 1/count of the rate to all of it, and then follows
 * `after`, whose step 0 is update `count`. Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2.
 */
export function warmUp(after: RateOrSchedule, count: number): Schedule {
  const span = parseSettings("warmUp", steps, count);
  const schedule = typeof after === "number" ? constantRate(after) : after;
  return (step) => schedule(step.sub(span).max(0)).mul(step.add(1).div(span).min(1));
}
