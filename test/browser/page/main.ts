import type { Failure, Report, Task, Works } from "../task.ts";
import { open } from "./backends.ts";
import { conformance } from "./conformance.ts";
import { digests } from "../digests.ts";
import { training } from "./training.ts";
import type { Backend } from "@adjoint/compiler";

/** The test gives this function to the page, to hear of the result. */
declare const report: (result: Report<keyof Works> | Failure) => Promise<void>;

const works: {
  readonly [W in keyof Works]: (backend: Backend, ask: Works[W]["ask"]) => Promise<Works[W]["answer"]>;
} = { conformance, digests, training };

async function perform<W extends keyof Works>({ work, ask }: Task<W>): Promise<Report<W>> {
  const { backend, threads } = await open[ask.backend]();
  const start = performance.now();
  const answer = await works[work](backend, ask);
  const milliseconds = performance.now() - start;
  backend[Symbol.dispose]?.();
  return { isolated: crossOriginIsolated, evaluates: evaluates(), threads, milliseconds, answer };
}

function evaluates(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}

try {
  // The test has written what is in the address.
  await report(await perform(JSON.parse(decodeURIComponent(location.search.slice(1))) as Task<keyof Works>));
} catch (error) {
  await report({ error: error instanceof Error ? String(error.stack) : String(error) });
}
