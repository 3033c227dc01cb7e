// Random contractions of any layout, dtype and epilogue on one to three threads, beside a plain loop (test/contract-sweep.ts).
// node test/from-sources.mjs packages/backend-wasm/tools/contract-sweep.mjs [--seed 1] [--minutes 5] [--cases N]
// oxlint-disable no-restricted-imports -- it runs in Node alone and is not in the package.
import process from "node:process";
import { parseArgs } from "node:util";

const { relaxed } = await import("../test/relaxed.ts");
const { caseOf } = await import("../test/contract-cases.ts");
const { sweep } = await import("../test/contract-sweep.ts");

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "5" },
    cases: { type: "string", default: "Infinity" },
  },
});
/** Cases of a module. */
const MODULE = 20;
const [first, most, minutes] = [values.seed, values.cases, values.minutes].map(Number);
const end = performance.now() + minutes * 60_000;
let done = 0;
let wrong = 0;
while (done < most && performance.now() < end) {
  const count = Math.min(MODULE, most - done);
  const cases = Array.from({ length: count }, (_, index) => caseOf(first + done + index, { relaxed }));
  for (const fault of sweep(cases)) {
    wrong++;
    console.log(fault);
  }
  done += count;
}
console.log(`${done} contractions from seed ${first}: ${wrong} wrong`);
if (wrong > 0) process.exitCode = 1;
