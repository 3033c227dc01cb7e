import { readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { AdjointError, type Graph } from "@adjoint/ir";
import { type ImportOptions, fromOnnx } from "./from-onnx.ts";

/**
 * Reads a model from a file, with the weights in files beside it.
 * @throws AdjointError as `fromOnnx`, and when the model names a file outside its own folder.
 */
export function readOnnx(path: string, options: Omit<ImportOptions, "externalData"> = {}): Graph {
  const folder = realpathSync(dirname(resolve(path)));
  const files = new Map<string, Uint8Array>();
  const externalData = (location: string): Uint8Array => {
    const file = inside(folder, location);
    const bytes = files.get(file) ?? readFileSync(file);
    files.set(file, bytes);
    return bytes;
  };
  return fromOnnx(readFileSync(path), { ...options, externalData });
}

/** The file's path with links followed, so that none leads out of the folder. */
function inside(folder: string, location: string): string {
  const refuse = (problem: string): AdjointError =>
    new AdjointError("text", "readOnnx", `the model keeps data in "${location}", ${problem}`);
  if (isAbsolute(location)) throw refuse("an absolute path");
  let file: string;
  try {
    file = realpathSync(resolve(folder, location));
  } catch {
    throw refuse("which is not there");
  }
  const path = relative(folder, file);
  if (path.startsWith("..") || isAbsolute(path)) throw refuse("which is outside the model's folder");
  return file;
}
