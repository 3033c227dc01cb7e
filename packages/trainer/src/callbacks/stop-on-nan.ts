import { optional, parseSettings, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import type { Callback } from "../callback.ts";
import { notFinite } from "../finite.ts";

/** Options of `stopOnNaN`. */
export interface StopOnNaNOptions {
  /** Steps from one look at the loss to the next, 1 by default. */
  readonly every?: number | undefined;
  /** Steps from one look at the registers to the next, whatever the loss is; none by default. Each look copies them all. */
  readonly registers?: number | undefined;
}

/** The step at which numbers went bad. */
export interface BadNumbers {
  /** The step after which it was seen. */
  readonly step: number;
  /** The loss of that step. */
  readonly loss: number;
  /** The first register, in the order of the program, that has NaN or an infinity; none if only the loss is bad. */
  readonly register: string | undefined;
}

/** A `stopOnNaN` callback and what it found. */
export interface StopOnNaN extends Callback {
  readonly found: BadNumbers | undefined;
}

const optionsSchema = strictObject({
  every: withDefault(whole(1), 1),
  registers: optional(whole(1)),
});

/**
 * Ends the training when numbers go bad, and names the step and the registers that are not finite. The loss is a number that
 * the step gave anyway, but it belongs to the weights before the update: it shows a step later that an update went bad, when
 * the next has spread it. `registers: 1` finds the very step and the register where it came first, for a copy of all
 * registers a step.
 */
export function stopOnNaN(options: StopOnNaNOptions = {}): StopOnNaN {
  const { every, registers } = parseSettings("stopOnNaN", optionsSchema, options);
  let found: BadNumbers | undefined;
  return {
    get found() {
      return found;
    },
    onTrainBegin() {
      found = undefined;
    },
    async onStep({ step, loss }, context) {
      const badLoss = step % every === 0 && !Number.isFinite(loss);
      if (!badLoss && (registers === undefined || step % registers !== 0)) return;
      const bad = notFinite(await context.state(), context.registers);
      if (!badLoss && bad.length === 0) return;
      found = { step, loss, register: bad[0] };
      context.stop(`The loss is ${loss} at step ${step}. ${whereText(bad)}.`);
    },
  };
}

function whereText([first, ...others]: readonly string[]): string {
  if (first === undefined) return "All registers are finite still";
  const all = others.length === 0 ? "" : ` (of ${others.length + 1})`;
  return `The first register that is not finite is "${first}"${all}`;
}
