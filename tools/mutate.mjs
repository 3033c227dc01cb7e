// Do the tests notice a change of the code? `pnpm mutate --file packages/compiler/src/plan.ts` changes the file in one small
// way after the other and runs the tests that reach it: a change that they all pass is printed as a survivor. What survives is
// missing a test, or is a line that nothing needs, or is the same program in other words.
// A change that the type checker refuses, or that keeps a test file from being read, counts as noticed; Stryker overlooks both, so
// what it calls a survivor is tried once more by itself.
// It works on a copy of the files as they are now, so that nothing that is stopped half-way leaves a changed source behind.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * The part of the mutation testing report's format that is read here; lines and columns from 1.
 * @typedef {{ line: number, column: number }} Position
 * @typedef {{ status: string, mutatorName: string, replacement: string, location: { start: Position, end: Position } }} Mutant
 * @typedef {{ files: { [file: string]: { source: string, mutants: Mutant[] } } }} Report
 */

const root = fileURLToPath(new URL("..", import.meta.url));
const help = `pnpm mutate --file PATH [--file PATH …] [--tests GLOB …] [--strings] [--json FILE]

  --file PATH    a source file, or a glob, from the root; PATH:10-40 for some of its lines
  --tests GLOB   the tests that should notice; else those of the file's package, and for a backend the conformance suite
  --strings      change texts too; most are the words of messages
  --json FILE    every mutant and what became of it, in the mutation testing report's format
`;

/** @type {(message: string) => never} */
function refuse(message) {
  process.stderr.write(`${message}\n\n${help}`);
  process.exit(2);
}

/** @type {(file: string) => readonly string[]} */
function testsOf(file) {
  const [top, name] = file.split("/");
  if ((top !== "packages" && top !== "apps") || name === undefined) refuse(`${file} is in no package`);
  const own = `${top}/${name}/test/**/*.test.ts`;
  const backend = /^backend-(cpu|wasm)$/.exec(name)?.[1];
  if (backend !== undefined) return [own, `test/conformance/${backend}.test.ts`];
  return name === "compiler" ? [own, "test/conformance/cpu.test.ts"] : [own];
}

const given = parsed();

function parsed() {
  try {
    return parseArgs({
      options: {
        file: { type: "string", multiple: true },
        tests: { type: "string", multiple: true },
        strings: { type: "boolean" },
        json: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

if (given.help) {
  process.stdout.write(help);
  process.exit(0);
}
const files = given.file ?? refuse("which file?");
const tests = given.tests ?? [...new Set(files.flatMap(testsOf))];

/** @type {(command: string, args: readonly string[], cwd: string, stdio?: "inherit" | "ignore") => number} */
const run = (command, args, cwd, stdio = "inherit") => spawnSync(command, args, { cwd, stdio }).status ?? 1;

/**
 * Puts a mutant into its file and asks the type checker and all the tests.
 * @type {(folder: string, file: string, source: string, mutant: Mutant) => boolean}
 */
function isNoticed(folder, file, source, { location: { start, end }, replacement }) {
  const offset = (/** @type {Position} */ { line, column }) =>
    source
      .split("\n")
      .slice(0, line - 1)
      .join("\n").length +
    (line > 1 ? 1 : 0) +
    column -
    1;
  const changed = source.slice(0, offset(start)) + replacement + source.slice(offset(end));
  writeFileSync(join(folder, file), changed);
  try {
    const project = file.split("/").slice(0, 2).join("/");
    return (
      run("npx", ["tsc", "-b", project], folder, "ignore") !== 0 ||
      run("npx", ["vitest", "run", "--bail", "1", "-c", "vitest.mutate.config.ts"], folder, "ignore") !== 0
    );
  } finally {
    writeFileSync(join(folder, file), source);
  }
}

/**
 * Tries survivors again, corrects the report, and prints what is left.
 * @type {(folder: string, report: Report) => void}
 */
function judge(folder, report) {
  const lines = [];
  for (const [file, { source, mutants }] of Object.entries(report.files)) {
    const counted = mutants.filter(({ status }) => status !== "Ignored" && status !== "CompileError");
    for (const mutant of counted) {
      if (mutant.status !== "Survived" && mutant.status !== "NoCoverage") continue;
      if (isNoticed(folder, file, source, mutant)) mutant.status = "Killed";
      else {
        const { line, column } = mutant.location.start;
        const text = source.split("\n")[line - 1]?.trim();
        process.stdout.write(
          `${file}:${line}:${column} ${mutant.mutatorName}\n  ${text}\n  → ${mutant.replacement}\n`,
        );
      }
    }
    const killed = counted.filter(({ status }) => status === "Killed" || status === "Timeout").length;
    const share = counted.length === 0 ? 100 : (100 * killed) / counted.length;
    lines.push(`${share.toFixed(1)} %  ${killed} of ${counted.length}  ${file}\n`);
  }
  process.stdout.write(lines.join(""));
}

const copy = mkdtempSync(join(tmpdir(), "adjoint-mutate-"));
const clean = () => rmSync(copy, { recursive: true, force: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, () => (clean(), process.exit(130)));
try {
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  for (const file of stdout.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  writeFileSync(
    join(copy, "vitest.mutate.config.ts"),
    `import { defineConfig } from "vitest/config";
const conditions = ["@adjoint/source", "module", "node", "development|production"];
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
  test: { include: ${JSON.stringify(tests)}, testTimeout: 20_000, pool: "threads" },
});
`,
  );
  const report = join(copy, "mutation.json");
  writeFileSync(
    join(copy, "stryker.config.json"),
    JSON.stringify({
      testRunner: "vitest",
      plugins: ["@stryker-mutator/vitest-runner"],
      vitest: { configFile: "vitest.mutate.config.ts", related: true },
      mutate: files,
      mutator: { excludedMutations: given.strings ? [] : ["StringLiteral"] },
      inPlace: true,
      // It would write a line at the top of each file, and some tests read sources.
      disableTypeChecks: false,
      concurrency: 2,
      timeoutMS: 20_000,
      reporters: ["json"],
      jsonReporter: { fileName: report },
      allowEmpty: false,
    }),
  );
  const installed = run(
    process.execPath,
    ["tools/pnpm.mjs", "install", "--prefer-offline", "--frozen-lockfile"],
    copy,
  );
  process.exitCode =
    installed === 0 ? run("npx", ["stryker", "run", "stryker.config.json"], copy) : installed;
  if (process.exitCode === 0) {
    const found = JSON.parse(readFileSync(report, "utf8"));
    judge(copy, found);
    if (given.json !== undefined) writeFileSync(given.json, JSON.stringify(found));
  }
} finally {
  clean();
}
