/**
 * `pnpm fuzz`: random programs on every backend, beside the oracle. See README.md.
 * Exits with 1 if a program gives what it must not.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { Subject } from "./check.ts";
import { codeOf } from "./code.ts";
import { keep } from "./corpus.ts";
import { knownFaults } from "./known.ts";
import { type Tally, emptyTally, runBatch, runHalves } from "./run.ts";
import { isWideProcess, variants } from "./variants.ts";

const usage = `pnpm fuzz [--minutes 5 | --programs 1000 | --halves 5000] [--seed N] [--backend cpu,wasm,artifact,webgpu] [--variant TEXT] [--wide] [--keep]
  --minutes   how long to run; new batches of programs begin until then
  --programs  how many programs instead: the same ones for the same seed
  --halves    no programs: compares so many operations of f16 and bf16 with the same ones of f64
  --seed      a whole number; by default the time
  --backend   only variants of these backends; webgpu has to be asked for
  --variant   only variants whose names contain this
  --wide      with V8's pairs of vectors (Node 24 and later), for all variants of WebAssembly
  --keep      writes failures to test/fuzz/corpus
  --known     runs programs that show known faults too
  --failures  how many failures end the run, 1 by default`;

/** Programs from one seed. */
const BATCH = 25;

/** A line of progress after so many. */
const PROGRESS = 500;

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    programs: { type: "string" },
    halves: { type: "string" },
    seed: { type: "string" },
    backend: { type: "string", default: "cpu,wasm,artifact" },
    variant: { type: "string", default: "" },
    failures: { type: "string", default: "1" },
    wide: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    known: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} ${text}: expected a number ≥ 0\n${usage}`);
  process.exit(2);
}

const started = performance.now();
const seed = Math.floor(whole("seed", values.seed, Date.now() % 2 ** 31));
const programs = values.programs === undefined ? Infinity : whole("programs", values.programs, 0);
const until = programs === Infinity ? started + whole("minutes", values.minutes, 5) * 60_000 : Infinity;
const halves = values.halves === undefined ? undefined : whole("halves", values.halves, 0);
const backends = halves === undefined ? values.backend.split(",") : [];
const chosen = variants.filter(
  ({ backend, name }) => backends.includes(backend) && name.includes(values.variant),
);
const subjects = chosen.filter(({ missing }) => missing === undefined).map((variant) => new Subject(variant));
for (const { name, missing } of chosen) if (missing !== undefined) console.log(`without ${name}: ${missing}`);
if (values.wide && !isWideProcess) console.log("without wide vectors: Node 24 and later have them");
const known = values.known ? [] : knownFaults;
for (const { name } of known) console.log(`known and left out: ${name}`);
if (subjects.length === 0 && halves === undefined) {
  console.error(`no variant to run\n${usage}`);
  process.exit(2);
}
console.log(`seed ${seed}`);

const faultsOf = ({ failures, losses, broken }: Tally): number =>
  failures.length + losses.length + broken.length;
const tally = emptyTally();
const isDone = (batch: number): boolean =>
  halves === undefined ? batch * BATCH >= programs || performance.now() >= until : tally.halves >= halves;
for (let batch = 0; !isDone(batch); batch++) {
  const size = Math.min(BATCH, programs - batch * BATCH);
  const [failures, broken] = [tally.failures.length, tally.broken.length];
  if (halves === undefined)
    await runBatch(subjects, { seed: (seed + batch) | 0, programs: size, known, tally });
  const done = batch * BATCH + size;
  if (halves === undefined && done % PROGRESS < BATCH && done < programs)
    console.log(`${done} programs drawn, ${tally.failures.length} failures, next seed ${seed + batch + 1}`);
  for (const { variant, problem, item, seed: from, after } of tally.failures.slice(failures)) {
    console.log(`\nFAILED on ${variant.name}, seed ${from}, after ${after} programs:\n${problem}\n`);
    console.log(codeOf(item, variant));
    const name = `${variant.backend}-${from}-${after}`;
    if (values.keep) console.log(`kept in ${keep({ name, found: `${variant.name}: ${problem}`, item })}`);
  }
  runHalves({ seed: (seed + batch) | 0, programs: size, tally });
  for (const text of tally.broken.slice(broken)) console.log(`\nTHROWN by the fuzzer itself, ${text}\n`);
  if (faultsOf(tally) >= whole("failures", values.failures, 1)) break;
}
for (const subject of subjects) await subject.close();

for (const { variant } of subjects) {
  const [ran, skipped] = [tally.programs.get(variant.name) ?? 0, tally.skipped.get(variant.name) ?? 0];
  console.log(`${variant.name}: ${ran} programs${skipped > 0 ? `, ${skipped} left out` : ""}`);
}
for (const loss of tally.losses) console.log(`LOST: ${loss}`);
console.log(
  `${tally.halves} operations of halves beside doubles, ${tally.losses.length} lost too much; ${tally.beyond} leave the range of their type`,
);
const share = tally.elements === 0 ? 100 : (100 * tally.sharp) / tally.elements;
console.log(
  `${tally.failures.length} failures; ${share.toFixed(1)} % of the float elements were held to a thousandth or better; ${((performance.now() - started) / 1000).toFixed(0)} s, seed ${seed}`,
);
process.exit(faultsOf(tally) > 0 ? 1 : 0);
