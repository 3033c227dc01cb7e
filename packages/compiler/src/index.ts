export { compileProgram } from "./compile-program.ts";
export * from "./kernel/index.ts";
export { type SessionOptions, compile, sharedRegisters } from "./session/compile.ts";
export { type CompiledEntry, type Explanation, type KernelExplanation, explain } from "./session/explain.ts";
export { type Feed, type Feeds, Output } from "./session/feed.ts";
export {
  type Entries,
  type FedShape,
  type Runnable,
  type Runtime,
  Session,
  type StartOptions,
} from "./session/session.ts";
