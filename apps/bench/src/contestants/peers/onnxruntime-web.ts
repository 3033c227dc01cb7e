import * as ort from "onnxruntime-web";
import type { Prepare } from "../runner.ts";
import { onnxModelOf } from "./onnx-model.ts";
import { onnxRunner } from "./onnxruntime.ts";

/** ONNX Runtime's WebAssembly. */
export const prepareOrtWeb: Prepare = async ({ task, threads }, arrays) => {
  ort.env.wasm.numThreads = threads;
  const model = onnxModelOf(task, arrays);
  const session = await ort.InferenceSession.create(model.bytes, { executionProviders: ["wasm"] });
  return { version: ort.env.versions.web ?? ort.env.versions.common, ...onnxRunner(session, ort, model) };
};
