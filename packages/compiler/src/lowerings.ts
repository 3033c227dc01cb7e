import { type Parts, partOf } from "./parts.ts";

/** Lowering of operations that only some graphs have, by what they are. It is loaded when a graph first has one. */
export interface LoweringModules {
  /** Convolutions, sums of windows, and paddings between elements, which those become. */
  readonly windows: typeof import("./lower-windows.ts");
  /** Running sums, scatter, sort, loops and branches. */
  readonly ordered: typeof import("./lower-ordered.ts");
}

export type Lowering = keyof LoweringModules;
/** What has been loaded. */
export type Lowerings = Parts<LoweringModules>;

/** A lowering that has been loaded. */
export const loweringOf = <L extends Lowering>(lowerings: Lowerings, name: L): LoweringModules[L] =>
  partOf<LoweringModules, L>("compile", lowerings, name);
