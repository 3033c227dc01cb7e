import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-web";
import type { Runner } from "../runner.ts";
import type { OnnxModel } from "./onnx-model.ts";

/** Runs a model with the same feeds again and again: a step is one `run`. */
export function onnxRunner(
  session: InferenceSession,
  { Tensor }: { readonly Tensor: TensorConstructor },
  { inputs, output }: OnnxModel,
): Omit<Runner, "version"> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor("float32", data, shape)]),
  );
  let last: Tensor | undefined;
  return {
    step: async () => {
      last = (await session.run(feeds))[output];
    },
    // The models' outputs are f32.
    result: () => (last?.data ?? []) as Float32Array,
  };
}
