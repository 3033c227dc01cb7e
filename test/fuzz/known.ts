import type { Graph } from "@adjoint/ir";
import { graphNodes } from "@adjoint/ir/graph";
import type { FuzzCase } from "./fuzz-case.ts";
import type { Variant } from "./variants.ts";

/** A fault that is known and not repaired yet: programs that may show it are not run on those backends. */
export interface KnownFault {
  readonly name: string;
  readonly backends: readonly Variant["backend"][];
  /** True if programs of these operations may show it. */
  readonly shows: (operations: ReadonlySet<string>) => boolean;
}

/** Empty if all is well. */
export const knownFaults: readonly KnownFault[] = [];

/** The names of all operations of a case, those of bodies included. */
export function operationsOf({ entries }: FuzzCase): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (graph: Graph): void => {
    for (const { operation, graphs } of graphNodes(graph)) {
      names.add(operation.name);
      graphs.forEach(walk);
    }
  };
  Object.values(entries).forEach(walk);
  return names;
}

/** True if a case of these operations may show a known fault on a variant. */
export const isKnown = (
  faults: readonly KnownFault[],
  operations: ReadonlySet<string>,
  { backend }: Variant,
): boolean => faults.some((fault) => fault.backends.includes(backend) && fault.shows(operations));
