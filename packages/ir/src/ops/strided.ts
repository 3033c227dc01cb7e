import { dtypeInfo } from "../dtype.ts";
import type { TensorValue } from "../value.ts";

/** Copies elements to a new shape: output element i is input element `from(i)`. */
export function copyElements(
  value: TensorValue,
  shape: readonly number[],
  from: (index: number) => number,
): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new dtypeInfo[value.dtype].array(count);
  for (let i = 0; i < count; i++) {
    const element = value.data[from(i)];
    if (element !== undefined) data[i] = element;
  }
  return { dtype: value.dtype, shape, data };
}

/** Copies elements to a new shape: each axis goes through the value's own elements by its stride. */
export function copyStrided(
  value: TensorValue,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new dtypeInfo[value.dtype].array(count);
  const counters = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    const element = value.data[from];
    if (element !== undefined) data[to] = element;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [stride, next] = [strides[axis] ?? 0, (counters[axis] ?? 0) + 1];
      from += stride;
      counters[axis] = next;
      if (next !== shape[axis]) break;
      from -= stride * next;
      counters[axis] = 0;
    }
  }
  return { dtype: value.dtype, shape, data };
}

/** Row-major index → linear position under other strides. */
export function strided(
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): (index: number) => number {
  return (index) => {
    let rest = index;
    let position = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      position += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    return position;
  };
}
