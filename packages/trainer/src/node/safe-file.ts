import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AdjointError } from "@adjoint/ir";
import { removeStaleTemporaries, temporaryOf } from "./temporaries.ts";

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, to the disk (fsync), then renamed. A
 * process that dies leaves the file as it was; what it left of a temporary file, the next writing removes. Folders on the way
 * are made.
 * @throws AdjointError naming the file and what the file system said, such as that the disk is full.
 */
export async function writeFileSafely(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryOf(path);
  try {
    await mkdir(folder, { recursive: true });
    await removeStaleTemporaries(path);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new AdjointError(
      "state",
      path,
      `can't be written: ${error instanceof Error ? error.message : String(error)}`,
      "The file is as it was before.",
    );
  }
  await syncFolder(folder);
}

/** Puts the new name on the disk too, where the system can open a folder (Windows can't). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
