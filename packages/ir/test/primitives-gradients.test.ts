import { AdjointError, gradients, input, isFloat, toNumbers } from "@adjoint/ir";
import { type PrimitiveName, nodesOf } from "@adjoint/ir/graph";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkGradient, checkJvp, f64, numericGradient } from "./finite-differences.ts";
import { run } from "./primitives/example.ts";
import { mapGradients } from "./primitives/gradients-map.ts";
import { structureGradients } from "./primitives/gradients-structure.ts";
import { viewGradients } from "./primitives/gradients-view.ts";
import { type GradientRows, type NoGradient, type Trial } from "./primitives/trial.ts";

/** A generator of functions to differentiate for every primitive, or why it passes no gradient: total. */
const rows: GradientRows<PrimitiveName> = { ...mapGradients, ...viewGradients, ...structureGradients };

const entries = Object.entries(rows);
const isTrial = (row: fc.Arbitrary<Trial> | NoGradient): row is fc.Arbitrary<Trial> => !("why" in row);
const smooth = entries.flatMap(([name, row]): [string, fc.Arbitrary<Trial>][] =>
  isTrial(row) ? [[name, row]] : [],
);
const because = (...why: NoGradient["why"][]): [string, NoGradient["build"]][] =>
  entries.flatMap(([name, row]): [string, NoGradient["build"]][] =>
    !isTrial(row) && why.includes(row.why) ? [[name, row.build]] : [],
  );

describe("gradients equal central differences:", () => {
  test.each(smooth)("%s", (_, trials) => {
    fc.assert(
      fc.property(trials, ({ build, inputs, options }) => {
        checkGradient(build, inputs, options);
      }),
      { numRuns: 8, seed: 20240229 },
    );
  });
});

describe("⟨u, Jv⟩ equals ⟨Jᵀu, v⟩, and Jv the difference along v:", () => {
  test.each(smooth)("%s", (_, trials) => {
    fc.assert(
      fc.property(trials, ({ build, inputs, options }) => {
        checkJvp(build, inputs, options);
      }),
      { numRuns: 4, seed: 20240301 },
    );
  });
});

describe("without a gradient:", () => {
  const x = input("x", "f64", [3]);
  const point = f64([3], [0.3, -1.2, 2.4]);

  test.each(because("has no operands"))("%s has no operands", (_, build) => {
    expect(build(x).node.inputs).toEqual([]);
  });

  test.each(because("takes no floats"))("%s takes no floats", (_, build) => {
    expect(() => build(x)).toThrow(AdjointError);
  });

  test.each(because("gives a bool", "gives an integer"))("%s gives no float", (name, build) => {
    expect(build(x).node.operation.name).toBe(name);
    expect(isFloat(build(x).dtype)).toBe(false);
  });

  test.each(because("is zero almost everywhere"))(
    "%s is zero almost everywhere, and so are its differences",
    (name, build) => {
      expect(build(x).node.operation.name).toBe(name);
      const [symbolic] = gradients(build(x).reduceSum(), [x]).flatMap((g) => run(g));
      expect(symbolic && toNumbers(symbolic)).toEqual([0, 0, 0]);
      expect(numericGradient((y) => build(y ?? x), [point]).flatMap(toNumbers)).toEqual([0, 0, 0]);
    },
  );

  test.each(because("reads bits", "stops it by definition"))(
    "%s hides its operand from gradients",
    (name, build) => {
      const y = build(x);
      expect(nodesOf([y]).map((node) => node.operation.name)).toContain(name);
      const [symbolic] = gradients(y.mul(x).reduceSum(), [x]);
      // d(y·x)/dx is y alone where y is taken for a constant.
      expect(symbolic && nodesOf([symbolic]).includes(y.node)).toBe(true);
      expect(() => checkGradient((z) => build(z ?? x).mul(z ?? x), [point])).toThrow(/by differences/);
    },
  );
});
