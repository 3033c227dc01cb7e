import { parseSettings, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import type { Callback, StepInfo } from "../callback.ts";

/** A step, and how fast the training is. */
export interface ProgressReport extends StepInfo {
  /** Over the last seconds; 0 until it is known, which takes two steps. */
  readonly examplesPerSecond: number;
  /** To the end of the last epoch at this speed, without validation; Infinity until the speed is known. */
  readonly secondsLeft: number;
}

/** Options of `progress`. */
export interface ProgressOptions {
  /** Steps of an epoch from one report to the next, 1 by default; the last step of an epoch is always reported. */
  readonly every?: number | undefined;
}

const optionsSchema = strictObject({
  every: withDefault(whole(1), 1),
});

/**
 * Calls `report` with the step, the speed and the time that is left.
 * @example progress((at) => console.log(stepLine(at)), { every: 100 })
 */
export function progress(report: (at: ProgressReport) => void, options: ProgressOptions = {}): Callback {
  const { every } = parseSettings("progress", optionsSchema, options);
  const speed = new Speed();
  return {
    // The time between two epochs is validation.
    onEpochBegin: () => speed.pause(),
    onStep(info, { examples }) {
      const examplesPerSecond = speed.add(info.examples);
      const { epoch, epochs, batch, batches } = info;
      if (batch % every !== 0 && batch !== batches) return;
      const left = examples * (epochs - epoch + (batches - batch) / batches);
      report({ ...info, examplesPerSecond, secondsLeft: left === 0 ? 0 : left / examplesPerSecond });
    },
  };
}

/** A step as a line: `Epoch [1/10], Step [100/600], Loss: 0.1234`. */
export const stepLine = ({ epoch, epochs, batch, batches, loss }: StepInfo): string =>
  `Epoch [${epoch}/${epochs}], Step [${batch}/${batches}], Loss: ${loss.toFixed(4)}`;

/** The time over which the speed is averaged, in seconds: long enough to be calm, short enough to follow. */
const MEMORY = 5;

/** Examples per second, as an average that fades with time. */
class Speed {
  #last: number | undefined;
  #examples = 0;
  #seconds = 0;

  /** The time until the next step doesn't count, nor does that step: it may wait for a compiler. */
  pause(): void {
    this.#last = undefined;
  }

  add(examples: number): number {
    const now = performance.now();
    if (this.#last !== undefined) {
      const seconds = (now - this.#last) / 1000;
      const kept = Math.exp(-seconds / MEMORY);
      this.#examples = this.#examples * kept + examples;
      this.#seconds = this.#seconds * kept + seconds;
    }
    this.#last = now;
    return this.#seconds > 0 ? this.#examples / this.#seconds : 0;
  }
}
