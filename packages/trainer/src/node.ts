import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { AdjointError, type State } from "@adjoint/ir";
import {
  type Callback,
  type Checkpoint,
  type CheckpointsOptions,
  type Metadata,
  type Safetensors,
  checkpoints,
  decodeCheckpoint,
  decodeSafetensors,
  encodeSafetensors,
} from "./index.ts";

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, to the disk (fsync), then renamed. A
 * process that dies leaves the file as it was. Folders on the way are made.
 * @throws what the file system throws.
 */
export async function writeFileSafely(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Puts the new name on the disk too, where the system can open a folder (Windows can't). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Writes tensors (such as `await trainer.weights()`) as a safetensors file. */
export const saveSafetensors = (path: string, tensors: State, metadata: Metadata = {}): Promise<void> =>
  writeFileSafely(path, encodeSafetensors(tensors, metadata));

/** Reads a safetensors file. @throws AdjointError naming the file, and the byte or tensor where it is broken. */
export const loadSafetensors = (path: string): Promise<Safetensors> => load(path, decodeSafetensors);

/** Reads a checkpoint, for `fit({ resume })`. @throws AdjointError naming the file and what is wrong with it. */
export const loadCheckpoint = (path: string): Promise<Checkpoint> => load(path, decodeCheckpoint);

/** A callback that keeps the last checkpoint in a file (see `checkpoints`), each over the one before, safely. */
export const checkpointFile = (path: string, options: CheckpointsOptions = {}): Callback =>
  checkpoints((bytes) => writeFileSafely(path, bytes), options);

async function load<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new AdjointError(
      "state",
      path,
      `can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof AdjointError) throw new AdjointError(error.code, path, error.message);
    throw error;
  }
}
