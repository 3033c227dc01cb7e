import type { Graph, State } from "@adjoint/ir";
import type { Arrays } from "../arrays.ts";
import type { Random } from "../random.ts";

/** Our program of a task and what it starts from. */
export interface OwnGraph {
  readonly graph: Graph;
  readonly state: State;
  /** The register that holds the result, where the result stays on the device. */
  readonly result?: string;
}

/** The common parts of all tasks of one kind. */
export interface Kind<T> {
  /** The data that every contestant reads. */
  data(task: T, random: Random): Arrays;
  /** Our own graph of it. */
  graph(task: T, arrays: (name: string) => Float32Array): OwnGraph;
  /**
   * The reference, in plain loops over doubles: the losses of the checked steps, all logits, or the elements of
   * the result at `samplePlaces`.
   */
  reference(task: T, arrays: Arrays): readonly number[];
  /** Largest difference from the reference, as a share of its largest element. */
  readonly tolerance: number;
  /** Floating-point operations of one run, where a share of the peak is told. */
  operations?(task: T): number;
}
