import { AdjointError } from "@adjoint/ir/values";

/** The kind of fault; the message says more. */
export type DatasetErrorReason =
  /** An option has a value that it can't have. */
  | "bad-option"
  /** A field name that the data set lacks, or has twice. */
  | "bad-field"
  /** Sizes that don't fit each other: shapes and data, or columns of different lengths. */
  | "bad-shape"
  /** An element type that the operation can't take, or an array of another type. */
  | "bad-dtype"
  /** A value that the target can't hold: a label outside its classes, NaN where a number is due. */
  | "bad-value"
  /** Nothing would be left: no examples, or no batch. */
  | "empty"
  /** More elements than memory or the platform's arrays allow. */
  | "too-large"
  /** The file's header breaks the format. */
  | "bad-header"
  /** The file ends before the data that its header promises. */
  | "truncated"
  /** The file goes on after the data that its header promises. */
  | "trailing-bytes"
  /** The gzip stream is damaged. */
  | "bad-gzip"
  /** The text breaks the rules of comma-separated values. */
  | "bad-csv"
  /** A file that can't be read. */
  | "unreadable-file";

/** The position of a fault in a file; each part is present if it is known. */
export interface ErrorPlace {
  /** Name of the file or of the argument that stands for it. */
  readonly file?: string | undefined;
  /** Byte where it broke, counted from 0. In a gzip file: of the decompressed data, unless the reason is `bad-gzip`. */
  readonly offset?: number;
  /** Line of text, counted from 1 as editors do. */
  readonly line?: number;
  /** Column of a table, by its header. */
  readonly column?: string;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** The one error type of this package: bad options, bad files, values out of range. Its code is `data`. */
export class DatasetError extends AdjointError {
  /** The kind of fault; stable, so that programs can branch on it. */
  readonly reason: DatasetErrorReason;
  /** Name of the file, if the trouble is in one. */
  readonly file: string | undefined;
  /** Byte where a file broke, counted from 0. */
  readonly offset: number | undefined;
  /** Line where a text broke, counted from 1. */
  readonly line: number | undefined;
  /** Column of a table where a value is wrong, by its header. */
  readonly column: string | undefined;

  /** `problem` says what is wrong and the way out; file, byte, line and column are put before it. */
  constructor(reason: DatasetErrorReason, operation: string, problem: string, place: ErrorPlace = {}) {
    const where = [
      place.file,
      place.offset === undefined ? undefined : `byte ${place.offset}`,
      place.line === undefined ? undefined : `line ${place.line}`,
      place.column === undefined ? undefined : `column "${place.column}"`,
    ].filter((part) => part !== undefined);
    super(
      "data",
      operation,
      where.length === 0 ? problem : `${where.join(", ")}: ${problem}`,
      "",
      "cause" in place ? { cause: place.cause } : {},
    );
    this.reason = reason;
    this.file = place.file;
    this.offset = place.offset;
    this.line = place.line;
    this.column = place.column;
  }
}

/** Names that a message lists. */
const mostListed = 20;

/** Names in quotes, for a message; of many the first ones. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostListed).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}
