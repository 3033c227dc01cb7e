import { AdjointError } from "@adjoint/ir";

/**
 * Who has the registers of a trainer. One training runs at a time. While a pass over data reads them, steps and writes wait
 * until it ends: what it measures belongs to one set of weights.
 */
export class Turns {
  #training = false;
  #passes = 0;
  #idle: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #writes = 0;

  /** Begins a training. @returns the function that ends it. @throws AdjointError if a training is under way. */
  train(): () => void {
    if (this.#training) {
      throw new AdjointError(
        "state",
        "fit",
        "a training of this trainer is under way, and two would change each other's weights",
        "Await the first, or abort it by its signal; for another training make another trainer.",
      );
    }
    this.#training = true;
    return () => {
      this.#training = false;
    };
  }

  /** Runs what reads the registers several times and wants them unchanged. */
  async pass<T>(run: () => Promise<T>): Promise<T> {
    this.#passes++;
    this.#idle ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    try {
      return await run();
    } finally {
      if (--this.#passes === 0) {
        this.#wake?.();
        this.#idle = undefined;
      }
    }
  }

  /** Present while a pass is under way; those that want to change registers wait for it. */
  get passes(): Promise<void> | undefined {
    return this.#idle;
  }

  /** Runs what overwrites registers, after the passes under way. */
  async write(run: () => Promise<void>): Promise<void> {
    while (this.#idle !== undefined) await this.#idle;
    this.#writes++;
    await run();
  }

  /** The number of times that registers were overwritten, other than by steps. */
  get writes(): number {
    return this.#writes;
  }
}
