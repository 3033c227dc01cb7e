import { toNumbers, valueOf } from "@adjoint/ir";
import type { PrimitiveName } from "@adjoint/ir/graph";
import fc from "fast-check";
import { describe, test } from "vitest";
import { type Case, titleOf, valuesOf } from "./composite-case.ts";
import { cases } from "./composite-cases.ts";
import { type Narrow, checkNarrow, narrowTypes } from "./narrow.ts";
import { mapGradients } from "./primitives/gradients-map.ts";
import { structureGradients } from "./primitives/gradients-structure.ts";
import { viewGradients } from "./primitives/gradients-view.ts";
import { type GradientRows, type NoGradient, type Trial } from "./primitives/trial.ts";

/** Random numbers have as many bits as their type. */
const isComparable = ({ operands, name }: Case): boolean =>
  operands.every(({ dtype }) => dtype !== "u32") || name === "dropout";

/** Scores of ±1000 lose in f32 what the exponential then shows: here they stay within reach of it. */
const largest = ({ name }: Case): number => (name === "attention" ? 4 : 250);

describe.each(narrowTypes)(
  "composites and their gradients in %s are those in f64, rounded once:",
  (dtype) => {
    test.each(cases.filter(isComparable).map((example): [string, Case] => [titleOf(example), example]))(
      "%s",
      (_, example) => {
        fc.assert(
          fc.property(
            fc.constantFrom(1, 2, 7, 33, 100),
            fc.constantFrom(...[0.01, 1, 4, 30, 250].filter((scale) => scale <= largest(example))),
            fc.integer({ min: 1, max: 10000 }),
            (batch, scale, seed) => {
              const inputs = valuesOf(example, batch, seed).map((value) =>
                value.dtype === "f64"
                  ? valueOf(
                      "f64",
                      value.shape,
                      toNumbers(value).map((x) => x * scale),
                    )
                  : value,
              );
              checkNarrow((...tensors) => example.build(tensors, batch), inputs, dtype);
            },
          ),
          { numRuns: 4, seed: 20261130 },
        );
      },
    );
  },
);

const rows: GradientRows<PrimitiveName> = { ...mapGradients, ...viewGradients, ...structureGradients };
const isTrial = (row: fc.Arbitrary<Trial> | NoGradient): row is fc.Arbitrary<Trial> => !("why" in row);
/** Their trials are written for f64; the conformance cases of 16-bit floats have loops, and `narrow-sums.test.ts` casts. */
const forDoubles: readonly string[] = ["cast", "scan", "commit"];
const trials = Object.entries(rows).flatMap(([name, row]): [string, fc.Arbitrary<Trial>][] =>
  isTrial(row) && !forDoubles.includes(name) ? [[name, row]] : [],
);
/** A stretched operand's gradient is a sum of products that were rounded each: they may cancel. */
const cancels: { readonly [name: string]: { readonly [N in Narrow]: number } } = {
  mul: { f16: 2 ** -10, bf16: 2 ** -7 },
};

describe.each(narrowTypes)("primitives and their gradients in %s:", (dtype) => {
  test.each(trials)("%s", (name, trial) => {
    const cancelled = cancels[name]?.[dtype];
    fc.assert(
      fc.property(trial, ({ build, inputs }) => {
        checkNarrow(build, inputs, dtype, cancelled === undefined ? {} : { cancelled });
      }),
      { numRuns: 8, seed: 20261130 },
    );
  });
});
