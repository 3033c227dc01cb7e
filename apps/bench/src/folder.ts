import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Arrays, writeArrays } from "./arrays.ts";

/** Runs something beside the files of its data, which go afterwards. */
export async function inFolder<T>(arrays: Arrays, action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-"));
  try {
    writeArrays(folder, arrays);
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
