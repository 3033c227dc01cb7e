import * as ort from "onnxruntime-web/webgpu";
import { type OnnxModel, onnxModelOf } from "../contestants/peers/onnx-model.ts";
import { onnxRunner } from "../contestants/peers/onnxruntime.ts";
import type { Prepare, Runner } from "../contestants/runner.ts";

/** Runs a model whose inputs and output stay on the device. */
async function resident(
  session: ort.InferenceSession,
  { inputs, output }: OnnxModel,
): Promise<Omit<Runner, "version">> {
  const device = await ort.env.webgpu.device;
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const gpuBuffer = device.createBuffer({
        size: data.byteLength,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      device.queue.writeBuffer(gpuBuffer, 0, data);
      return [name, ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType: "float32", dims: shape })];
    }),
  );
  let last: ort.Tensor | undefined;
  return {
    step: async () => {
      last?.dispose();
      last = (await session.run(feeds))[output];
      await device.queue.onSubmittedWorkDone();
    },
    // The models' outputs are f32.
    result: async () => ((await last?.getData()) ?? []) as Float32Array,
  };
}

/** ONNX Runtime's WebGPU execution provider. */
export const prepareOrtWebgpu: Prepare = async ({ task, threads }, arrays) => {
  ort.env.wasm.numThreads = threads;
  const model = onnxModelOf(task, arrays);
  const isFed = task.kind === "infer";
  const session = await ort.InferenceSession.create(model.bytes, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: isFed ? "cpu" : "gpu-buffer",
  });
  return {
    version: ort.env.versions.web ?? ort.env.versions.common,
    ...(isFed ? onnxRunner(session, ort, model) : await resident(session, model)),
  };
};
