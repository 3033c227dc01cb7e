import { readFileSync, statSync } from "node:fs";
import { AdjointError } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import { describe, expect, it } from "vitest";
import { missing, officialTests } from "./official-data.ts";

const MODELS = 20;
const MUTATIONS = 500;
/** Milliseconds that no file may take: what it claims must not decide how long it is read. */
const LIMIT = 1000;
/** Bytes that all of them together may leave behind. */
const MEMORY = 512 * 2 ** 20;

/** Models of many kinds and of up to 64 kB, spread over the data. */
const models = ((): readonly { readonly name: string; readonly bytes: Uint8Array }[] => {
  const small = officialTests.filter(({ model }) => statSync(model).size <= 2 ** 16);
  const every = Math.max(1, Math.floor(small.length / MODELS));
  return small
    .filter((_, index) => index % every === 0)
    .slice(0, MODELS)
    .map(({ test, model }) => ({ name: test, bytes: readFileSync(model) }));
})();

/** A counter-based generator: the same mutations on every machine. */
function bitsOf(seed: number): (limit: number) => number {
  let state = seed + 1;
  return (limit) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % limit;
  };
}

/** The end of an import of broken bytes: a graph, or an error. */
function importOf(bytes: Uint8Array): unknown {
  try {
    fromOnnx(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Imports broken bytes: a graph, or a typed error, soon. */
function checkImport(bytes: Uint8Array): "graph" | "refused" {
  const started = performance.now();
  const error = importOf(bytes);
  expect(performance.now() - started).toBeLessThan(LIMIT);
  expect(error === undefined || error instanceof AdjointError ? "typed" : error).toBe("typed");
  return error === undefined ? "graph" : "refused";
}

describe.skipIf(missing !== "")(`hostile ONNX files${missing}`, () => {
  it.for(models)("$name, cut at every 97th byte", ({ bytes }) => {
    for (let length = 0; length < bytes.length; length += 97) checkImport(bytes.subarray(0, length));
  });

  it("10,000 mutations of 20 models end in a graph or a typed error", { timeout: 60_000 }, () => {
    expect(models).toHaveLength(MODELS);
    const before = process.memoryUsage().rss;
    const ends = { graph: 0, refused: 0 };
    models.forEach(({ bytes }, index) => {
      for (let mutation = 0; mutation < MUTATIONS; mutation++) {
        const random = bitsOf(index * MUTATIONS + mutation);
        const broken = Uint8Array.from(bytes);
        for (let flips = random(3); flips >= 0; flips--) {
          const bit = random(8 * broken.length);
          broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        }
        ends[checkImport(broken)]++;
      }
    });
    // Both ends occur, so that mutations neither all miss nor all hit the header.
    expect(Math.min(ends.graph, ends.refused)).toBeGreaterThan(300);
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });
});
