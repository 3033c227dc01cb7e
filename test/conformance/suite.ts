import { describe, expect, test } from "vitest";
import { inFull } from "../in-full.ts";
import { type ConformanceOptions, type Run, checkCase, subjects } from "./check.ts";

export { prepare, startOf, subjects } from "./check.ts";

/**
 * Registers a test for every case: the same suite for every backend, with the reference evaluator as its oracle. With a
 * `share` of n it is the first case of each subject and every n-th of the others, unless all are asked for (`inFull`).
 */
export function runConformance(
  name: string,
  run: Run,
  { share = 1, ...options }: ConformanceOptions & { readonly share?: number } = {},
): void {
  let count = 0;
  const isShared = (): boolean => inFull || count++ % share === 0;

  describe(`N2: ${name} conforms`, () => {
    describe.for(subjects)("%s", ([subject, items]) => {
      test.for(items.filter((_, index) => index === 0 || isShared()))("$name", async (item, { skip }) => {
        const reason = options.skip?.(item, subject);
        skip(reason !== undefined, reason);
        await expect(checkCase(item, run, options)).resolves.toBeUndefined();
      });
    });
  });
}
