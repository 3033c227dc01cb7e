import type { Callee } from "../emit/index.ts";

/** A kernel in units that come out the same whoever computes them, so that threads may take ranges of them. */
export interface Ranged {
  /** Computes the units from the first to before the second. */
  readonly callee: Callee<readonly ["i32", "i32"], "void">;
  readonly units: number;
  /** About how many scalar additions the whole kernel is worth. */
  readonly cost: number;
  /** Runs once all units are done, and joins their partial results. */
  readonly joins?: Ranged;
}
