import { cnn, mlp } from "../src/tasks/networks.ts";
import type { Task } from "../src/tasks/task.ts";

const tinyCnn = cnn(6, 8, [2, 3]);

/** Every kind of task in sizes that take milliseconds. */
export const small = {
  "mlp-train": { kind: "train", network: mlp(8), batch: 6, checkedSteps: 4 },
  "cnn-train": { kind: "train", network: tinyCnn, batch: 4, checkedSteps: 4 },
  "mlp-infer": { kind: "infer", network: mlp(8), batch: 3 },
  "cnn-infer": { kind: "infer", network: tinyCnn, batch: 3 },
  gemm: { kind: "gemm", size: 12 },
  elementwise: { kind: "elementwise", elements: 40 },
  softmax: { kind: "softmax", rows: 5, columns: 9 },
} as const satisfies { readonly [name: string]: Task };
