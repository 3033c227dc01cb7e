/**
 * Words of memory through which threads find each other, as byte addresses. What is written often has a cache line of its
 * own.
 */
export const control = {
  /** Grows with every step and message: idle workers sleep on it. */
  events: 64,
  /** Number of steps so far. */
  steps: 68,
  /** Which function the last step runs. */
  code: 72,
  /** Messages posted so far. */
  messages: 76,
  /** Workers that sleep for want of a step. */
  sleepers: 80,
  /** Threads that have reached the present barrier. */
  arrived: 128,
  /** Barriers so far: threads sleep on it. */
  turn: 192,
  /** Threads that sleep in the barrier. */
  waiting: 256,
  /** 1 once a worker has failed: nobody waits any more. */
  broken: 320,
  /** 1 where the first thread may sleep; a page's own thread may not. */
  mayWait: 324,
  /** Messages that each worker has read, a word each from here on. */
  received: 384,
} as const;

/** Threads that the words have room for. */
export const MOST_THREADS = 64;

/** Where the memory of programs may begin. */
export const CONTROL_END: number = control.received + 4 * MOST_THREADS;
