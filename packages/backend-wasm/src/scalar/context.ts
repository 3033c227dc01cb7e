import type { MathLibrary } from "../math/library.ts";
import type { Scope } from "./helpers.ts";

/** The tools that element code is written with. */
export interface Context extends Scope {
  readonly math: MathLibrary;
}
