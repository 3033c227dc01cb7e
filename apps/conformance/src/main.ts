#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { countsOf } from "./counts.ts";
import { readOptions, usage } from "./options.ts";
import { runAll } from "./pool.ts";
import { lostTests, record } from "./record.ts";
import { jsonLine, textReport } from "./report.ts";
import { findTests } from "./tests.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const options = readOptions(args, root);
  const tests = findTests(options.data).filter(({ folder, test }) =>
    `${folder}/${test}`.includes(options.filter),
  );
  if (tests.length === 0) throw new Error(`no tests in ${options.data} hold "${options.filter}"`);
  const results = await runAll(tests, {
    ...options,
    onResult: (result) => {
      if (options.json) console.log(jsonLine(result));
    },
  });
  console.log(options.json ? JSON.stringify(countsOf(results)) : textReport(results));
  const lost = lostTests(root, options.backend, results);
  if (options.update && options.filter === "") record(root, options.backend, results);
  for (const { folder, test, reason } of lost)
    console.error(`${folder}/${test} passed before and does not now: ${reason}`);
  return lost.length > 0 && !options.update ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`\n${usage}`);
  process.exitCode = 2;
}
