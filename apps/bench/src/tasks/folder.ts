import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import type { Arrays } from "./arrays.ts";

/** Writes each array to `<name>.<type>` in a folder: the same bytes for every contestant. */
function writeArrays(folder: string, arrays: Arrays): void {
  for (const [name, data] of Object.entries(arrays))
    writeFileSync(join(folder, `${name}.${data instanceof Float32Array ? "f32" : "i32"}`), data);
}

function readArray(path: string): Float32Array | Int32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer; // Node's file buffers are never shared.
  return path.endsWith(".f32") ? new Float32Array(bytes) : new Int32Array(bytes);
}

/** The arrays that are in a folder, each in a file of its own. */
export const readArrays = (folder: string): Arrays =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((file) => /\.(f32|i32)$/.test(file))
      .map((file) => [parse(file).name, readArray(join(folder, file))]),
  );

/** The file of our compiled program, beside the arrays. */
export const artifactIn = (folder: string): string => join(folder, "main.adjoint");

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
