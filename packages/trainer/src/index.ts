export type { Declaration, Field, Measure, Model, ModelDeclaration, Programs } from "./declaration.ts";
export { predictionProgram, trainingPrograms } from "./declaration.ts";
export { type Examples, Trainer, createTrainer } from "./trainer.ts";
export { Predictor, type PredictorOptions, createPredictor } from "./predictor.ts";
export type { FitOptions, PassOptions } from "./options.ts";
export type { FitResult } from "./fit.ts";
export type { DataPlan, EpochRecord, Measures, Progress, StepRecord, Sums, Values } from "./records.ts";
export type { Callback, EpochInfo, FitContext, StepInfo, Stop } from "./callback.ts";
export { type ProgressOptions, type ProgressReport, progress, stepLine } from "./callbacks/progress.ts";
export { type History, type HistoryOptions, history } from "./callbacks/history.ts";
export { type EarlyStopping, type EarlyStoppingOptions, earlyStopping } from "./callbacks/early-stopping.ts";
export {
  type BadNumbers,
  type StopOnNaN,
  type StopOnNaNOptions,
  stopOnNaN,
} from "./callbacks/stop-on-nan.ts";
export {
  type CheckpointStore,
  type Checkpoints,
  type CheckpointsOptions,
  checkpoints,
} from "./callbacks/checkpoints.ts";
export { type CallbackState, type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
export { type FilePlace, SafetensorsError } from "./safetensors/error.ts";
export { type Safetensors, decodeSafetensors } from "./safetensors/read.ts";
export { type Metadata, encodeSafetensors } from "./safetensors/write.ts";
