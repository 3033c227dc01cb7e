export { emitContraction, workspaceBytes } from "./contraction.ts";
export { type EmittedEpilogue, type Epilogue, denseEpilogue } from "./epilogue.ts";
export { type SumType, sumTypeOf } from "./lane.ts";
export { type PlanOptions, READ_SLACK, type Split } from "./plan.ts";
