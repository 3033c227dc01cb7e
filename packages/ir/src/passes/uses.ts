import { rootsOf, sortedNodes } from "../walk.ts";
import type { Graph, Tensor } from "../tensor.ts";

/** A tensor that gains readers: one, or those of the tensor that it stands for. */
interface Gain {
  readonly tensor: Tensor;
  readonly from: Tensor | undefined;
}

/** Counts the readers of each tensor while a pass rewrites a graph. Counting starts at the first question: most passes never ask. */
export class Uses {
  readonly #graph: Graph;
  #counts: Map<Tensor, number> | undefined;
  /** Changes from before the first question. */
  readonly #gains: Gain[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** A new node reads the tensor. */
  read(tensor: Tensor): void {
    this.#gain({ tensor, from: undefined });
  }

  /** Readers of one tensor read another from now on. */
  replace(from: Tensor, tensor: Tensor): void {
    this.#gain({ tensor, from });
  }

  /** True if at most one node or root reads it. */
  readonly isOnce = (tensor: Tensor): boolean => {
    this.#counts ??= this.#count();
    return (this.#counts.get(tensor) ?? 0) <= 1;
  };

  #gain(gain: Gain): void {
    if (this.#counts === undefined) this.#gains.push(gain);
    else apply(this.#counts, gain);
  }

  #count(): Map<Tensor, number> {
    const counts = new Map<Tensor, number>();
    for (const tensor of rootsOf(this.#graph)) apply(counts, { tensor, from: undefined });
    for (const node of sortedNodes(this.#graph))
      for (const tensor of node.inputs) apply(counts, { tensor, from: undefined });
    for (const gain of this.#gains) apply(counts, gain);
    return counts;
  }
}

function apply(counts: Map<Tensor, number>, { tensor, from }: Gain): void {
  const gained = from === undefined ? 1 : (counts.get(from) ?? 0);
  counts.set(tensor, (counts.get(tensor) ?? 0) + gained);
}
