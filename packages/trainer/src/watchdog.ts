import { AdjointError } from "@adjoint/ir";
import type { Callback } from "./callback.ts";

/**
 * Ends the wait for a training that was asked to stop and doesn't: a callback that never comes back, a device that hangs.
 * Costs nothing before the signal aborts.
 */
export class Watchdog {
  readonly #patience: number;
  readonly #signal: AbortSignal | undefined;
  #doing = "the training";
  #callback: Callback | undefined;
  #signs = 0;
  #over = false;

  /** @param patience milliseconds without a sign of life after which an aborted training is given up. */
  constructor(signal: AbortSignal | undefined, patience: number) {
    this.#signal = signal;
    this.#patience = patience;
  }

  /** A sign of life. @param doing what is waited for from now on: a hook of `callback`, if there is one. */
  at(doing: string, callback?: Callback): void {
    this.#doing = doing;
    this.#callback = callback;
    this.sign();
  }

  /** A sign of life of what is waited for. */
  sign(): void {
    // A training that was given up must not go on when its callback comes back after all.
    if (this.#over) throw new AdjointError("state", "fit", "was given up before");
    this.#signs++;
  }

  /** The result of `run`. @throws AdjointError naming the call that did not come back after an abort. */
  watch<T>(run: () => Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (signal === undefined) return run();
    return new Promise<T>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const wait = (): void => {
        const seen = this.#signs;
        timer = setTimeout(() => {
          if (this.#signs !== seen) return wait();
          this.#over = true;
          return reject(this.#error());
        }, this.#patience);
      };
      if (signal.aborted) wait();
      else signal.addEventListener("abort", wait, { once: true });
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wait);
      };
      run().then(resolve, reject).finally(end);
    });
  }

  #error(): AdjointError {
    const { name = "without a name" } = this.#callback ?? {};
    const of = this.#callback === undefined ? "" : ` of callback ${name}`;
    return new AdjointError(
      "state",
      "fit",
      `was asked to stop, and ${this.#doing}${of} has not come back for ${this.#patience / 1000} s`,
      "The training was given up there; its registers are those of its last step.",
    );
  }
}
