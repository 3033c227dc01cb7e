/** The report of an index out of range, before the first buffer, as byte offsets. */
export const FAULT = {
  /** Number of the lookup, plus 1. */
  lookup: 0,
  /** 1 once a thread has begun to write. */
  lock: 4,
  /** The index, in 8 bytes. */
  index: 8,
} as const;
export const FAULT_BYTES = 64;
