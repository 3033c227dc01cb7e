import { type Backend, type Session, type SessionOptions, compile } from "@adjoint/compiler";
import type { DType, Dataset, Fields } from "@adjoint/datasets";
import { AdjointError, type Graph, type State, type TensorValue, registersOf } from "@adjoint/ir";
import { type Declaration, type ModelDeclaration, type Programs, checkPrograms, predictionProgram, trainingPrograms } from "./declaration.ts";
import { type PredictingEntries, type TrainingEntries, evaluateAll, predictAll } from "./evaluate.ts";
import { FitRun, type FitResult, weightNames } from "./fit.ts";
import { type FitOptions, batchSizeSchema, parseOptions } from "./options.ts";

/** A data set with at least the fields that are named. */
export type Examples<N extends string> = Dataset<Fields & { readonly [field in N]: DType }>;

/** What a pass without training takes. */
export interface PassOptions {
  /** Examples computed at a time, 100 by default. */
  readonly batchSize?: number | undefined;
}

/** What a trainer is compiled with. */
export type TrainerOptions = Omit<SessionOptions, "backend"> & { readonly backend: Backend };
