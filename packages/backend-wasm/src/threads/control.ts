/**
 * Words of memory through which threads find each other, as byte addresses. What is written often has a cache line of its
 * own.
 */
export const control = {
  /**
   * 64 bits: the number of the job, then the first of its parts that nobody has taken, then the one behind the last. The
   * owner takes parts from the front, workers from the back.
   */
  job: 64,
  /** Parts of the job that workers have done: the owner sleeps on it. */
  done: 128,
  /** Whose job it is; only written while no part is left. */
  program: 192,
  /** The index of the kernel in the program; likewise. */
  kernel: 196,
  /** The number of threads that may take parts, the owner included. */
  active: 200,
  /** 1 where runs follow each other closely: then workers are woken for small kernels too, and find the next one awake. */
  eager: 204,
  /** Messages posted so far. */
  messages: 256,
  /** 1 once a worker has failed: nobody waits any more. */
  broken: 260,
  /** 1 where the owner may sleep; a page's own thread may not. */
  mayWait: 264,
  /** 1 while the owner sleeps. */
  ownerSleeps: 320,
  /** Milliseconds, as f64, that the owner has waited for late workers. */
  stalled: 384,
  /** Parts that workers have done in all. */
  helped: 392,
  /** 1 for each worker that sleeps, a word each from here on: it sleeps on it. */
  asleep: 448,
  /** Messages that each worker has read, a word each from here on. */
  received: 704,
} as const;

/** Parts of a job, at most. */
export const MOST_PARTS = 64;

/** Threads that the words have room for. */
export const MOST_THREADS = 64;

/** The first address that programs may use. */
export const CONTROL_END: number = control.received + 4 * MOST_THREADS;

/** Name of the function that programs export for workers. */
export const WORK = "work";
