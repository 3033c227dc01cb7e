import type { Graph, Tensor } from "@adjoint/ir";
import type { BufferTable } from "../kernel/buffers.ts";
import type { Placement } from "./expression.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { BufferId } from "../kernel/scalar.ts";

/** The state that lowering one node reads and changes. */
export interface LoweringContext extends Placement {
  readonly buffers: BufferTable;
  /** The buffer that a tensor's own kernel writes. */
  target(tensor: Tensor): BufferId;
  /** The kernels of a sub-graph whose inputs are in these buffers, and the (fresh) buffers of its results. */
  lowerBody(body: Graph, inputs: readonly BufferId[]): LoweredBody;
}

export interface LoweredBody {
  readonly kernels: readonly Kernel[];
  readonly results: readonly BufferId[];
}
