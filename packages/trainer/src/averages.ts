import { AdjointError, at } from "@adjoint/ir/values";
import type { Measures, Sums } from "./records.ts";

/** Averages by example of measures that each batch gives as its mean: a smaller last batch counts for as much less. */
export class Averages {
  readonly #names: readonly string[];
  readonly #sums: Float64Array;
  #examples = 0;

  /**
   * @param names the measures, `loss` among them.
   * @param sums what to go on from, with the same measures.
   */
  constructor(names: readonly string[], sums?: Sums) {
    this.#names = names;
    this.#sums = new Float64Array(names.length);
    if (sums === undefined) return;
    this.#examples = sums.examples;
    names.forEach(
      (name, index) =>
        (this.#sums[index] = Object.hasOwn(sums.values, name) ? (sums.values[name] ?? NaN) : NaN),
    );
  }

  /** Adds a batch of `examples` and gives its measures as plain numbers. */
  add(examples: number, outputs: { readonly [name: string]: { item(): number } }): Measures {
    this.#examples += examples;
    return this.#measures((name, index) => {
      const value = outputs[name]?.item() ?? NaN;
      this.#sums[index] = at(this.#sums, index) + value * examples;
      return value;
    });
  }

  /** The averages so far. */
  get measures(): Measures {
    return this.#measures((_, index) => at(this.#sums, index) / this.#examples);
  }

  get sums(): Sums {
    return {
      examples: this.#examples,
      values: Object.fromEntries(this.#names.map((name, index) => [name, at(this.#sums, index)])),
    };
  }

  #measures(valueOf: (name: string, index: number) => number): Measures {
    let loss: number | undefined;
    const metrics: [name: string, value: number][] = [];
    this.#names.forEach((name, index) => {
      const value = valueOf(name, index);
      if (name === "loss") loss = value;
      else metrics.push([name, value]);
    });
    if (loss === undefined) throw new AdjointError("graph", "trainer", "no measure is the loss");
    return { loss, metrics: Object.fromEntries(metrics) };
  }
}
