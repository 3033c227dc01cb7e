import type { Kernel } from "./kernel.ts";
import type { BufferId, ScalarGraph } from "./scalar.ts";

/** Buffers that a kernel touches. */
export interface KernelBuffers {
  readonly reads: ReadonlySet<BufferId>;
  readonly writes: ReadonlySet<BufferId>;
}

const loads = (graph: ScalarGraph): BufferId[] =>
  graph.flatMap((node) => (node.kind === "load" ? [node.buffer] : []));

/** The buffers that a kernel reads and writes, its nested kernels included. */
export function buffersOf(kernel: Kernel): KernelBuffers {
  switch (kernel.form) {
    case "map":
      return {
        reads: new Set(loads(kernel.body)),
        writes: new Set(kernel.stores.map((store) => store.buffer)),
      };
    case "reduce":
      return {
        reads: new Set([...loads(kernel.body), ...loads(kernel.epilogue)]),
        writes: new Set(kernel.stores.map((store) => store.buffer)),
      };
    case "contract":
      return {
        reads: new Set([kernel.left.buffer, kernel.right.buffer, ...loads(kernel.epilogue)]),
        writes: new Set(kernel.stores.map((store) => store.buffer)),
      };
    case "cumulative":
      return { reads: new Set(loads(kernel.body)), writes: new Set([kernel.buffer]) };
    case "scatter":
      return { reads: new Set([...loads(kernel.body), kernel.buffer]), writes: new Set([kernel.buffer]) };
    case "sort":
      return {
        reads: new Set([kernel.source]),
        writes: new Set([kernel.valuesBuffer, kernel.indicesBuffer]),
      };
    case "scan": {
      const inner = kernel.body.map(buffersOf);
      const copies = [...kernel.slices, ...kernel.outputs, ...kernel.feedback];
      return {
        reads: new Set([...inner.flatMap(({ reads }) => [...reads]), ...copies.map((copy) => copy.from)]),
        writes: new Set([...inner.flatMap(({ writes }) => [...writes]), ...copies.map((copy) => copy.to)]),
      };
    }
    case "if": {
      const inner = kernel.branches.flat().map(buffersOf);
      return {
        reads: new Set([kernel.condition, ...inner.flatMap(({ reads }) => [...reads])]),
        writes: new Set(inner.flatMap(({ writes }) => [...writes])),
      };
    }
  }
}

/** True if data can make the kernel fail: an index outside its axis. */
export function canFail(kernel: Kernel): boolean {
  const dynamic = (graph: ScalarGraph): boolean =>
    graph.some((node) => node.kind === "load" && node.dynamic.length > 0);
  switch (kernel.form) {
    case "map":
    case "cumulative":
      return dynamic(kernel.body);
    case "reduce":
      return dynamic(kernel.body) || dynamic(kernel.epilogue);
    case "contract":
      return dynamic(kernel.epilogue);
    case "scatter":
      return true;
    case "sort":
      return false;
    case "scan":
      return kernel.body.some(canFail);
    case "if":
      return kernel.branches.flat().some(canFail);
  }
}
