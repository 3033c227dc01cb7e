import type { Tensor } from "@adjoint/ir";
import { malformed } from "../errors.ts";

/** Tensors by their names in a graph; a sub-graph also sees those of the graph around it. */
export class Scope {
  readonly #tensors = new Map<string, Tensor>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** @throws AdjointError for a name that this graph gave before. */
  define(name: string, tensor: Tensor): void {
    if (this.#tensors.has(name)) throw malformed(`two values are named "${name}"`);
    this.#tensors.set(name, tensor);
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  find(name: string): Tensor | undefined {
    return this.#tensors.get(name) ?? this.#outer?.find(name);
  }

  /** @throws AdjointError for a name that nothing before gives. */
  read(name: string, reader: string): Tensor {
    const tensor = this.find(name);
    if (tensor !== undefined) return tensor;
    throw malformed(
      `${reader} reads "${name}", which nothing before it gives`,
      "Nodes must come after those they read; a cycle has no such order.",
    );
  }
}
