import { type Tensor, evaluate, gradients, input, isFloat, program, toNumbers, valueOf } from "@adjoint/ir";
import { describe, expect, test } from "vitest";
import { type Case, titleOf, valuesOf } from "./composite-case.ts";
import { cases } from "./composite-cases.ts";

/** Where a composite guards what would be infinite behind it, its gradient has to be guarded too. */
const edges: { readonly [edge: string]: (index: number) => number } = {
  "all zeros": () => 0,
  "zeros among ones": (index) => index % 2,
  "±1e4": (index) => (index % 2 === 0 ? 1e4 : -1e4),
};

/** Its logarithm is infinite at 0, and none below: no guard, as documented. */
const unguarded = (example: Case): boolean => example.name === "reduceLogSum";

/** The running variance is not negative. */
const allowed = (example: Case, place: number, value: number): number =>
  example.name === "batchNormalization" && place === 4 ? Math.abs(value) : value;

const listed = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  "node" in result ? [result] : result;

describe.each(Object.entries(edges))("gradients of composites are finite at %s:", (_, elementAt) => {
  const guarded = cases.filter(
    (example) => !unguarded(example) && example.operands.some(({ dtype }) => dtype === "f64"),
  );
  test.each(guarded.map((example): [string, Case] => [titleOf(example), example]))("%s", (__, example) => {
    const values = valuesOf(example, 2, 1).map((value, place) =>
      value.dtype === "f64"
        ? valueOf(
            "f64",
            value.shape,
            toNumbers(value).map((___, index) => allowed(example, place, elementAt(index))),
          )
        : value,
    );
    const inputs = values.map((value, index) => input(`x${index}`, value.dtype, value.shape));
    const sums = listed(example.build(inputs, 2))
      .filter((output) => isFloat(output.dtype))
      .map((output) => output.reduceSum());
    const [first, ...rest] = sums;
    if (first === undefined) return;
    const loss = rest.reduce((sum, term) => sum.add(term), first);
    const wrt = inputs.filter(({ dtype }) => isFloat(dtype));
    const named = (tensors: readonly Tensor[]): { [name: string]: Tensor } =>
      Object.fromEntries(tensors.map((tensor, index) => [`x${index}`, tensor]));
    const graph = program({ inputs: named(inputs), outputs: { loss, ...named(gradients(loss, wrt)) } });
    const feeds = Object.fromEntries(values.map((value, index) => [`x${index}`, value]));
    const results = Object.entries(evaluate(graph, feeds).outputs).map(
      ([name, value]) => [name, toNumbers(value)] as const,
    );
    // A logarithm of a negative number has no value to differentiate.
    const isFinite = results.some(([name, [total]]) => name === "loss" && Number.isFinite(total));
    if (!isFinite) return;
    for (const [name, numbers] of results)
      expect(numbers.every(Number.isFinite), `${name}: ${numbers.join(", ")}`).toBe(true);
  });
});
