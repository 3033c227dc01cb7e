import { Loss } from "./lost.ts";
import { Pipelines } from "./pipelines.ts";

/** A GPU device with what all sessions on it share. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly loss: Loss;
  /** It computes on the CPU's cores. */
  readonly isSoftware: boolean;
  /** Invocations that each of its subgroups has at least; 1 without the feature. */
  readonly subgroup: number;
}

export function hostOf(device: GPUDevice): Host {
  // Older browsers don't say.
  const info = device.adapterInfo as GPUAdapterInfo | undefined;
  return {
    device,
    pipelines: new Pipelines(device),
    loss: new Loss(device),
    isSoftware: info?.isFallbackAdapter === true,
    subgroup: device.features.has("subgroups") ? (info?.subgroupMinSize ?? 1) : 1,
  };
}
