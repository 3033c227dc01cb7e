import { Loss } from "./lost.ts";
import { Pipelines } from "./pipelines.ts";

/** A GPU device with what all sessions on it share. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly loss: Loss;
  /** It computes on the CPU's cores. */
  readonly isSoftware: boolean;
}

export const hostOf = (device: GPUDevice): Host => ({
  device,
  pipelines: new Pipelines(device),
  loss: new Loss(device),
  // Older browsers don't say.
  isSoftware: (device.adapterInfo as GPUAdapterInfo | undefined)?.isFallbackAdapter === true,
});
