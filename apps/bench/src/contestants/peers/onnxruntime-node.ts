import type { Prepare } from "../runner.ts";
import { onnxModelOf } from "./onnx-model.ts";
import { onnxRunner } from "./onnxruntime.ts";

/** ONNX Runtime's native library. */
export const prepareOrtNode: Prepare = async ({ task, threads }, arrays) => {
  // Before its import: it would write files of its own to the home folder.
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  const ort = await import("onnxruntime-node");
  const model = onnxModelOf(task, arrays);
  const session = await ort.InferenceSession.create(model.bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  return { version: ort.env.versions.node ?? ort.env.versions.common, ...onnxRunner(session, ort, model) };
};
