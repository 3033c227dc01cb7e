import { AdjointError } from "@adjoint/ir/values";
import { MOST_THREADS } from "./control.ts";

/** Scalar operations from which on a kernel is shared among threads: some 30 µs. */
export const SHARE_FROM: number = 1 << 18;

/** @throws AdjointError for a number of threads that no pool can have. */
export function checkThreads(operation: string, threads: number): void {
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS))
    throw new AdjointError(
      "attribute",
      operation,
      `threads: ${threads} is not a whole number from 1 to ${MOST_THREADS}`,
    );
}
