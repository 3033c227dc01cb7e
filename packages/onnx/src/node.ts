import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { AdjointError, type Graph } from "@adjoint/ir";
import { type ImportOptions, fromOnnx } from "./from-onnx.ts";

/**
 * Reads a model from a file, with the weights in files beside it.
 * @throws AdjointError as `fromOnnx`, and when the model names a file outside its own folder.
 */
export function readOnnx(path: string, options: Omit<ImportOptions, "externalData"> = {}): Graph {
  const [bytes, folder] = reading(path, () => [readFileSync(path), realpathSync(dirname(resolve(path)))]);
  const externalData = (location: string): Uint8Array => {
    const file = inside(folder, location);
    return reading(location, () => readFileSync(file));
  };
  return fromOnnx(bytes, { ...options, externalData });
}

/** Reads a file. @throws AdjointError with what the system says. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const error = new AdjointError("text", "readOnnx", `can't read "${path}" (${String(cause)})`);
    error.cause = cause;
    throw error;
  }
}

/** The file's path with links followed, so that none leads out of the folder; reading it ends. */
function inside(folder: string, location: string): string {
  const refuse = (problem: string): AdjointError =>
    new AdjointError("text", "readOnnx", `the model keeps data in "${location}", ${problem}`);
  if (isAbsolute(location)) throw refuse("an absolute path");
  let file: string;
  let isFile: boolean;
  try {
    file = realpathSync(resolve(folder, location));
    isFile = statSync(file).isFile();
  } catch {
    throw refuse("which is not there");
  }
  const path = relative(folder, file);
  if (path.startsWith("..") || isAbsolute(path)) throw refuse("which is outside the model's folder");
  // A folder has no bytes, and a pipe may never give any.
  if (!isFile) throw refuse("which is no file");
  return file;
}
