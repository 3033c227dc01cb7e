import type { Affine, SortKernel } from "@adjoint/compiler/kernel";
import { type Scalar, elementCount } from "@adjoint/ir/values";
import { readElement } from "./elements.ts";
import type { Run } from "./executor.ts";
import { positions } from "./loops.ts";
import type { Memory } from "./memory.ts";

/** Ascending, NaN last. */
function compare(a: Scalar, b: Scalar): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts each line's positions by their elements and copies the first of them. */
export function ordering(kernel: SortKernel, memory: Memory): Run {
  const { outer, size, count, descending, dtype } = kernel;
  const lines = elementCount(outer);
  const split = (
    affine: Affine,
    length: number,
  ): { readonly line: Int32Array; readonly step: Int32Array } => ({
    line: positions(affine.strides.slice(0, outer.length), outer).map((position) => position + affine.offset),
    step: positions(affine.strides.slice(outer.length), [length]),
  });
  const from = split(kernel.index, size);
  const to = split(kernel.values, count);
  const [source, values, indices] = [
    memory.array(kernel.source),
    memory.array(kernel.valuesBuffer),
    memory.array(kernel.indicesBuffer),
  ];
  const sorted = Array.from({ length: size }, (_, position) => position);
  const line: Scalar[] = sorted.map(() => 0);
  const by = (a: number, b: number): number => {
    const order = compare(line[a] ?? 0, line[b] ?? 0);
    return (descending ? -order : order) || a - b;
  };
  return () => {
    for (let index = 0; index < lines; index++) {
      const start = from.line[index] ?? 0;
      for (let position = 0; position < size; position++) {
        sorted[position] = position;
        line[position] = readElement(source, dtype, start + (from.step[position] ?? 0));
      }
      sorted.sort(by);
      for (let rank = 0; rank < count; rank++) {
        const target = (to.line[index] ?? 0) + (to.step[rank] ?? 0);
        const position = sorted[rank] ?? 0;
        // Storage is copied as it is: bits for the 16-bit floats.
        const element = source[start + (from.step[position] ?? 0)];
        if (element !== undefined) values[target] = element;
        indices[target] = position;
      }
    }
  };
}
