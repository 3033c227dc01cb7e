import { afterAll, describe, expect, it } from "vitest";
import { Subject, expected } from "./check.ts";
import { keptCases, readKept, written } from "./corpus.ts";
import { variants } from "./variants.ts";

const cases = keptCases();
const subjects = variants
  .filter(({ backend, missing }) => backend !== "webgpu" && missing === undefined)
  .map((variant) => new Subject(variant));
afterAll(async () => {
  for (const subject of subjects) await subject.close();
});

describe("what the fuzzer ever found", () => {
  it("is kept as text that gives the same cases", () => {
    for (const { name, ...kept } of cases) expect(written(readKept(name, written(kept)))).toBe(written(kept));
    expect(cases.length).toBeGreaterThan(0);
  });

  describe.each(subjects)("on $variant.name", (subject) => {
    for (const { name, known, item } of cases) {
      it.skipIf(known !== undefined)(
        `${name}${known === undefined ? "" : ` (left out: ${known})`}`,
        async () => {
          expect(await subject.problemOf(item, expected(item, subject.variant.arithmetic))).toBeUndefined();
        },
      );
    }
  });
});
