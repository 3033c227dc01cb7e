import type { ContestantName } from "./names.ts";
import type { Task } from "../tasks/task.ts";
import type { Workload } from "../tasks/workloads/table.ts";

/** The environment that a contestant would run in. */
interface Occasion {
  readonly workload: Workload;
  readonly threads: number;
  /** Major version of Node or Chromium. */
  readonly major: number;
}

export interface Contestant {
  readonly about: string;
  /** Runs on Python instead of Node. */
  readonly python?: true;
  /** Runs our program from a file that is compiled before it starts. */
  readonly runsArtifact?: true;
  /** Why it can't, or nothing if it can. */
  cannot(occasion: Occasion): string | undefined;
}

const hasConvolution = (task: Task): boolean =>
  "network" in task && task.network.layers.some(({ kind }) => kind === "conv");

const oneThread = ({ threads }: Occasion, why: string): string | undefined => (threads > 1 ? why : undefined);

const noTraining = ({ workload }: Occasion): string | undefined =>
  workload.task.kind === "train" ? "runs models, doesn't train them" : undefined;

const own = (about: string, cannot: Contestant["cannot"] = () => undefined): Contestant => ({
  about,
  cannot,
});

/** All that take part. */
export const contestants: { readonly [name in ContestantName]: Contestant } = {
  cpu: own("JavaScript over typed arrays, one thread", (occasion) =>
    oneThread(occasion, "runs on one thread"),
  ),
  wasm: own("WebAssembly with 128-bit vectors, `deterministic: true`"),
  "wasm-fused": own(
    "WebAssembly with relaxed multiply-add, the default where the engine has it; Node 20 needs V8's flag `--experimental-wasm-relaxed-simd`",
  ),
  "wasm-wide": own("the same after `enableWideVectors()`, from Node 24 on", ({ major }) =>
    major < 24 ? "this version of Node doesn't join vectors" : undefined,
  ),
  "wasm-ahead": {
    about:
      "an artifact of `buildArtifact` with the instructions of `wasm-fused`, opened by `openArtifact`: nothing is compiled but WebAssembly",
    runsArtifact: true,
    cannot: ({ workload }) =>
      workload.wholeProcess === true
        ? undefined
        : "has the steps of `wasm-fused`, and differs in how a process starts",
  },
  "tfjs-cpu": {
    about: "TensorFlow.js, plain JavaScript",
    cannot: (occasion) => oneThread(occasion, "runs on one thread"),
  },
  "tfjs-wasm": {
    about: "TensorFlow.js, WebAssembly with XNNPACK",
    cannot: (occasion) => {
      const { task } = occasion.workload;
      return task.kind === "train" && hasConvolution(task)
        ? "has no kernel Conv2DBackpropFilter"
        : oneThread(occasion, "turns its threads off in Node");
    },
  },
  "jax-js": {
    about: "jax-js on its WebAssembly device",
    cannot: (occasion) => oneThread(occasion, "runs on one thread in Node, which has no global Worker"),
  },
  "onnxruntime-web": { about: "ONNX Runtime in WebAssembly", cannot: noTraining },
  "onnxruntime-node": { about: "ONNX Runtime, native", cannot: noTraining },
  pytorch: { about: "PyTorch, native, eager", python: true, cannot: () => undefined },
  webgpu: own("WebGPU"),
  "tfjs-webgpu": { about: "TensorFlow.js, WebGPU", cannot: () => undefined },
  "jax-js-webgpu": { about: "jax-js on its WebGPU device", cannot: () => undefined },
  "onnxruntime-webgpu": {
    about: "ONNX Runtime in WebAssembly, its WebGPU execution provider",
    cannot: noTraining,
  },
};
