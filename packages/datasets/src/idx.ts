import { type DataOf, elementCount } from "@adjoint/ir/values";
import { show } from "@adjoint/ir/schema";
import { type Column } from "./column.ts";
import { allocate } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import { inflate, isGzip, largestSize } from "./gzip.ts";

/** Element types of the IDX format. */
export type IdxDType = "u8" | "i8" | "i16" | "i32" | "f32" | "f64";

/** A tensor of an IDX file: `dtype` says what its `data` are. */
export type IdxColumn = { readonly [D in IdxDType]: Column<D> }[IdxDType];

/** The name of the data in error messages. */
export interface FileOptions {
  /** Name of the file. */
  readonly file?: string;
}

/** Options of reading a file that may be compressed. */
export interface IdxOptions extends FileOptions {
  /** Bytes that a compressed file may become: a small file can hold any number of zeros. Default: 256 MiB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 2 ** 28;

/** Type byte → element type (Y. LeCun, "The MNIST database": the IDX file format). */
const types: ReadonlyMap<number, { readonly dtype: IdxDType; readonly bytes: number }> = new Map([
  [0x08, { dtype: "u8", bytes: 1 }],
  [0x09, { dtype: "i8", bytes: 1 }],
  [0x0b, { dtype: "i16", bytes: 2 }],
  [0x0c, { dtype: "i32", bytes: 4 }],
  [0x0d, { dtype: "f32", bytes: 4 }],
  [0x0e, { dtype: "f64", bytes: 8 }],
]);

/** Files of more axes are taken for damaged ones; images in colour over time have 5. */
const largestRank = 8;

interface Header {
  readonly dtype: IdxDType;
  readonly shape: readonly number[];
  /** Bytes of the header. */
  readonly bytes: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

/**
 * Reads an IDX file that may be gzip-compressed.
 *
 * All of the header is checked before memory is taken for the data, and a compressed file is decompressed no further
 * than its header states. Elements of one byte of an uncompressed file share memory with `bytes`.
 *
 * @throws DatasetError with the byte where the file broke (of the decompressed data): `bad-header`, `too-large`,
 * `truncated`, `trailing-bytes`; or `bad-gzip`.
 */
export async function idx(bytes: Uint8Array, options: IdxOptions = {}): Promise<IdxColumn> {
  const { file, maxBytes = defaultMaxBytes } = options;
  checkBytes(bytes, file);
  if (!(maxBytes >= 0))
    throw new DatasetError("bad-option", "idx", `maxBytes must be a number from 0 and is ${show(maxBytes)}.`);
  return decodeIdx(isGzip(bytes) ? await inflateIdx(bytes, maxBytes, file) : bytes, {
    ...(file !== undefined && { file }),
  });
}

/**
 * Reads an uncompressed IDX file at once. Elements of one byte share memory with `bytes`.
 *
 * @throws DatasetError with the byte where the file broke: `bad-header`, `too-large`, `truncated`, `trailing-bytes`.
 */
export function decodeIdx(bytes: Uint8Array, options: FileOptions = {}): IdxColumn {
  const { file } = options;
  checkBytes(bytes, file);
  const header = readHeader(bytes, file);
  if (bytes.length < header.total) throw truncated(header, bytes.length, file);
  if (bytes.length > header.total) throw trailing(header, file);
  return decode(
    header,
    new DataView(bytes.buffer, bytes.byteOffset + header.bytes, header.total - header.bytes),
  );
}

function checkBytes(bytes: Uint8Array, file: string | undefined): void {
  if (bytes instanceof Uint8Array) return;
  const problem = `needs the file's bytes in a Uint8Array, got ${show(bytes)}. Wrap an ArrayBuffer: new Uint8Array(buffer).`;
  throw new DatasetError("bad-option", "idx", problem, { file });
}

function decode({ dtype, shape }: Header, view: DataView): IdxColumn {
  const count = elementCount(shape);
  switch (dtype) {
    case "u8":
      return { dtype, shape, data: new Uint8Array(view.buffer, view.byteOffset, count) };
    case "i8":
      return { dtype, shape, data: new Int8Array(view.buffer, view.byteOffset, count) };
    case "i16":
      return { dtype, shape, data: fill(allocate(dtype, count), (index) => view.getInt16(index * 2)) };
    case "i32":
      return { dtype, shape, data: fill(allocate(dtype, count), (index) => view.getInt32(index * 4)) };
    case "f32":
      return { dtype, shape, data: fill(allocate(dtype, count), (index) => view.getFloat32(index * 4)) };
    case "f64":
      return { dtype, shape, data: fill(allocate(dtype, count), (index) => view.getFloat64(index * 8)) };
  }
}

function fill<A extends DataOf<IdxDType>>(data: A, element: (index: number) => number): A {
  for (let index = 0; index < data.length; index++) data[index] = element(index);
  return data;
}

/** Bytes 0 and 1 are zero, byte 2 the type, byte 3 the rank, then a big-endian u32 for the size of each axis. */
function readHeader(bytes: Uint8Array, file: string | undefined): Header {
  const byteAt = (offset: number): number => {
    const byte = bytes[offset];
    if (byte !== undefined) return byte;
    throw new DatasetError("truncated", "idx", "the file ends within its header. Get the file again.", {
      file,
      offset: bytes.length,
    });
  };
  const wrong = (offset: number, problem: string): DatasetError =>
    new DatasetError("bad-header", "idx", problem, { file, offset });

  for (const offset of [0, 1]) {
    if (byteAt(offset) === 0) continue;
    const why = isGzip(bytes)
      ? "it is gzip-compressed: read it with idx, not decodeIdx"
      : "this is no IDX file";
    throw wrong(offset, `an IDX file begins with two zero bytes, got ${hex(byteAt(offset))}; ${why}.`);
  }
  const type = types.get(byteAt(2));
  if (type === undefined) {
    const known = Array.from(types, ([code, { dtype }]) => `${hex(code)} (${dtype})`).join(", ");
    throw wrong(2, `unknown element type ${hex(byteAt(2))}. IDX has ${known}.`);
  }
  const rank = byteAt(3);
  if (rank === 0 || rank > largestRank) {
    throw wrong(
      3,
      `rank ${rank}, but data sets have 1 to ${largestRank} axes. The file is damaged or no IDX file.`,
    );
  }
  const headerBytes = 4 + 4 * rank;
  const shape: number[] = [];
  let dataBytes = type.bytes;
  for (let offset = 4; offset < headerBytes; offset += 4) {
    const size =
      byteAt(offset) * 2 ** 24 +
      byteAt(offset + 1) * 2 ** 16 +
      byteAt(offset + 2) * 2 ** 8 +
      byteAt(offset + 3);
    if (size === 0) throw wrong(offset, `axis ${shape.length} has size 0: the file holds no element.`);
    shape.push(size);
    dataBytes *= size;
    if (!Number.isSafeInteger(dataBytes)) {
      throw new DatasetError(
        "too-large",
        "idx",
        `sizes ${shape.join(" × ")} of ${type.dtype} need more than 2^53 bytes. The file is damaged.`,
        { file, offset },
      );
    }
  }
  return { dtype: type.dtype, shape, bytes: headerBytes, total: headerBytes + dataBytes };
}

/** The decompressed file, of exactly the size that its header states. */
async function inflateIdx(
  compressed: Uint8Array,
  maxBytes: number,
  file: string | undefined,
): Promise<Uint8Array> {
  const headerBytes = 4 + 4 * largestRank;
  let whole: Whole = { bytes: new Uint8Array(0), header: undefined };
  let length = 0;
  for await (const piece of inflate(compressed, file)) {
    if (whole.header === undefined) {
      const start = join(whole.bytes, piece);
      whole = start.length < headerBytes ? { bytes: start, header: undefined } : wholeOf(start);
      length = start.length;
      continue;
    }
    if (length + piece.length > whole.header.total) throw trailing(whole.header, file);
    whole.bytes.set(piece, length);
    length += piece.length;
  }
  return whole.bytes.subarray(0, length);

  /** Memory for the whole file, of which the start is there. */
  function wholeOf(start: Uint8Array): Whole {
    const header = readHeader(start, file);
    if (header.total > largestSize(compressed)) throw unreachable(header, compressed.length, file);
    if (header.total > maxBytes) throw tooLarge(header, maxBytes, file);
    if (start.length > header.total) throw trailing(header, file);
    const bytes = allocate("u8", header.total);
    bytes.set(start);
    return { bytes, header };
  }
}

/** The part of a file that is decompressed: its start, or, once its header is known, room for all of it. */
interface Whole {
  readonly bytes: Uint8Array;
  readonly header: Header | undefined;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function tooLarge({ shape, dtype, total }: Header, maxBytes: number, file: string | undefined): DatasetError {
  return new DatasetError(
    "too-large",
    "idx",
    `the header states ${shape.join(" × ")} ${dtype} elements, which become ${total} bytes, and the limit is ${maxBytes}. ` +
      `Raise it for a file that you trust: idx(bytes, { maxBytes: ${total} }).`,
    { file, offset: 4 },
  );
}

function truncated(header: Header, length: number, file: string | undefined): DatasetError {
  return new DatasetError(
    "truncated",
    "idx",
    `the file ends here, but its header states ${header.shape.join(" × ")} ${header.dtype} elements: ` +
      `${header.total} bytes with the header. Get the file again.`,
    { file, offset: length },
  );
}

/** Told by the header alone: nothing needs to be decompressed, nor memory taken, for such a file. */
function unreachable(header: Header, compressed: number, file: string | undefined): DatasetError {
  return new DatasetError(
    "truncated",
    "idx",
    `the header states ${header.shape.join(" × ")} ${header.dtype} elements, ${header.total} bytes with the header, ` +
      `and ${compressed} gzip-compressed bytes can't hold as many. Get the file again.`,
    { file, offset: 4 },
  );
}

function trailing(header: Header, file: string | undefined): DatasetError {
  return new DatasetError(
    "trailing-bytes",
    "idx",
    `the ${header.shape.join(" × ")} ${header.dtype} elements of the header end here, but the file goes on. ` +
      `Its header or its end is damaged: get the file again.`,
    { file, offset: header.total },
  );
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
