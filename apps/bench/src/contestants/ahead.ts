// The imports of an app that opens an artifact, and no more: no compiler, no layers, no operations.
import { readFileSync } from "node:fs";
import { openArtifact } from "@adjoint/backend-wasm/artifact";
import { floats } from "../tasks/arrays.ts";
import { artifactIn } from "../tasks/folder.ts";
import { enableFused } from "./fused.ts";
import type { Prepare } from "./runner.ts";
import { type Main, sessionRunner } from "./session-runner.ts";
import { ownVersion } from "./version.ts";
import { stateOf } from "../tasks/workloads/state.ts";

/** Ours, compiled before: the file lies beside the data. */
export const prepareAhead =
  (folder: string): Prepare =>
  async ({ task, threads }, arrays) => {
    if (!("network" in task)) throw new Error("its registers are a network's parameters");
    enableFused();
    const state = stateOf(task.network, (name) => floats(arrays, name));
    const session = await openArtifact<Main>(readFileSync(artifactIn(folder)), { state, threads });
    return { version: ownVersion(), ...sessionRunner(session, task, arrays) };
  };
