import { z } from "zod";
import type { Callback, FitContext } from "../callback.ts";
import { type Checkpoint, encodeCheckpoint } from "../checkpoint.ts";
import { parseOptions } from "../options.ts";

/** What `checkpoints` takes. */
export interface CheckpointsOptions {
  /** Steps from one checkpoint to the next; none within an epoch by default. */
  readonly every?: number | undefined;
  /** Whether to make one after each epoch, true by default. */
  readonly eachEpoch?: boolean | undefined;
}

const optionsSchema = z.strictObject({
  every: z.int("must be a whole number ≥ 1").min(1, "must be a whole number ≥ 1").optional(),
  eachEpoch: z.boolean("must be true or false").default(true),
});

/**
 * Makes a checkpoint every n steps, after each epoch, and when the training ends (also by an abort), unless nothing
 * happened since the last. None is made where the loss is not finite: it would take the place of a good one. Give it before callbacks that change weights in `onTrainEnd`, and after those whose state it is
 * to hold up to date.
 * @param write stores the bytes of a safetensors file; the training waits for it.
 */
export function checkpoints(
  write: (bytes: Uint8Array, checkpoint: Checkpoint) => void | Promise<void>,
  options: CheckpointsOptions = {},
): Callback {
  const { every, eachEpoch } = parseOptions("checkpoints", optionsSchema, options);
  // Where the last checkpoint was made; epochs tell a finished epoch from its last step.
  let last = "";
  let finite = true;
  const make = async (context: FitContext): Promise<void> => {
    if (!finite) return;
    const checkpoint = await context.checkpoint();
    const { epoch, step } = checkpoint.progress;
    if (last === `${epoch} ${step}`) return;
    last = `${epoch} ${step}`;
    await write(encodeCheckpoint(checkpoint), checkpoint);
  };
  return {
    onStep({ step, loss }, context) {
      finite = Number.isFinite(loss);
      return every !== undefined && step % every === 0 ? make(context) : undefined;
    },
    onEpochEnd({ validation }, context) {
      finite &&= validation === undefined || Number.isFinite(validation.loss);
      return eachEpoch ? make(context) : undefined;
    },
    onTrainEnd: make,
  };
}
