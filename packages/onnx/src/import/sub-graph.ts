import { AdjointError, type Tensor } from "@adjoint/ir";
import type { GraphSource, ValueSource } from "../proto/model.ts";
import { type Value, asTensor } from "./value.ts";

/** A graph in an attribute: a branch, or the body of a loop. It may use tensors of the graph around it. */
export class SubGraph {
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
  readonly #build: (inputs: readonly Value[]) => readonly Value[];

  constructor(source: GraphSource, build: (inputs: readonly Value[]) => readonly Value[]) {
    this.inputs = source.inputs;
    this.outputs = source.outputs;
    this.#build = build;
  }

  /** `buildValues` where all outputs are tensors. */
  build(inputs: readonly Tensor[]): readonly Tensor[] {
    return this.buildValues(inputs).map((value) => asTensor(value, "the node around a sub-graph"));
  }

  /**
   * Its outputs over these inputs.
   * @throws AdjointError for more or fewer inputs than it has.
   */
  buildValues(inputs: readonly Value[]): readonly Value[] {
    if (inputs.length !== this.inputs.length) {
      throw new AdjointError(
        "graph",
        "fromOnnx",
        `a sub-graph of ${this.inputs.length} inputs is used with ${inputs.length}`,
      );
    }
    return this.#build(inputs);
  }
}
