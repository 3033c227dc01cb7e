import { LimitError } from "@adjoint/ir";

/** The limits of one import. Files of a few bytes can ask for any amount; the amount is known before anything is made. */
export interface ImportLimits {
  /**
   * Nodes that are read and made; those of functions, loops and bodies once for each time they are imported. By default
   * 65,536 and one for each byte of the file.
   */
  readonly nodes?: number;
  /**
   * Elements that are computed where the model is read: shapes, tables, folded constants; a quarter of them by one
   * operation. By default 16,777,216.
   */
  readonly elements?: number;
  /** Bytes of weights. By default 256 MiB and twice the bytes of all files. */
  readonly bytes?: number;
}

type Resource = keyof ImportLimits;

const NODES = 2 ** 16;
const ELEMENTS = 2 ** 24;
const BYTES = 2 ** 28;

const units: { readonly [R in Resource]: string } = {
  nodes: "nodes",
  elements: "elements computed where the model is read",
  bytes: "bytes of weights",
};

/** Counts what an import takes. */
export class Budget {
  readonly #limits: { [R in Resource]: number };
  readonly #used: { [R in Resource]: number } = { nodes: 0, elements: 0, bytes: 0 };
  /** Whether the caller set the limit of bytes, so that further files don't raise it. */
  readonly #isFixed: boolean;

  /** @param fileBytes of the model itself. */
  constructor(limits: ImportLimits, fileBytes: number) {
    const { nodes = NODES + fileBytes, elements = ELEMENTS, bytes = BYTES + 2 * fileBytes } = limits;
    this.#limits = { nodes, elements, bytes };
    this.#isFixed = limits.bytes !== undefined;
  }

  /** A file beside the model was read. */
  addFile(bytes: number): void {
    if (!this.#isFixed) this.#limits.bytes += 2 * bytes;
  }

  /** Takes an amount before it is made. @throws LimitError if too little is left. */
  take(resource: Resource, amount: number, operation = "fromOnnx"): void {
    if (!this.has(resource, amount)) throw this.error(resource, amount, operation);
    this.#used[resource] += amount;
  }

  /** Whether so much is left. An amount that is not a number is more than any. */
  has(resource: Resource, amount: number): boolean {
    return this.#used[resource] + amount <= this.#limits[resource];
  }

  /** The most elements that one operation may compute. */
  get mostAtOnce(): number {
    return this.#limits.elements / 4;
  }

  /** The error for an amount that is not left, or that is too much at once. */
  error(resource: Resource, amount: number, operation = "fromOnnx"): LimitError {
    const isAtOnce = resource === "elements" && amount > this.mostAtOnce;
    return new LimitError(
      operation,
      `${units[resource]}${isAtOnce ? ", at once" : ""}`,
      isAtOnce ? amount : this.#used[resource] + amount,
      isAtOnce ? this.mostAtOnce : this.#limits[resource],
      `Raise it for a file that you trust: fromOnnx(bytes, { limits: { ${resource} } }).`,
    );
  }
}
