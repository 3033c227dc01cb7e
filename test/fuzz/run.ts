import fc from "fast-check";
import { isFloat } from "@adjoint/ir";
import { type Arithmetic, sharpness } from "./bounds/bounds.ts";
import type { BoundedRun } from "./bounds/evaluate.ts";
import { type Recipe, caseFrom } from "./case.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { Subject, expected, resultsOf } from "./check.ts";
import { comparedWithDoubles } from "./halves.ts";
import { type KnownFault, isKnown, operationsOf } from "./known.ts";
import { compositeMakers } from "./makers/composites.ts";
import { primitiveMakers } from "./makers/primitives.ts";
import { smaller } from "./shrink.ts";
import type { Variant } from "./variants.ts";

/** Recipes of at most so many steps, with as many numbers as a maker draws. */
export const recipesOf = (steps: number): fc.Arbitrary<Recipe> =>
  fc.record({
    head: fc.array(fc.nat(0xffff), { minLength: 12, maxLength: 12 }),
    steps: fc.array(fc.array(fc.nat(0xffff), { minLength: 32, maxLength: 32 }), {
      minLength: 1,
      maxLength: steps,
      size: "max",
    }),
  });

/** Steps of the largest programs. */
const MOST_STEPS = 40;

interface Failure {
  readonly variant: Variant;
  readonly problem: string;
  readonly item: FuzzCase;
  /** The seed and the program of its batch that showed it. */
  readonly seed: number;
  /** How many programs the variant had run. */
  readonly after: number;
}

/** Counts of what was run. */
export interface Tally {
  readonly programs: Map<string, number>;
  /** Programs that a variant does not run: beyond what it promises, or with a known fault. */
  readonly skipped: Map<string, number>;
  readonly failures: Failure[];
  /** Operations of halves that were compared with those of doubles, and what they lost too much of. */
  halves: number;
  /** Operations of halves that leave their range. */
  beyond: number;
  readonly losses: string[];
  /** Errors of the generator, the oracle or the bounds. */
  readonly broken: string[];
  /** Float elements that were compared within a thousandth of their magnitude, and all. */
  sharp: number;
  elements: number;
}

export const emptyTally = (): Tally => ({
  programs: new Map(),
  skipped: new Map(),
  failures: [],
  halves: 0,
  beyond: 0,
  losses: [],
  broken: [],
  sharp: 0,
  elements: 0,
});

const count = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1);

/** How long one failure may be shrunk, in milliseconds. */
const SHRINKING = 25_000;

/** The bounds of a case, computed once for each arithmetic. */
class Expectations {
  readonly #item: FuzzCase;
  readonly #made = new Map<Arithmetic, readonly BoundedRun[]>();

  constructor(item: FuzzCase) {
    this.#item = item;
  }

  by(arithmetic: Arithmetic): readonly BoundedRun[] {
    let made = this.#made.get(arithmetic);
    if (made === undefined) this.#made.set(arithmetic, (made = expected(this.#item, arithmetic)));
    return made;
  }
}

async function problemOn(subject: Subject, item: FuzzCase): Promise<string | undefined> {
  return subject.problemOf(item, expected(item, subject.variant.arithmetic));
}

export interface Batch {
  readonly seed: number;
  readonly programs: number;
  /** Programs that may show one of these are not run on its backends. */
  readonly known: readonly KnownFault[];
  readonly tally: Tally;
  /** Steps of a program, at most. */
  readonly steps?: number;
  /** Makes failing programs small; true by default. */
  readonly shrinks?: boolean;
}

/** Runs a batch of programs from a seed on all variants, up to the first failure, which is shrunk. */
export async function runBatch(
  subjects: readonly Subject[],
  { seed, programs, known, tally, steps = MOST_STEPS, shrinks = true }: Batch,
): Promise<void> {
  let failed: { readonly subject: Subject; readonly until: number; readonly after: number } | undefined;
  const details = await fc.check(
    fc.asyncProperty(recipesOf(steps), async (recipe) => {
      const item = caseFrom(recipe);
      if (item === undefined) return true;
      if (failed !== undefined)
        return performance.now() > failed.until || (await problemOn(failed.subject, item)) === undefined;
      const subject = await firstFailing(subjects, item, { known, tally });
      if (subject !== undefined)
        failed = {
          subject,
          until: performance.now() + SHRINKING,
          after: tally.programs.get(subject.variant.name) ?? 0,
        };
      return subject === undefined;
    }),
    { seed, numRuns: programs, endOnFailure: !shrinks },
  );
  const [recipe] = details.counterexample ?? [];
  if (failed === undefined || recipe === undefined) {
    const { errorInstance: error } = details;
    if (details.failed)
      tally.broken.push(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    return;
  }
  const { subject, after } = failed;
  const drawn = caseFrom(recipe);
  if (drawn === undefined) return;
  const fails = async (each: FuzzCase): Promise<boolean> => (await problemOn(subject, each)) !== undefined;
  const item = shrinks
    ? await smaller(drawn, fails, performance.now() + SHRINKING).catch(() => drawn)
    : drawn;
  const problem = (await problemOn(subject, item)) ?? "nothing when it ran again: a race?";
  tally.failures.push({ variant: subject.variant, problem, item, seed, after });
}

/** Compares operations of halves with the same ones of doubles, as many as there are programs in a batch. */
export function runHalves({ seed, programs, tally }: Pick<Batch, "seed" | "programs" | "tally">): void {
  const makers = Object.entries({ ...compositeMakers, ...primitiveMakers });
  for (let index = 0; index < programs; index++) {
    const own = Math.imul(seed, 31) + index;
    const [name, maker] = makers[Math.abs(Math.imul(own, 40503) >> 4) % makers.length] ?? [];
    if (name === undefined || maker === undefined) continue;
    const half = index % 2 === 0 ? "f16" : "bf16";
    const compared = comparedWithDoubles(maker, { seed: own, half });
    if (compared === undefined) continue;
    const { lost, isBeyond } = compared;
    if (isBeyond) tally.beyond++;
    else tally.halves++;
    if (lost !== undefined) tally.losses.push(`${name} of ${half}, seed ${own}: ${lost}`);
  }
}

async function firstFailing(
  subjects: readonly Subject[],
  item: FuzzCase,
  { known, tally }: Pick<Batch, "known" | "tally">,
): Promise<Subject | undefined> {
  const wanted = new Expectations(item);
  const operations = operationsOf(item);
  let measured = false;
  for (const subject of subjects) {
    const { variant } = subject;
    const runs = wanted.by(variant.arithmetic);
    if (!measured) {
      measured = true;
      for (const bound of runs.flatMap(({ outputs }) => Object.values(outputs))) {
        if (!isFloat(bound.value.dtype)) continue;
        const { sharp, all } = sharpness(bound);
        tally.sharp += sharp;
        tally.elements += all;
      }
    }
    if (isKnown(known, operations, variant) || variant.beyond?.(item, resultsOf(runs)) === true) {
      count(tally.skipped, variant.name);
      continue;
    }
    count(tally.programs, variant.name);
    if ((await subject.problemOf(item, runs)) !== undefined) return subject;
  }
  return undefined;
}
