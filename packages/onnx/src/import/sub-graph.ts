import { AdjointError, type Tensor } from "@adjoint/ir";
import type { GraphSource, ValueSource } from "../proto/model.ts";

/** A graph in an attribute: a branch, or the body of a loop. It may use tensors of the graph around it. */
export class SubGraph {
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
  readonly #build: (inputs: readonly Tensor[]) => readonly Tensor[];

  constructor(source: GraphSource, build: (inputs: readonly Tensor[]) => readonly Tensor[]) {
    this.inputs = source.inputs;
    this.outputs = source.outputs;
    this.#build = build;
  }

  /**
   * Its outputs, as tensors over these inputs.
   * @throws AdjointError for more or fewer inputs than it has.
   */
  build(inputs: readonly Tensor[]): readonly Tensor[] {
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
