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

/*
 * An artifact is a file of
 *
 *   "adjoint\0"                8 bytes
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
  /** Whether any of its kernels is worth the work of several threads. */
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
  /** Whether the code has fused multiply-add. */
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

const MAGIC = new TextEncoder().encode("adjoint\0");
/** Bytes before the header. */
const PREFIX: number = MAGIC.length + 4;

/** The file of an artifact. */
export function writeArtifact({ header, data }: Artifact): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(PREFIX + text.length + data.length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, text.length, true);
  file.set(text, PREFIX);
  file.set(data, PREFIX + text.length);
  return file;
}

export const broken = (problem: string): AdjointError =>
  new AdjointError("state", "openArtifact", `the file is broken: ${problem}`, "Build it again.");

/** @throws AdjointError where the file is none, or not whole. */
export function readArtifact(given: Uint8Array | ArrayBuffer): Artifact {
  const file = plainBytes(given);
  if (MAGIC.some((byte, index) => file[index] !== byte))
    throw new AdjointError(
      "state",
      "openArtifact",
      `${file.length} bytes that are no artifact`,
      "Give what buildArtifact made; a server may have answered with a page of its own.",
    );
  if (file.length < PREFIX) throw broken("it ends before its header");
  const length = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  if (PREFIX + length > file.length) throw broken("it ends in its header");
  const parsed = safeParse(headerSchema, jsonOf(file.subarray(PREFIX, PREFIX + length)));
  if (!parsed.success) throw broken(problemsOf(parsed.issues));
  return { header: parsed.data, data: file.slice(PREFIX + length) };
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
