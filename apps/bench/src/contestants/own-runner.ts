import { type Backend, compile } from "@adjoint/compiler";
import { type Arrays, floats } from "../tasks/arrays.ts";
import type { Runner } from "./runner.ts";
import { sessionRunner } from "./session-runner.ts";
import type { Task } from "../tasks/task.ts";
import { graphOf } from "../tasks/workloads/kinds.ts";

/** A task on one of our backends, which compiles our graph of it. */
export async function ownRunner(
  backend: Backend,
  task: Task,
  arrays: Arrays,
): Promise<Omit<Runner, "version">> {
  const { graph, state, result } = graphOf(task, (array) => floats(arrays, array));
  return sessionRunner(await compile({ main: graph }, { backend, state }), task, arrays, result);
}
