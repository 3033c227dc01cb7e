import type { Session } from "@adjoint/compiler/session";
import type { Graph } from "@adjoint/ir";
import { type Arrays, floats, integers } from "../tasks/arrays.ts";
import { type Runner, labelSets, roundAndRound } from "./runner.ts";
import type { Task } from "../tasks/task.ts";

/** The only entry of each session is our graph of the task. */
export type Main = { readonly main: Graph };

/**
 * A task in a session that has its program, from wherever: a step is a run of it.
 * @param result the register that holds the result, where it stays on the device.
 */
export function sessionRunner(
  session: Session<Main>,
  task: Task,
  arrays: Arrays,
  result = "",
): Omit<Runner, "version"> {
  if (task.kind === "train") {
    const images = floats(arrays, "images");
    const next = roundAndRound(labelSets(integers(arrays, "labels"), task.batch));
    return {
      step: async () => {
        const { loss } = await session.run("main", { images, labels: next() });
        return loss?.item();
      },
    };
  }
  if (task.kind === "infer") {
    const images = floats(arrays, "images");
    let logits: ArrayLike<number> = [];
    return {
      step: async () => {
        const outputs = await session.run("main", { images });
        // Logits are f32.
        logits = outputs["logits"]?.data as Float32Array;
      },
      result: () => logits,
    };
  }
  return {
    step: async () => {
      await session.run("main", {});
    },
    // The results of these tasks are f32.
    result: async () => (await session.state([result]))[result]?.data as Float32Array,
  };
}
