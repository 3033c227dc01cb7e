import { Loss } from "./lost.ts";
import { Pipelines } from "./pipelines.ts";

/** A GPU device with what all sessions on it share. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly loss: Loss;
}

export const hostOf = (device: GPUDevice): Host => ({
  device,
  pipelines: new Pipelines(device),
  loss: new Loss(device),
});
