import { writeFileSync } from "node:fs";
import { buildArtifact } from "@adjoint/backend-wasm";
import { type Arrays, floats } from "../tasks/arrays.ts";
import { contestants } from "../contestants/table.ts";
import { artifactIn } from "../tasks/folder.ts";
import type { Group } from "./rounds.ts";
import { graphOf } from "../tasks/workloads/kinds.ts";

/**
 * Compiles our graph of a workload to a file beside its data, for as many threads as the entrants have that run such a
 * file; writes nothing where none does.
 */
export function addArtifact(
  folder: string,
  { workload, major, entrants }: Pick<Group, "workload" | "major" | "entrants">,
  arrays: Arrays,
): void {
  const { task } = workload;
  const threads = entrants.flatMap((entrant) => {
    const { runsArtifact, cannot } = contestants[entrant.name];
    const takesPart = cannot({ workload, major, threads: entrant.threads }) === undefined;
    return runsArtifact === true && takesPart ? [entrant.threads] : [];
  });
  if (threads.length === 0) return;
  const { graph } = graphOf(task, (name) => floats(arrays, name));
  const sizes = "batch" in task ? [{ batch: task.batch }] : [{}];
  const file = buildArtifact({ main: graph }, { sizes, fused: true, threads: Math.max(...threads) });
  writeFileSync(artifactIn(folder), file);
}
