import { AdjointError } from "@adjoint/ir";

/** Where a file is wrong; each part is present where it is known. */
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
    super("state", "safetensors", where.length === 0 ? problem : `${where.join(", ")}: ${problem}`);
    this.byte = byte;
    this.tensor = tensor;
  }
}

/** A name as it would stand in the file, short. */
export const show = (name: string): string =>
  JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
