import type { Allocation, Memory } from "../layout/memory.ts";

/** The branch that a kernel stands in: it runs where this word of the control buffer has this value. */
interface Predicate {
  readonly word: number;
  readonly value: number;
}

/** Words of the control buffer before the predicates: failures so far, the site of the first, its index. */
export const CONTROL = { failures: 0, site: 1, index: 2, predicates: 3 } as const;

/** A lookup of a program that data may make fail. */
export interface FaultSite {
  readonly operation: string;
  readonly size: number;
}

/** Shared by the kernels of a program while they are printed. */
export interface Context {
  readonly memory: Memory;
  /** Failures and branches; see `CONTROL`. */
  readonly control: Allocation;
  readonly predicate: Predicate | undefined;
  /** The device is a program on the CPU's cores, where barriers are expensive and workgroup memory is no faster than other memory. */
  readonly isSoftware: boolean;
  /** Invocations of a subgroup, at least, which read each other's values without a barrier; 1 where the device has none. */
  readonly subgroup: number;
  /** Data can make some kernel of the program fail. */
  readonly canFail: boolean;
  /** The number under which a failure of this kind is reported. */
  site(operation: string, size: number): number;
}
