import type { MathLibrary } from "../math/library.ts";
import type { Scope } from "./helpers.ts";

/** What element code is written with. */
export interface Context extends Scope {
  readonly math: MathLibrary;
}
