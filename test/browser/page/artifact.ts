import { openArtifact } from "@adjoint/backend-wasm/artifact";
import type { SmallPage } from "../small-page.ts";
import { type TrainingEntries, barBatches, trainOn } from "../steps.ts";

// The imports of a page that trains a network compiled ahead of time: its runtime, and its artifact.
const page: SmallPage = {
  async train({ threads, size, steps }) {
    const response = await fetch("/mlp.adjoint");
    await using session = await openArtifact<TrainingEntries>(await response.arrayBuffer(), {
      seed: 1,
      threads,
    });
    return await trainOn(session, barBatches(size), steps);
  },
};
Object.assign(globalThis, page);
