import {
  type DType,
  type TensorValue,
  at,
  dtypeInfo,
  dtypes,
  elementCount,
  isDType,
} from "@adjoint/ir/values";
import { show } from "@adjoint/ir/schema";
import { DatasetError } from "./error.ts";

/** A tensor on the host whose first axis counts the examples, in a data set and in a batch: a feed as it is. */
export type Column<D extends DType = DType> = TensorValue<D>;

/**
 * Checks a column from outside: its type, its array, its shape against its data.
 *
 * @throws DatasetError `bad-dtype`, `bad-shape`, or `empty` for a column without examples.
 */
export function checkColumn(operation: string, name: string, column: Column): void {
  const what = `column "${name}"`;
  if (typeof column !== "object" || column === null) {
    throw new DatasetError(
      "bad-option",
      operation,
      `${what} must be { dtype, shape, data } and is ${show(column)}.`,
    );
  }
  const { dtype, shape, data } = column;
  if (!isDType(dtype)) {
    throw new DatasetError(
      "bad-dtype",
      operation,
      `${what} has dtype ${show(dtype)}. Use one of ${dtypes.join(", ")}.`,
    );
  }
  const { array } = dtypeInfo[dtype];
  if (!(data instanceof array)) {
    throw new DatasetError(
      "bad-dtype",
      operation,
      `${what} of dtype ${dtype} needs a ${array.name}, got ${show(data)}.`,
    );
  }
  if (!Array.isArray(shape) || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw new DatasetError(
      "bad-shape",
      operation,
      `${what} has shape ${show(shape)}. Every size must be a whole number from 0.`,
    );
  }
  if (shape.length === 0) {
    throw new DatasetError(
      "bad-shape",
      operation,
      `${what} is a scalar. The first axis must count the examples.`,
    );
  }
  if (at(shape, 0) > 2 ** 32 - 1) {
    throw new DatasetError(
      "too-large",
      operation,
      `${what} has ${shape[0]} examples; at most 2^32−1 can be counted.`,
    );
  }
  if (elementCount(shape) !== data.length) {
    throw new DatasetError(
      "bad-shape",
      operation,
      `${what} of shape [${shape.join(", ")}] needs ${elementCount(shape)} elements, its data have ${data.length}.`,
    );
  }
  if (data.length === 0) {
    throw new DatasetError(
      "empty",
      operation,
      `${what} of shape [${shape.join(", ")}] is empty. Give at least one example.`,
    );
  }
}
