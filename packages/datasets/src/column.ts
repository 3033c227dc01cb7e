import { type DataOf, type DType, arrayName, dtypeNames, holds, isDType } from "./dtype.ts";
import { DatasetError } from "./error.ts";
import { show } from "./options.ts";

/**
 * A tensor on the host, row-major. In a data set and in a batch, its first axis counts the examples.
 *
 * It has the structure of a feed: a batch can be given to a compiled program as it is.
 */
export interface Column<D extends DType = DType> {
  readonly dtype: D;
  /** Whole numbers; their product is the number of elements of `data`. */
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
}

/** Product of the sizes of `shape`: its number of elements. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/**
 * Checks a column from outside: its type, its array, its shape against its data.
 *
 * @throws DatasetError `bad-dtype`, `bad-shape`, or `empty` for a column without examples.
 */
export function checkColumn(operation: string, name: string, column: Column): void {
  const what = `${operation}: column "${name}"`;
  if (typeof column !== "object" || column === null) {
    throw new DatasetError("bad-option", `${what} must be { dtype, shape, data }, got ${show(column)}.`);
  }
  const { dtype, shape, data } = column;
  if (!isDType(dtype)) {
    throw new DatasetError(
      "bad-dtype",
      `${what} has dtype ${show(dtype)}. Use one of ${dtypeNames.join(", ")}.`,
    );
  }
  if (!holds(dtype, data)) {
    throw new DatasetError(
      "bad-dtype",
      `${what} of dtype ${dtype} needs a ${arrayName(dtype)}, got ${show(data)}.`,
    );
  }
  if (!Array.isArray(shape) || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw new DatasetError(
      "bad-shape",
      `${what} has shape ${show(shape)}. Every size must be a whole number from 0.`,
    );
  }
  if (shape.length === 0) {
    throw new DatasetError("bad-shape", `${what} is a scalar. The first axis must count the examples.`);
  }
  if ((shape[0] ?? 0) > 2 ** 32 - 1) {
    throw new DatasetError("too-large", `${what} has ${shape[0]} examples; at most 2^32−1 can be counted.`);
  }
  if (elementCount(shape) !== data.length) {
    throw new DatasetError(
      "bad-shape",
      `${what} of shape [${shape.join(", ")}] needs ${elementCount(shape)} elements, its data have ${data.length}.`,
    );
  }
  if (data.length === 0) {
    throw new DatasetError(
      "empty",
      `${what} of shape [${shape.join(", ")}] is empty. Give at least one example.`,
    );
  }
}
