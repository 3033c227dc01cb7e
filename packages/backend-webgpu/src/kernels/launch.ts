import type { Allocation } from "../layout/memory.ts";

/** A binding of a kernel: memory, and whether it is written. */
export interface Binding {
  readonly allocation: Allocation;
  readonly write: boolean;
}

/** One dispatch: a shader, its memory, and how many workgroups. */
export interface Launch {
  readonly text: string;
  readonly bindings: readonly Binding[];
  readonly groups: readonly [x: number, y: number];
}

/** Workgroups that one dimension of a dispatch may have, on every device. */
const MOST_GROUPS = 65_535;

/** Any number of workgroups as a dispatch of two dimensions; the last row may be longer than needed. */
export function gridOf(groups: number): readonly [x: number, y: number] {
  const y = Math.max(1, Math.ceil(groups / MOST_GROUPS));
  return [Math.max(1, Math.ceil(groups / y)), y];
}
