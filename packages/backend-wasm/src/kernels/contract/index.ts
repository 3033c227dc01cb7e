export { type Contraction, emitContraction, regionsOf, workspaceBytes } from "./emit.ts";
export { type EmittedEpilogue, type Epilogue, denseEpilogue } from "./epilogue/epilogue.ts";
export { type SumType, sumTypeOf } from "./lane.ts";
export { READ_SLACK } from "./plan.ts";
export type { PlanOptions } from "./sizes.ts";
export type { Split } from "../../share.ts";
