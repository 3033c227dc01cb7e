import type { Arrays } from "../arrays.ts";
import { randomFrom } from "../random.ts";
import type { Task } from "../task.ts";
import { elementwise } from "./elementwise.ts";
import { gemm } from "./gemm.ts";
import type { Kind, OwnGraph } from "./kind.ts";
import { inference, training } from "./network.ts";
import { softmaxRows } from "./softmax.ts";

const kinds: { readonly [kind in Task["kind"]]: Kind<Extract<Task, { readonly kind: kind }>> } = {
  train: training,
  infer: inference,
  gemm,
  elementwise,
  softmax: softmaxRows,
};

// A task's kind picks the row that takes it.
const kindOf = (task: Task): Kind<Task> => kinds[task.kind] as Kind<Task>;

/** All data come from this seed. */
const SEED = 20;

/** The data of a task, the same in every run. */
export const dataOf = (task: Task): Arrays => kindOf(task).data(task, randomFrom(SEED));

/** Our graph of a task and the state that it starts from. */
export const graphOf = (task: Task, arrays: (name: string) => Float32Array): OwnGraph =>
  kindOf(task).graph(task, arrays);

/** The reference of a task, and its tolerance. */
export const expectedOf = (
  task: Task,
  arrays: Arrays,
): { readonly values: readonly number[]; readonly tolerance: number } => ({
  values: kindOf(task).reference(task, arrays),
  tolerance: kindOf(task).tolerance,
});

/** Floating-point operations of one run, where a share of the peak is told. */
export const operationsOf = (task: Task): number | undefined => kindOf(task).operations?.(task);
