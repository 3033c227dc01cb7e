#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { addArtifact } from "./measure/artifact.ts";
import { nodeProgram } from "./partners/child.ts";
import type { Chromium } from "./partners/chromium.ts";
import { engineOf, machine, pythonWithTorch } from "./partners/engines.ts";
import { inFolder } from "./tasks/folder.ts";
import { runLinear } from "./measure/linear.ts";
import { type ContestantName, type Platform, isOn, isOwn } from "./contestants/names.ts";
import { type Options, UsageError, help, parseOptions } from "./options.ts";
import { pairsOf } from "./measure/pairs.ts";
import { type Place, chromiumPlace, nodePlace } from "./partners/places.ts";
import { page } from "./report/report.ts";
import { runGroup } from "./measure/rounds.ts";
import { type Line, parseLine } from "./measure/rows.ts";
import { Unavailable } from "./partners/unavailable.ts";
import { dataOf, expectedOf } from "./tasks/workloads/kinds.ts";
import { type WorkloadName, platformsOf, workloads } from "./tasks/workloads/table.ts";

/** One workload wherever it runs and one of ours with it. */
async function* measured(
  name: WorkloadName,
  options: Options,
  places: readonly Place[],
): AsyncGenerator<readonly Line[]> {
  const namesOn = (platform: Platform): readonly ContestantName[] =>
    [...options.backend, ...options.peer].filter((entrant) => isOn(platform, entrant));
  const chosen = places.filter(
    ({ platform }) => platformsOf(name).includes(platform) && namesOn(platform).some(isOwn),
  );
  if (chosen.length === 0) return;
  const workload = workloads[name];
  const arrays = dataOf(workload.task);
  const expected = expectedOf(workload.task, arrays);
  const { rounds, limit } = options;
  for (const { platform, title, node, major, threads, adapter, starter } of chosen) {
    process.stderr.write(`${name} on ${title}\n`);
    const entrants = threads.flatMap((count) =>
      namesOn(platform).map((entrant) => ({ name: entrant, threads: count })),
    );
    const outcomes = await inFolder(arrays, (folder) => {
      addArtifact(folder, { workload, major, entrants }, arrays);
      return runGroup({
        workload,
        entrants,
        major,
        rounds,
        limit,
        expected,
        starter: (contestant) => starter(contestant, folder),
      });
    });
    const facts = { workload: name, rounds, node, ...machine(), ...(adapter !== undefined && { adapter }) };
    yield pairsOf(outcomes, facts);
  }
}

/** Its bundler and driver are loaded where they are needed. */
const openChromium = async (): Promise<Chromium> => (await import("./partners/chromium.ts")).Chromium.open();

/** All that was asked for, as it comes. */
async function* lines(options: Options): AsyncGenerator<readonly Line[]> {
  const { platform, threads, rounds, limit } = options;
  await using chromium = platform.includes("chromium") ? await openChromium() : undefined;
  const engines = platform.includes("node") ? options.node.map(engineOf) : [];
  const python = engines.length > 0 && options.peer.includes("pytorch") ? pythonWithTorch() : undefined;
  const places = [
    ...engines.map((engine) => nodePlace(engine, python, threads)),
    ...(chromium === undefined ? [] : [await chromiumPlace(chromium)]),
  ];
  for (const name of options.workload) {
    if (name !== "linear") yield* measured(name, options, places);
    else {
      for (const { version, path } of engines) {
        process.stderr.write(`linear on Node ${version}\n`);
        yield await runLinear({ rounds, limit, node: version, program: nodeProgram(path) });
      }
    }
  }
}

const readLines = (file: string): readonly Line[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map(parseLine);

async function run(options: Options): Promise<void> {
  const all: Line[] = options.from.flatMap(readLines);
  if (options.from.length === 0) {
    for await (const some of lines(options)) {
      all.push(...some);
      if (options.json) for (const line of some) process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  }
  if (all.length === 0) throw new UsageError("nothing that was asked for runs there; --help tells what does");
  const text = page(all);
  if (options.write) writeFileSync(new URL("../../../docs/benchmarks.md", import.meta.url), text);
  else if (!options.json) process.stdout.write(text);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Unavailable)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
