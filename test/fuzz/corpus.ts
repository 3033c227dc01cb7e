import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Graph, parse, print } from "@adjoint/ir";
import { composites } from "@adjoint/ir/graph";
import { type DType, dtypeInfo, dtypes, elementCount, tensorValue } from "@adjoint/ir/values";
import type { FuzzCase } from "./fuzz-case.ts";

/** Where every failure that was ever found is kept. */
const folder: string = join(import.meta.dirname, "corpus");

/** A case with what it showed. */
export interface Kept {
  readonly name: string;
  /** The fault, and where it was found. */
  readonly found: string;
  /** A fault that is known and not repaired yet: the case is not run. */
  readonly known?: string | undefined;
  readonly item: FuzzCase;
}

interface Feed {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The elements' bytes, little-endian. */
  readonly base64: string;
}

interface File {
  readonly found: string;
  readonly known?: string;
  /** Lines of the graphs' text. */
  readonly entries: { readonly [name: string]: readonly string[] };
  readonly runs: readonly { readonly entry: string; readonly feeds: { readonly [name: string]: Feed } }[];
}

const isType = (name: string): name is DType => dtypes.some((dtype) => dtype === name);

/** A case as the text of a file. */
export function written({ found, known, item }: Omit<Kept, "name">): string {
  const file: File = {
    found,
    ...(known !== undefined && { known }),
    entries: Object.fromEntries(
      Object.entries(item.entries).map(([name, graph]) => [
        name,
        print(graph, { constants: "full" }).split("\n"),
      ]),
    ),
    runs: item.runs.map(({ entry, feeds }) => ({
      entry,
      feeds: Object.fromEntries(
        Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
          name,
          {
            dtype,
            shape,
            base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
          },
        ]),
      ),
    })),
  };
  return `${JSON.stringify(file, undefined, 1)}\n`;
}

/** A case from the text of a file that `written` made. */
export function readKept(name: string, text: string): Kept {
  // The folder holds only files that were written by `written`, and parsing checks the graphs.
  const file = JSON.parse(text) as File;
  const entries: { [name: string]: Graph } = {};
  for (const [entry, lines] of Object.entries(file.entries))
    entries[entry] = parse(lines.join("\n"), { composites });
  const runs = file.runs.map(({ entry, feeds }) => ({
    entry,
    feeds: Object.fromEntries(
      Object.entries(feeds).map(([input, { dtype, shape, base64 }]) => {
        if (!isType(dtype)) throw new Error(`${name}: ${dtype} is not an element type`);
        const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
        return [
          input,
          tensorValue(dtype, shape, new dtypeInfo[dtype].array(bytes.buffer, 0, elementCount(shape))),
        ];
      }),
    ),
  }));
  return { name, found: file.found, known: file.known, item: { entries, runs } };
}

/** All cases of the folder, by name. */
export const keptCases = (): readonly Kept[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".case"))
    .toSorted()
    .map((name) => readKept(name.slice(0, -5), readFileSync(join(folder, name), "utf8")));

/** Writes a case into the folder. */
export function keep({ name, ...rest }: Kept): string {
  const path = join(folder, `${name}.case`);
  writeFileSync(`${path}.new`, written(rest));
  renameSync(`${path}.new`, path);
  return path;
}
