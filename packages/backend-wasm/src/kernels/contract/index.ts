export { type Contraction, emitContraction, regionsOf, workspaceBytes } from "./contraction.ts";
export { type EmittedEpilogue, type Epilogue, denseEpilogue } from "./epilogue.ts";
export { type SumType, sumTypeOf } from "./lane.ts";
export { READ_SLACK } from "./plan.ts";
export type { PlanOptions } from "./sizes.ts";
export type { Split } from "../../share.ts";
