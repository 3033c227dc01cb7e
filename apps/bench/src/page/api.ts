import type { ContestantName } from "../contestants/names.ts";
import type { Job } from "../tasks/task.ts";
import type { Entry, Turn } from "../contestants/turns.ts";

/** The functions of a page, for the process that opened it. */
interface PageApi {
  /** The adapter of its WebGPU, in the adapter's own words; undefined without one. */
  adapter(): Promise<string | undefined>;
  /** Loads a library, shows its results and warms up. */
  enter(contestant: ContestantName<"chromium">, job: Job): Promise<Entry>;
  /** Runs a burst of at least so many milliseconds. */
  turn(milliseconds: number): Promise<Turn>;
}

declare global {
  var contestant: PageApi;
}
