import { readFileSync } from "node:fs";
import { runTest } from "@adjoint/conformance";
import { describe, expect, it } from "vitest";
import { inFull } from "../in-full.ts";
import { missing, officialTests } from "./official-data.ts";

const recorded = (backend: string): readonly string[] =>
  readFileSync(new URL(`../../apps/conformance/passed-${backend}.txt`, import.meta.url), "utf8")
    .trim()
    .split("\n");

/** Of the official tests, at least. */
const SHARE = 0.88;

// `npm test` runs every other test, on the backends by turns; `pnpm test:full` runs all on both.
for (const [turn, backend] of (["cpu", "wasm"] as const).entries()) {
  const passed = recorded(backend);
  const now = inFull ? passed : passed.filter((_, index) => index % 4 === 2 * turn);
  const byName = new Map(officialTests.map((test) => [`${test.folder}/${test.test}`, test]));

  describe.skipIf(missing !== "")(`N2: official ONNX tests on ${backend}${missing}`, () => {
    it("most of them are recorded as passed; the light models load (they expect one constant for any input)", () => {
      expect(passed.filter((name) => byName.has(name)).length / officialTests.length).toBeGreaterThan(SHARE);
      const light = officialTests
        .filter(({ folder }) => folder === "light")
        .map(({ test }) => `light/${test}`);
      expect(passed.filter((name) => name.startsWith("light/"))).toEqual(light.toSorted());
    });

    it.for(now)("%s still passes", { timeout: 60_000 }, async (name) => {
      const test = byName.get(name);
      if (test === undefined) throw new Error("is not among the tests");
      expect(await runTest(test, backend)).toMatchObject({ result: "passed", reason: "" });
    });
  });
}
