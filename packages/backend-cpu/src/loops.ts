import type { Affine } from "@adjoint/compiler/kernel";

/** A loop variable: it runs over one axis of a kernel's domain, or over several as one. */
export interface LoopVariable {
  readonly name: string;
  readonly axes: readonly number[];
  readonly sizes: readonly number[];
}

/** One variable an axis. */
export const variables = (sizes: readonly number[], first = 0): LoopVariable[] =>
  sizes.map((size, index) => ({ name: `i${first + index}`, axes: [first + index], sizes: [size] }));

/** The part of an affine that a variable decides, as a stride where it is one, or as a table by the variable. */
export type Term =
  | { readonly kind: "none" }
  | { readonly kind: "stride"; readonly stride: number }
  | { readonly kind: "table"; readonly table: Int32Array };

export function termOf(affine: Affine, variable: LoopVariable): Term {
  const strides = variable.axes.map((axis) => affine.strides[axis] ?? 0);
  if (strides.every((stride) => stride === 0)) return { kind: "none" };
  const [only] = strides;
  if (strides.length === 1 && only !== undefined) return { kind: "stride", stride: only };
  return { kind: "table", table: positions(strides, variable.sizes) };
}

/** Σ stride·coordinate for all coordinates in row-major order. */
export function positions(strides: readonly number[], sizes: readonly number[]): Int32Array {
  let table = new Int32Array(1);
  sizes.forEach((size, axis) => {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(table.length * size);
    for (let outer = 0; outer < table.length; outer++) {
      for (let index = 0; index < size; index++)
        next[outer * size + index] = (table[outer] ?? 0) + index * stride;
    }
    table = next;
  });
  return table;
}
