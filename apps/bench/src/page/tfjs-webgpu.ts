import { backend } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-backend-webgpu";
import { prepareTfjs } from "../contestants/peers/tfjs.ts";
import type { Prepare } from "../contestants/runner.ts";

/** It collects dispatches: they are submitted before they are waited for. */
async function settle(): Promise<void> {
  const gpu = backend() as WebGPUBackend; // The one that the task was prepared for.
  gpu.ensureCommandEncoderReady();
  gpu.endComputePassEncoder();
  gpu.submitQueue();
  await gpu.device.queue.onSubmittedWorkDone();
}

/** TensorFlow.js on WebGPU. */
export const prepareTfjsWebgpu: Prepare = prepareTfjs("webgpu", settle);
