import type { Callee } from "../emit/index.ts";

/** A kernel in units that come out the same whoever computes them, so that threads may take ranges of them. */
export interface Ranged {
  /** Computes the units from the first to before the second. */
  readonly callee: Callee<readonly ["i32", "i32"], "void">;
  readonly units: number;
  /** Ranges begin at multiples of this, and end at one or at the last unit. */
  readonly grain: number;
}
