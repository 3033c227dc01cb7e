import { nodeProgram, pythonProgram, Child } from "./child.ts";
import type { Chromium } from "./chromium.ts";
import { contestants } from "../contestants/table.ts";
import type { Engine } from "./engines.ts";
import { type ContestantName, type Platform, isOn } from "../contestants/names.ts";
import type { Start } from "./partner.ts";

/** An environment that contestants run in by turns. */
export interface Place {
  readonly platform: Platform;
  readonly title: string;
  /** As a line of JSON has it. */
  readonly node: string;
  readonly major: number;
  readonly threads: readonly number[];
  readonly adapter?: string;
  /** Starts a contestant beside the files of its data; undefined if something that it needs is not installed. */
  starter(name: ContestantName, folder: string): Start | undefined;
}

/** A version of Node, and a Python that has PyTorch if there is one. */
export const nodePlace = (
  { major, version, path }: Engine,
  python: string | undefined,
  threads: readonly number[],
): Place => ({
  platform: "node",
  title: `Node ${version}`,
  node: version,
  major,
  threads,
  starter: (contestant, folder) => {
    const needsPython = contestants[contestant].python === true;
    if (needsPython && python === undefined) return undefined;
    const program = needsPython && python !== undefined ? pythonProgram(python) : nodeProgram(path);
    return (job) => new Child(program, { ...job, contestant, folder });
  },
});

/** Threads are of no account: the work is the adapter's. */
export async function chromiumPlace(chromium: Chromium): Promise<Place> {
  const { version } = chromium;
  const title = `Chromium ${version}`;
  return {
    platform: "chromium",
    title,
    node: title,
    major: Number.parseInt(version),
    threads: [1],
    adapter: await chromium.adapter(),
    starter: (name) => (isOn("chromium", name) ? chromium.starter(name) : undefined),
  };
}
