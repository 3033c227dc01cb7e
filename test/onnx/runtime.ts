import type { State } from "@adjoint/ir";
import { type DType, type TensorValue, type TypedArray, dtypeInfo, tensorValue } from "@adjoint/ir/values";
import type { InferenceSession, Tensor } from "onnxruntime-node";

// The runtime writes files into the home folder unless this is set before it is loaded.
process.env["ORT_DISABLE_TELEMETRY"] = "1";

type Runtime = typeof import("onnxruntime-node");

/** The runtimes that models are run by. */
export const runtimes = {
  node: (): Promise<Runtime> => import("onnxruntime-node"),
  web: async (): Promise<Runtime> => {
    const runtime = await import("onnxruntime-web");
    runtime.env.wasm.numThreads = 1;
    // Both packages have the interface of onnxruntime-common.
    return runtime as unknown as Runtime;
  },
} as const;

/** Our element types by the runtime's names. */
const dtypes: { readonly [type: string]: DType } = {
  float32: "f32",
  float64: "f64",
  float16: "f16",
  int64: "i64",
  int32: "i32",
  int16: "i16",
  int8: "i8",
  uint64: "u64",
  uint32: "u32",
  uint16: "u16",
  uint8: "u8",
  bool: "bool",
};
const typeNames = new Map(Object.entries(dtypes).map(([type, dtype]) => [dtype, type]));

/** A model that is loaded. */
export interface Loaded {
  readonly session: InferenceSession;
  tensor(value: TensorValue): Tensor;
  run(feeds: State): Promise<State>;
}

export async function load(
  bytes: Uint8Array,
  { Tensor: TensorClass, InferenceSession: Session }: Runtime,
): Promise<Loaded> {
  const session = await Session.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const tensor = ({ dtype, shape, data }: TensorValue): Tensor =>
    // The table has the runtime's name of the type, and the array is that type's.
    new TensorClass(typeNames.get(dtype) as "float32", data as Float32Array, shape);
  return {
    session,
    tensor,
    async run(feeds) {
      const results = await session.run(
        Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, tensor(value)])),
      );
      return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, valueOf(result)]));
    },
  };
}

/** A tensor of the runtime as a value of ours. */
export function valueOf({ type, dims, data }: Tensor): TensorValue {
  const dtype = dtypes[type];
  if (dtype === undefined) throw new Error(`a result of type ${type}`);
  // Half floats come as Float16Array where the engine has it.
  const { buffer, byteOffset, length } = data as TypedArray;
  return tensorValue(dtype, dims, new dtypeInfo[dtype].array(buffer, byteOffset, length));
}
