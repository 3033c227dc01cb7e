import { boolean, optional, parseSettings, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import type { Callback, FitContext } from "../callback.ts";
import { type Checkpoint, encodeCheckpoint } from "../checkpoint.ts";
import { firstNotFinite } from "../finite.ts";

/** Options of `checkpoints`. */
export interface CheckpointsOptions {
  /** Steps from one checkpoint to the next; none within an epoch by default. */
  readonly every?: number | undefined;
  /** Whether to make one after each epoch, true by default. */
  readonly eachEpoch?: boolean | undefined;
}

const optionsSchema = strictObject({
  every: optional(whole(1)),
  eachEpoch: withDefault(boolean("must be true or false"), true),
});

/** A `checkpoints` callback and what it made. */
export interface Checkpoints extends Callback {
  /** The progress of the training at the last checkpoint that was written; undefined before the first. */
  readonly written: { readonly epoch: number; readonly step: number } | undefined;
}

/** The destination of checkpoints. */
export interface CheckpointStore {
  /** Called before the training's first step. */
  begin?(): void | Promise<void>;
  /** Stores the bytes of a safetensors file; the training waits for it. */
  write(bytes: Uint8Array, checkpoint: Checkpoint): void | Promise<void>;
}

/**
 * Makes a checkpoint every n steps, after each epoch, and when the training ends (also by an abort), unless nothing
 * happened since the last. It runs after all other callbacks, wherever it stands, so that it has what they keep.
 *
 * A checkpoint that a training can't go on from never replaces a good one. A step's loss belongs to the weights before its update, so
 * the registers themselves are looked at: where one is not finite nothing is written, and the training ends with the name of
 * the register. Nothing is written either where the loss is not finite.
 * @param store where they go; a function is its `write`.
 */
export function checkpoints(
  store: CheckpointStore | CheckpointStore["write"],
  options: CheckpointsOptions = {},
): Checkpoints {
  const { every, eachEpoch } = parseSettings("checkpoints", optionsSchema, options);
  const { begin, write }: CheckpointStore = typeof store === "function" ? { write: store } : store;
  let written: { readonly epoch: number; readonly step: number } | undefined;
  let finite = true;
  const make = async (context: FitContext): Promise<void> => {
    if (!finite) return;
    const checkpoint = await context.checkpoint();
    // Epochs tell a finished epoch from its last step.
    const { epoch, step } = checkpoint.progress;
    if (written?.epoch === epoch && written.step === step) return;
    const bad = firstNotFinite(checkpoint.registers, context.registers);
    if (bad !== undefined) {
      const last = written === undefined ? "None was written before" : `The last is of step ${written.step}`;
      context.stop(
        `Register "${bad}" is not finite after step ${step}, so no checkpoint was written. ${last}.`,
      );
      return;
    }
    await write(encodeCheckpoint(checkpoint), checkpoint);
    written = { epoch, step };
  };
  return {
    runsLast: true,
    get written() {
      return written;
    },
    onTrainBegin() {
      written = undefined;
      finite = true;
      return begin?.();
    },
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
