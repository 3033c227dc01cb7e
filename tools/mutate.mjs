// Do the tests notice a change of the code? `pnpm mutate --file packages/compiler/src/memory/plan.ts` changes the file in one small
// way after the other and runs the tests that reach it: a change that they all pass is printed as a survivor. What survives is
// missing a test, or is a line that nothing needs, or is the same program in other words.
// A file has hundreds of such changes and each takes a second or so: `--sample 0.1` tries a tenth of them, another tenth each time.
// A change that the type checker refuses, or that keeps a test file from being read, counts as noticed; Stryker overlooks both, so
// what it calls a survivor is put to both once more.
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
 * @typedef {{ status: string, static?: boolean, mutatorName: string, replacement: string, location: { start: Position, end: Position } }} Mutant
 * @typedef {{ files: { [file: string]: { source: string, mutants: Mutant[] } } }} Report
 * @typedef {{ file: string, source: string, mutant: Mutant }} Change a mutant and the file that it is in.
 */

const root = fileURLToPath(new URL("..", import.meta.url));
const help = `pnpm mutate --file PATH [--file PATH …] [--tests GLOB …] [--sample SHARE [--seed N]] [--strings] [--json FILE]

  --file PATH    a source file, or a glob, from the root; PATH:10-40 for some of its lines
  --tests GLOB   the tests that should notice; else those of the file's package, and for a backend the conformance suite
  --sample SHARE tries only this share of the changes, from 0 to 1, drawn by chance
  --seed N       draws the same again; else a new one is made, and printed
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
        sample: { type: "string" },
        seed: { type: "string" },
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
const share = Number(given.sample ?? 1);
if (!(share > 0 && share <= 1)) refuse(`--sample ${given.sample}: a number above 0 and up to 1`);
const seed = Number(given.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(seed)) refuse(`--seed ${given.seed}: a whole number`);
const tests = given.tests ?? [...new Set(files.flatMap(testsOf))];

/** @type {(command: string, args: readonly string[], cwd: string, stdio?: "inherit" | "ignore") => number} */
const run = (command, args, cwd, stdio = "inherit") => spawnSync(command, args, { cwd, stdio }).status ?? 1;

/**
 * A mutant in its place.
 * @type {(source: string, mutant: Mutant) => string}
 */
function changed(source, { location: { start, end }, replacement }) {
  const lines = source.split("\n");
  const offset = (/** @type {Position} */ { line, column }) =>
    lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
  return source.slice(0, offset(start)) + replacement + source.slice(offset(end));
}

/**
 * Those of some changes, one a file at most, that the type checker refuses. All are checked at once: exports have written types,
 * so that a mistake shows in its own file.
 * @type {(folder: string, round: readonly Change[]) => readonly Change[]}
 */
function refused(folder, round) {
  for (const { file, source, mutant } of round) writeFileSync(join(folder, file), changed(source, mutant));
  const projects = new Set(round.map(({ file }) => file.split("/").slice(0, 2).join("/")));
  const { stdout } = spawnSync("npx", ["tsc", "--pretty", "false", "-b", ...projects], {
    cwd: folder,
    encoding: "utf8",
  });
  for (const { file, source } of round) writeFileSync(join(folder, file), source);
  const wrong = new Set(Array.from(stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm), ([, file]) => file));
  return round.filter(({ file }) => wrong.has(file));
}

/**
 * Whether a test file can't be read with a change, which acts while modules are loaded. No test of them is run.
 * @type {(folder: string, change: Change) => boolean}
 */
function isUnreadable(folder, { file, source, mutant }) {
  writeFileSync(join(folder, file), changed(source, mutant));
  const none = ["--testNamePattern", "^$", "--bail", "1", "-c", "vitest.mutate.config.ts"];
  const failed = run("npx", ["vitest", "related", file, "--run", ...none], folder, "ignore") !== 0;
  writeFileSync(join(folder, file), source);
  return failed;
}

/**
 * Tries survivors again, corrects the report, and prints what is left.
 * @type {(folder: string, report: Report) => void}
 */
function judge(folder, report) {
  // The sample's checker gives what was not drawn as an error of compilation.
  const drawn = (/** @type {readonly Mutant[]} */ mutants) =>
    mutants.filter(({ status }) => status !== "Ignored" && status !== "CompileError");
  const survives = (/** @type {Mutant} */ { status }) => status === "Survived" || status === "NoCoverage";
  const left = Object.entries(report.files).map(([file, { source, mutants }]) =>
    drawn(mutants)
      .filter(survives)
      .map((mutant) => ({ file, source, mutant })),
  );
  for (let index = 0; left.some((changes) => index < changes.length); index++) {
    const round = left.flatMap((changes) => changes[index] ?? []);
    for (const { mutant } of refused(folder, round)) mutant.status = "Killed";
  }
  for (const change of left.flat())
    if (change.mutant.static && change.mutant.status === "Survived" && isUnreadable(folder, change))
      change.mutant.status = "Killed";

  for (const { file, source, mutant } of left.flat().filter((change) => survives(change.mutant))) {
    const { line, column } = mutant.location.start;
    const text = source.split("\n")[line - 1]?.trim();
    process.stdout.write(
      `${file}:${line}:${column} ${mutant.mutatorName}${mutant.status === "NoCoverage" ? ", which no test reaches" : ""}\n  ${text}\n  → ${mutant.replacement}\n`,
    );
  }
  const counts = Object.entries(report.files).map(([file, { mutants }]) => {
    const counted = drawn(mutants);
    return { file, all: counted.length, noticed: counted.filter((mutant) => !survives(mutant)).length };
  });
  const total = (/** @type {"all" | "noticed"} */ what) =>
    counts.reduce((sum, count) => sum + count[what], 0);
  for (const { file, all, noticed } of [
    ...counts,
    { file: "in all", all: total("all"), noticed: total("noticed") },
  ])
    if (all > 0)
      process.stdout.write(`${((100 * noticed) / all).toFixed(1)} %  ${noticed} of ${all}  ${file}\n`);
}

if (share < 1) process.stdout.write(`--sample ${share} --seed ${seed}\n`);
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
import { BaseSequencer } from "vitest/node";
// The first failure is enough, and quick files come to it sooner.
class QuickFirst extends BaseSequencer {
  async sort(files) {
    return (await super.sort(files)).reverse();
  }
}
const conditions = ["@adjoint/source", "module", "node", "development|production"];
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
  test: { include: ${JSON.stringify(tests)}, testTimeout: 60_000, pool: "threads", sequence: { sequencer: QuickFirst } },
});
`,
  );
  const report = join(copy, "mutation.json");
  writeFileSync(
    join(copy, "stryker.config.json"),
    JSON.stringify({
      testRunner: "vitest",
      plugins: ["@stryker-mutator/vitest-runner", "./tools/mutation-sample.mjs"],
      vitest: { configFile: "vitest.mutate.config.ts", related: true },
      mutate: files,
      mutator: { excludedMutations: given.strings ? [] : ["StringLiteral"] },
      inPlace: true,
      ...(share < 1 && { checkers: ["sample"], sample: { share, seed } }),
      warnings: { unknownOptions: false },
      // It would write a line at the top of each file, and some tests read sources.
      disableTypeChecks: false,
      concurrency: 2,
      // A busy machine is not an endless loop; most of those are told by how often they run a changed line.
      timeoutMS: 60_000,
      reporters: ["json", "progress-append-only"],
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
