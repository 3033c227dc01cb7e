import { AdjointError } from "@adjoint/ir";

/** The position of a fault in a file; each part is present if it is known. */
export interface FilePlace {
  /** Byte of the file, counted from 0. */
  readonly byte?: number;
  readonly tensor?: string;
}

/** A file of tensors that breaks the format, or tensors that the format can't hold. */
export class SafetensorsError extends AdjointError {
  /** Byte of the file where it is wrong, counted from 0. */
  readonly byte: number | undefined;
  /** Name of the tensor that is wrong. */
  readonly tensor: string | undefined;

  constructor(problem: string, { byte, tensor }: FilePlace = {}) {
    const where = [
      byte === undefined ? undefined : `byte ${byte}`,
      tensor === undefined ? undefined : `tensor ${show(tensor)}`,
    ].filter((part) => part !== undefined);
    const text = shortened(problem, LONGEST_PROBLEM);
    super("state", "safetensors", where.length === 0 ? text : `${where.join(", ")}: ${text}`);
    this.byte = byte;
    this.tensor = tensor;
  }
}

/** Text from a file may be megabytes long; a message is not. */
const LONGEST_PROBLEM = 400;

const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** A name as it would stand in the file, short. */
export const show = (name: string): string => JSON.stringify(shortened(name, 80));
