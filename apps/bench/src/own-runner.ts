import { type Backend, compile } from "@adjoint/compiler";
import { type Arrays, floats, integers } from "./arrays.ts";
import { type Runner, labelSets, roundAndRound } from "./runner.ts";
import type { Task } from "./task.ts";
import { graphOf } from "./workloads/kinds.ts";

/** A task on one of our backends: a step is a run of the compiled program. */
export async function ownRunner(
  backend: Backend,
  task: Task,
  arrays: Arrays,
): Promise<Omit<Runner, "version">> {
  const { graph, state, result } = graphOf(task, (array) => floats(arrays, array));
  const session = await compile({ main: graph }, { backend, state });
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
    result: async () => {
      const register = result ?? "";
      // The results of these tasks are f32.
      return (await session.state([register]))[register]?.data as Float32Array;
    },
  };
}
