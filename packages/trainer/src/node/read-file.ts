import { open, stat } from "node:fs/promises";
import { AdjointError } from "@adjoint/ir";

/** The most that the system reads at once. */
const PART = 2 ** 30;

/**
 * Reads a file whole, also one above the 2 GiB that Node's own `readFile` takes.
 * @throws AdjointError naming the file, if it can't be read or is not a file (a folder, a pipe, a device).
 */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  try {
    // Before it is opened: opening a pipe would wait for a writer.
    if (!(await stat(path)).isFile()) throw new Error("it is no file");
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size;) {
        const { bytesRead } = await file.read(bytes, at, Math.min(PART, size - at), at);
        if (bytesRead === 0) throw new Error(`it ended after ${at} of ${size} bytes`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new AdjointError(
      "state",
      path,
      `can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
