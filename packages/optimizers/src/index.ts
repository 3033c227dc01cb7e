export type { OptimizerConfig, OptimizerOptions, ParameterFilter, ParameterOptions } from "./config.ts";
export type { LearningRate } from "./learning-rate.ts";
export {
  type CosineOptions,
  type DecayOptions,
  type PiecewiseOptions,
  type RateOrSchedule,
  type Schedule,
  constantRate,
  cosineDecay,
  exponentialDecay,
  piecewise,
  stepDecay,
  warmUp,
} from "./schedule.ts";
export { clipByGlobalNorm, clipByValue, globalNorm } from "./clip.ts";
export { parametersOf } from "./parameters.ts";
export {
  type Optimizer,
  type ScalarContext,
  type Step,
  type StepContext,
  type Tensors,
  type UpdateRule,
  makeOptimizer,
} from "./optimizer.ts";
export { type MomentumConfig, type MomentumOptions, momentum, nesterov, sgd } from "./methods/sgd.ts";
export {
  type AdaDeltaOptions,
  type AdaGradConfig,
  type AdaGradOptions,
  type DecayingConfig,
  type RmsPropOptions,
  adaDelta,
  adaGrad,
  rmsProp,
} from "./methods/adaptive.ts";
export { type AdamConfig, type AdamOptions, adam, adamW } from "./methods/adam.ts";
export {
  type DeltaRuleOptions,
  type ErrorRuleOptions,
  type HebbOptions,
  deltaRule,
  hebb,
  perceptronRule,
} from "./rules.ts";
