#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { nodeProgram, pythonProgram } from "./child.ts";
import { type ContestantName, contestants } from "./contestants.ts";
import { type Engine, engineOf, machine, pythonWithTorch } from "./engines.ts";
import { inFolder } from "./folder.ts";
import { runLinear } from "./linear.ts";
import { type Options, UsageError, help, parseOptions } from "./options.ts";
import { pairsOf } from "./pairs.ts";
import { page } from "./report.ts";
import { runGroup } from "./rounds.ts";
import { type Line, parseLine } from "./rows.ts";
import { dataOf, expectedOf } from "./workloads/kinds.ts";
import { type WorkloadName, workloads } from "./workloads/table.ts";

/** One workload on every version of Node. */
async function* measured(
  name: WorkloadName,
  options: Options,
  engines: readonly Engine[],
  python: string | undefined,
): AsyncGenerator<readonly Line[]> {
  const workload = workloads[name];
  const arrays = dataOf(workload.task);
  const expected = expectedOf(workload.task, arrays);
  const names: readonly ContestantName[] = [...options.backend, ...options.peer];
  for (const { major, version, path } of engines) {
    process.stderr.write(`${name} on Node ${version}\n`);
    const outcomes = await inFolder(arrays, (folder) =>
      runGroup({
        workload,
        entrants: options.threads.flatMap((threads) => names.map((entrant) => ({ name: entrant, threads }))),
        major,
        rounds: options.rounds,
        limit: options.limit,
        folder,
        expected,
        program: (contestant) =>
          contestants[contestant].python !== true
            ? nodeProgram(path)
            : python === undefined
              ? undefined
              : pythonProgram(python),
      }),
    );
    yield pairsOf(outcomes, { workload: name, rounds: options.rounds, node: version, ...machine() });
  }
}

/** All that was asked for, as it comes. */
async function* lines(options: Options): AsyncGenerator<readonly Line[]> {
  const engines = options.node.map(engineOf);
  const python = options.peer.includes("pytorch") ? pythonWithTorch() : undefined;
  for (const name of options.workload) {
    if (name !== "linear") yield* measured(name, options, engines, python);
    else {
      for (const { version, path } of engines) {
        process.stderr.write(`linear on Node ${version}\n`);
        const { rounds, limit } = options;
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
  const text = page(all);
  if (options.write) writeFileSync(new URL("../../../docs/benchmarks.md", import.meta.url), text);
  else if (!options.json) process.stdout.write(text);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
