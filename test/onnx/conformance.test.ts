import { describe, expect, test } from "vitest";
import type { Case } from "../conformance/case.ts";
import { transcendentalCases } from "../conformance/cases/transcendental.ts";
import { prepare, subjects } from "../conformance/suite.ts";
import { inFull } from "../in-full.ts";
import { problemsOf } from "./check.ts";
import { runtimes } from "./runtime.ts";

/** The first in which ONNX has every reduction of a scatter and the bitwise operators. */
const OPSET = 18;

/** Functions of floats but those of which the runtime has a kernel in f64. */
const withoutDoubles = new RegExp(
  `^(?:${Object.keys(transcendentalCases)
    .filter((name) => !/^(?:exp|expm1|log|log1p|sqrt|sin|cos|tanh)$/.test(name))
    .join("|")})$`,
);

/** Why ONNX Runtime 1.30 does not do as we do, by subject and name; the first that matches counts. */
const differences: readonly (readonly [subject: RegExp, name: RegExp, reason: string])[] = [
  [/./, /bf16/, "the runtime's JavaScript interface has no bf16"],
  [/^(?:topK|sort)$/, /no rows/, "the runtime dies of a division by zero"],
  [
    /^(?:topK|sort|argMax|argMin|reduceMax|reduceMin|sign)$/,
    /NaN/,
    "the runtime leaves the place of NaN open",
  ],
  [/^scatter$/, /(?:max|min), NaN/, "the runtime leaves the place of NaN open"],
  [/^(?:scan|cumProd)$/, /no steps|one and none/, "the runtime's Scan takes no empty sequence"],
  [/^pow$/, /^[iu]\d+, all pairs/, "the runtime computes powers of integers in floats"],
  [
    /^(?:reduceSum|reduceProd)$/,
    /^(?:i64|i32|u32)$/,
    "the runtime sums 64 bits in floats, from 2^53 on not exactly",
  ],
  [/^(?:reduceMax|reduceMin|argMax|argMin|sort|topK)$/, /^[iu]64/, "the runtime has no kernel"],
  [withoutDoubles, /^f64/, "the runtime has no kernel of f64"],
  [/^what is not used$/, /overflow/, "the runtime multiplies ∞ by 0, which is NaN"],
  [/^bitcast$/, /f(?:64|32|16)/, "an operator of opset 26"],
];

const reasonFor = (subject: string, { name }: Case): string | undefined =>
  differences.find(([of, called]) => of.test(subject) && called.test(name))?.[2];

// Loaded before the first test, whose time it would be.
await runtimes.node();

// `npm test` runs every other case, `pnpm test:full` all of them.
describe(`exported conformance cases in ONNX Runtime, opset ${OPSET}`, () => {
  test.for(subjects)("%s", { timeout: 20_000 }, async ([subject, items], context) => {
    const problems: string[] = [];
    let count = 0;
    for (const [index, item] of items.entries()) {
      if (reasonFor(subject, item) !== undefined || !(inFull || index % 2 === 0)) continue;
      const { graph, state, expected } = prepare(item);
      const found = await problemsOf(graph, item.feeds, state, { opset: OPSET }, expected).catch(
        (error: unknown) => [String(error)],
      );
      problems.push(...found.map((problem) => `${item.name}: ${problem}`));
      count++;
    }
    await context.annotate(`${count} of ${items.length} cases`);
    expect(problems).toEqual([]);
  });
});
