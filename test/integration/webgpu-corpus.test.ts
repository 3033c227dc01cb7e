import { afterAll, describe, expect, it } from "vitest";
import { Subject, expected, resultsOf } from "../fuzz/check.ts";
import { keptCases } from "../fuzz/corpus.ts";
import { variants } from "../fuzz/variants.ts";
import { gpuTitle } from "../gpu.ts";

const subjects = variants
  .filter(({ backend }) => backend === "webgpu")
  .map((variant) => new Subject(variant));
afterAll(async () => {
  for (const subject of subjects) await subject.close();
});

describe(`${gpuTitle("what the fuzzer ever found")}`, () => {
  for (const subject of subjects)
    for (const { name, item } of keptCases()) {
      const { variant } = subject;
      const wanted = expected(item, variant.arithmetic);
      const isBeyond = variant.beyond?.(item, resultsOf(wanted)) === true;
      it.skipIf(variant.missing !== undefined || isBeyond)(
        `${name}${isBeyond ? " (left out: beyond what the README promises)" : ""}`,
        async () => {
          expect(await subject.problemOf(item, wanted)).toBeUndefined();
        },
      );
    }
});
