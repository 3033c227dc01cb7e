import { type State, isFloat, toNumbers } from "@adjoint/ir";
import { z } from "zod";
import type { Callback } from "../callback.ts";
import { parseOptions } from "../options.ts";

/** What `stopOnNaN` takes. */
export interface StopOnNaNOptions {
  /** Steps from one look at the loss to the next, 1 by default. */
  readonly every?: number | undefined;
}

/** Where numbers went bad. */
export interface BadNumbers {
  /** The step after which it was seen. */
  readonly step: number;
  /** The loss of that step. */
  readonly loss: number;
  /** The first register, in the order of the program, that has NaN or an infinity; none where only the loss is bad. */
  readonly register: string | undefined;
}

/** A `stopOnNaN` callback and what it found. */
export interface StopOnNaN extends Callback {
  readonly found: BadNumbers | undefined;
}

const optionsSchema = z.strictObject({
  every: z.int("must be a whole number ≥ 1").min(1, "must be a whole number ≥ 1").default(1),
});

/**
 * Ends the training when the loss is NaN or infinite, and names the step and the first register that went bad. The loss
 * is a number that the step gave anyway; registers are looked at only then.
 */
export function stopOnNaN(options: StopOnNaNOptions = {}): StopOnNaN {
  const { every } = parseOptions("stopOnNaN", optionsSchema, options);
  let found: BadNumbers | undefined;
  return {
    get found() {
      return found;
    },
    async onStep({ step, loss }, context) {
      if (step % every !== 0 || Number.isFinite(loss)) return;
      const register = firstBad(await context.state(), [...context.registers.keys()]);
      found = { step, loss, register };
      const where =
        register === undefined
          ? "All registers are finite still"
          : `The first register that is not finite is "${register}"`;
      context.stop(`The loss is ${loss} at step ${step}. ${where}.`);
    },
  };
}

/** The first of the registers that has an element that is no finite number. */
function firstBad(state: State, names: readonly string[]): string | undefined {
  return names.find((name) => {
    const value = state[name];
    return (
      value !== undefined &&
      isFloat(value.dtype) &&
      toNumbers(value).some((element) => !Number.isFinite(element))
    );
  });
}
