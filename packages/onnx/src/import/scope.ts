import { malformed } from "../errors.ts";
import type { Value } from "./value.ts";

/** Values by their names in a graph; a sub-graph also sees those of the graph around it. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** @throws AdjointError for a name that this graph gave before. */
  define(name: string, value: Value): void {
    const before = this.#values.size;
    this.#values.set(name, value);
    // Looked up once: a model may have millions of names.
    if (this.#values.size === before) throw malformed(`two values are named "${name}"`);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  find(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.find(name);
  }

  /**
   * @param reader who reads, for messages.
   * @throws AdjointError for a name that nothing before gives.
   */
  read(name: string, reader: () => string): Value {
    const value = this.find(name);
    if (value !== undefined) return value;
    throw malformed(
      `${reader()} reads "${name}", which nothing before it gives`,
      "Nodes must come after those they read; a cycle has no such order.",
    );
  }
}
