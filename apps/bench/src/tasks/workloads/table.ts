import type { Platform } from "../../contestants/names.ts";
import { cnn, mlp } from "../networks.ts";
import type { Task } from "../task.ts";

/** A row of the comparison. */
export interface Workload {
  readonly task: Task;
  /** The unit of work of one measured time. */
  readonly about: string;
  /** Measured as a whole process, from its start to its end. */
  readonly wholeProcess?: true;
  /** The environments it is measured in, if not in Node alone. */
  readonly platforms?: readonly Platform[];
}

export const workloadNames = [
  "mlp-train",
  "cnn-train",
  "mlp-infer-1",
  "mlp-infer-100",
  "cnn-infer-1",
  "cnn-infer-100",
  "gemm-512",
  "gemm-1024",
  "elementwise-1m",
  "softmax-rows",
  "first-step",
  "tiny-train",
  "tiny-infer",
] as const;

export type WorkloadName = (typeof workloadNames)[number];

/** Small enough for a software adapter too. */
const everywhere: readonly Platform[] = ["node", "chromium"];

/** Work that is nothing. */
const tiny = mlp(4, 4);

const mlpStep: Task = { kind: "train", network: mlp(), batch: 100, checkedSteps: 3 };
const images = (batch: number): string => (batch === 1 ? "one image" : `${batch} images`);
const infer = (name: "MLP" | "CNN", batch: number): Workload => ({
  task: { kind: "infer", network: name === "MLP" ? mlp() : cnn(), batch },
  about: `the ${name}'s logits of ${images(batch)}, from host memory to host memory`,
});
const gemm = (size: number): Workload => ({
  task: { kind: "gemm", size },
  about: `c = a·b of ${size}×${size} matrices in f32`,
});

export const workloads: { readonly [name in WorkloadName]: Workload } = {
  "mlp-train": {
    task: mlpStep,
    about: "a training step of 784-500-10 with ReLU, cross-entropy and Adam, batch 100",
    platforms: everywhere,
  },
  "cnn-train": {
    task: { kind: "train", network: cnn(), batch: 64, checkedSteps: 2 },
    about:
      "a training step of conv 5×5×32, ReLU, pool, conv 5×5×64, ReLU, pool, dense 512, ReLU, dense 10 with cross-entropy and Adam, batch 64",
  },
  "mlp-infer-1": { ...infer("MLP", 1), platforms: everywhere },
  "mlp-infer-100": { ...infer("MLP", 100), platforms: everywhere },
  "cnn-infer-1": infer("CNN", 1),
  "cnn-infer-100": infer("CNN", 100),
  "gemm-512": { ...gemm(512), platforms: everywhere },
  "gemm-1024": gemm(1024),
  "elementwise-1m": {
    task: { kind: "elementwise", elements: 2 ** 20 },
    about: "y = tanh(a·x + b)·sigmoid(x) + relu(x) of 2²⁰ elements",
    platforms: everywhere,
  },
  "softmax-rows": {
    task: { kind: "softmax", rows: 4096, columns: 1000 },
    about: "softmax of each of 4096 rows of 1000",
    platforms: everywhere,
  },
  "first-step": {
    task: mlpStep,
    about: "a process from its start to its end that does the first training step of the MLP",
    wholeProcess: true,
  },
  "tiny-train": {
    task: { kind: "train", network: tiny, batch: 1, checkedSteps: 3 },
    about: "a training step of 4-4-10 on one image: what a step costs beside its kernels",
    platforms: ["chromium"],
  },
  "tiny-infer": {
    task: { kind: "infer", network: tiny, batch: 1 },
    about: "logits of 4-4-10 for one image, from host memory to host memory",
    platforms: ["chromium"],
  },
};

/** The environments that a workload is measured in. */
export const platformsOf = (name: WorkloadName): readonly Platform[] => workloads[name].platforms ?? ["node"];
