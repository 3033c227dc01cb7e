import { wasm } from "@adjoint/backend-wasm";
import { trainMlp } from "../mlp.ts";
import type { SmallPage } from "../small-page.ts";
import { barBatches } from "../steps.ts";

// The imports of a page that declares, compiles and trains a network: the library, and nothing for data.
const page: SmallPage = {
  async train({ threads, size, steps }) {
    using backend = await wasm({ threads });
    const deadline = performance.now() + 10_000;
    while (crossOriginIsolated && backend.threads < threads && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 1));
    return await trainMlp(backend, barBatches(size), steps);
  },
};
Object.assign(globalThis, page);
