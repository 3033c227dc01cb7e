/** Milliseconds of working with fewer threads after the first disappointment, and at most. */
const [FIRST_PAUSE, MOST_PAUSE] = [25, 3200];
/** Waiting that is borne, as a share of a run, and in milliseconds. */
const [BORNE_SHARE, BORNE] = [0.1, 0.3];

/**
 * Decides the number of threads that a run gets. On a machine with other work, workers are stopped in the middle of what they
 * have taken, and the owner waits for them: then the next runs get half the threads, down to the owner alone, for a while that
 * doubles each time. The owner alone also leaves the other workers asleep, which else take its time by looking for work.
 */
export class Pace {
  readonly #most: number;
  #threads: number;
  #pause = FIRST_PAUSE;
  /** When there may be more threads again. */
  #until = 0;
  /** Milliseconds of runs on several threads since the last disappointment. */
  #good = 0;

  /** @param most threads of a run. */
  constructor(most: number) {
    this.#most = most;
    this.#threads = most;
  }

  /** Threads for a run that begins now, in milliseconds. */
  threads(now: number): number {
    if (this.#threads < this.#most && now >= this.#until) {
      this.#threads = Math.min(this.#most, this.#threads * 2);
      this.#until = now + this.#pause;
      this.#good = 0;
    }
    return this.#threads;
  }

  /** The times of a run on several threads: all of it, and the part spent waiting for workers, in milliseconds. */
  tell(now: number, took: number, waited: number): void {
    if (waited > BORNE && waited > BORNE_SHARE * took) {
      this.#threads = Math.max(1, this.#threads >> 1);
      this.#until = now + this.#pause;
      this.#pause = Math.min(MOST_PAUSE, 2 * this.#pause);
      this.#good = 0;
      return;
    }
    this.#good += took;
    if (this.#good < this.#pause) return;
    this.#good = 0;
    this.#pause = Math.max(FIRST_PAUSE, this.#pause / 2);
  }
}
