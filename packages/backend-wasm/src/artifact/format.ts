import {
  type Schema,
  array,
  boolean,
  checked,
  int,
  literal,
  maximum,
  minimum,
  nullable,
  object,
  oneOf,
  problemsOf,
  safeParse,
  strictObject,
  string,
  union,
} from "@adjoint/ir/schema";
import { AdjointError, type DType, type Initial, dtypes, initialSchema } from "@adjoint/ir/values";
import type { Lookup } from "../executable.ts";
import { ALL_PAGES } from "../memory-layout.ts";
import { MOST_THREADS } from "../threads/control.ts";
import { checksum } from "./checksum.ts";

/*
 * An artifact is a file of
 *
 *   "adjoint", 2               7 bytes, and one for the version of this layout
 *   checksum                   u32, little-endian: CRC-32C of all that follows
 *   length of the header       u32, little-endian
 *   header                     JSON in UTF-8
 *   data                       code, constants and first values, where the header's sections say; little-endian
 */

/** Bytes of the file's data. */
export interface Section {
  readonly offset: number;
  readonly bytes: number;
}

/** A named tensor in memory, at an address. */
export interface PlacedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly address: number;
}

export interface ArtifactRegister extends PlacedTensor {
  readonly trainable: boolean;
  readonly start: Initial | Section;
}

/** An entry for one set of sizes. */
export interface ArtifactProgram {
  /** Shapes of the inputs, in order. */
  readonly shapes: readonly (readonly number[])[];
  /** True if any of its kernels is worth the work of several threads. */
  readonly isShared: boolean;
  /** Addresses of the inputs; null for one that nothing reads. */
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly PlacedTensor[];
  readonly code: Section;
  readonly constants: readonly { readonly address: number; readonly data: Section }[];
  readonly fault: number;
  readonly lookups: readonly Lookup[];
  readonly workspaceBytes: number;
}

export interface ArtifactEntry {
  readonly name: string;
  /** As declared: symbolic sizes are texts. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: readonly (number | string)[];
  }[];
  readonly programs: readonly ArtifactProgram[];
}

interface Header {
  readonly format: "adjoint-wasm";
  readonly version: 2;
  /** True if the code has fused multiply-add. */
  readonly fused: boolean;
  /** Threads that the code is written for, at most; from 2 on it imports its memory as shared. */
  readonly threads: number;
  /** Pages of the memory that all lies in. */
  readonly pages: number;
  readonly registers: readonly ArtifactRegister[];
  readonly entries: readonly ArtifactEntry[];
}

export interface Artifact {
  readonly header: Header;
  readonly data: Uint8Array<ArrayBuffer>;
}

const natural = checked(int(), minimum(0));
const dtype = oneOf(dtypes);
const shape = array(natural);
const section: Schema<Section> = strictObject({ offset: natural, bytes: natural });
const placed = { name: string(), dtype, shape, address: natural };

const programSchema: Schema<ArtifactProgram> = object({
  shapes: array(shape),
  isShared: boolean(),
  inputs: array(nullable(natural)),
  outputs: array(object(placed)),
  code: section,
  constants: array(object({ address: natural, data: section })),
  fault: natural,
  lookups: array(object({ operation: string(), size: natural })),
  workspaceBytes: natural,
});

const headerSchema: Schema<Header> = object({
  format: literal("adjoint-wasm"),
  version: literal(2),
  fused: boolean(),
  threads: checked(int(), minimum(1), maximum(MOST_THREADS)),
  pages: checked(int(), minimum(1), maximum(ALL_PAGES)),
  registers: array(object({ ...placed, trainable: boolean(), start: union([section, initialSchema]) })),
  entries: array(
    object({
      name: string(),
      inputs: array(object({ name: string(), dtype, shape: array(union([natural, string()])) })),
      programs: array(programSchema),
    }),
  ),
});

const MAGIC = new TextEncoder().encode("adjoint");
const LAYOUT = 2;
/** Offsets in the prefix; the header follows it. */
const at = { layout: MAGIC.length, checksum: 8, sealed: 12, header: 16 } as const;

/** The file of an artifact. */
export function writeArtifact({ header, data }: Artifact): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(at.header + text.length + data.length);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  file[at.layout] = LAYOUT;
  view.setUint32(at.sealed, text.length, true);
  file.set(text, at.header);
  file.set(data, at.header + text.length);
  view.setUint32(at.checksum, checksum(file.subarray(at.sealed)), true);
  return file;
}

export const broken = (problem: string): AdjointError =>
  new AdjointError("state", "openArtifact", `the file is broken: ${problem}`, "Build it again.");

/** @throws AdjointError where the file is none, or not as it was written: cut, or with a bit that is another. */
export function readArtifact(given: Uint8Array | ArrayBuffer): Artifact {
  const file = plainBytes(given);
  if (MAGIC.some((byte, index) => file[index] !== byte))
    throw new AdjointError(
      "state",
      "openArtifact",
      `${file.length} bytes that are no artifact`,
      "Give what buildArtifact made; a server may have answered with a page of its own.",
    );
  if (file.length < at.header) throw broken("it ends before its header");
  if (file[at.layout] !== LAYOUT)
    throw broken(`its layout is ${file[at.layout]}, and this release reads ${LAYOUT}`);
  const view = new DataView(file.buffer, file.byteOffset);
  if (view.getUint32(at.checksum, true) !== checksum(file.subarray(at.sealed)))
    throw broken("its checksum is another, so it was cut or changed since it was built");
  const end = at.header + view.getUint32(at.sealed, true);
  if (end > file.length) throw broken("it ends in its header");
  const parsed = safeParse(headerSchema, jsonOf(file.subarray(at.header, end)));
  if (!parsed.success) throw broken(problemsOf(parsed.issues));
  return { header: parsed.data, data: file.slice(end) };
}

/** Bytes whose slices are copies: those of Node's `Buffer` are not. */
const plainBytes = (given: Uint8Array | ArrayBuffer): Uint8Array =>
  given instanceof ArrayBuffer
    ? new Uint8Array(given)
    : new Uint8Array(given.buffer, given.byteOffset, given.byteLength);

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(`its header is no JSON (${String(error)})`);
  }
}
