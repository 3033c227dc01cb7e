import { describe, expect, test } from "vitest";
import { type ConformanceOptions, type Run, checkCase, subjects } from "./check.ts";

export { startOf, subjects } from "./check.ts";

/** Registers a test for every case: the same suite for every backend, with the reference evaluator as its oracle. */
export function runConformance(name: string, run: Run, options: ConformanceOptions = {}): void {
  describe(`N2: ${name} conforms`, () => {
    describe.for(subjects)("%s", ([subject, items]) => {
      test.for(items)("$name", async (item, { skip }) => {
        const reason = options.skip?.(item, subject);
        skip(reason !== undefined, reason);
        await expect(checkCase(item, run, options)).resolves.toBeUndefined();
      });
    });
  });
}
