import { AdjointError, type State } from "@adjoint/ir";
import { readWholeFile } from "./node/read-file.ts";
import { writeFileSafely } from "./node/safe-file.ts";
import { removeStaleTemporaries } from "./node/temporaries.ts";
import {
  type Checkpoint,
  type Checkpoints,
  type CheckpointsOptions,
  type Metadata,
  type Safetensors,
  checkpoints,
  decodeCheckpoint,
  decodeSafetensors,
  encodeSafetensors,
} from "./index.ts";

export { writeFileSafely } from "./node/safe-file.ts";

/** Writes tensors (such as `await trainer.weights()`) as a safetensors file. */
export const saveSafetensors = (path: string, tensors: State, metadata: Metadata = {}): Promise<void> =>
  writeFileSafely(path, encodeSafetensors(tensors, metadata));

/** Reads a safetensors file. @throws AdjointError naming the file, and the byte or tensor if it is broken. */
export const loadSafetensors = (path: string): Promise<Safetensors> => load(path, decodeSafetensors);

/** Reads a checkpoint, for `fit({ resume })`. @throws AdjointError naming the file and what is wrong with it. */
export const loadCheckpoint = (path: string): Promise<Checkpoint> => load(path, decodeCheckpoint);

/**
 * A callback that keeps the last checkpoint in a file (see `checkpoints`), each over the one before, safely. It begins by
 * removing what a run that was killed left of a checkpoint half written.
 */
export const checkpointFile = (path: string, options: CheckpointsOptions = {}): Checkpoints =>
  checkpoints(
    {
      begin: () => removeStaleTemporaries(path),
      write: (bytes) => writeFileSafely(path, bytes),
    },
    options,
  );

async function load<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  const bytes = await readWholeFile(path);
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof AdjointError) throw new AdjointError(error.code, path, error.message);
    throw error;
  }
}
