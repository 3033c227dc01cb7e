// A checker for Stryker that lets a share of the changes through, drawn by a seed; the others count as not compiled.
// Its options are `sample: { share, seed }` in Stryker's configuration.
import { createHash } from "node:crypto";
import { relative } from "node:path";
import process from "node:process";

/** @typedef {{ id: string, fileName: string, mutatorName: string, replacement: string, location: object }} Mutant */

class Sample {
  static inject = /** @type {const} */ (["options"]);
  #options;

  /** @param {{ sample: { share: number, seed: number } }} options */
  constructor(options) {
    this.#options = options.sample;
  }

  async init() {}

  /** @param {readonly Mutant[]} mutants */
  async check(mutants) {
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        this.#draws(mutant) ? { status: "passed" } : { status: "compileError", reason: "not in the sample" },
      ]),
    );
  }

  /**
   * By what the change is and where, not by its number: it stays drawn when others come before it.
   * @param {Mutant} mutant
   */
  #draws({ fileName, mutatorName, replacement, location }) {
    const { share, seed } = this.#options;
    const what = JSON.stringify([
      seed,
      relative(process.cwd(), fileName),
      mutatorName,
      replacement,
      location,
    ]);
    return createHash("sha256").update(what).digest().readUInt32LE(0) < share * 2 ** 32;
  }
}

export const strykerPlugins = [{ kind: "Checker", name: "sample", injectableClass: Sample }];
