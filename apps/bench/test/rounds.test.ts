import process from "node:process";
import { describe, expect, test } from "vitest";
import { Child } from "../src/partners/child.ts";
import type { ContestantName } from "../src/contestants/names.ts";
import { type Group, runGroup } from "../src/measure/rounds.ts";

/** A contestant that shows these results, and whose bursts take 3, 1, 2, 3… ms a step. */
const showing = (values: readonly number[]): string => `
  const answer = (message) => console.log(JSON.stringify(message));
  answer({ version: "9.9", values: ${JSON.stringify(values)} });
  let turn = 0;
  require("node:readline").createInterface(process.stdin)
    .on("line", () => answer({ milliseconds: [3, 1, 2][turn++ % 3], peak: 1e-6 }));
`;

const scripts: Partial<{ readonly [name in ContestantName]: string }> = {
  wasm: showing([1, 2, 3, 4]),
  "jax-js": showing([1, 2, 3, 5]),
  "tfjs-cpu": "setInterval(() => {}, 1000)",
  "onnxruntime-web": `throw new Error("lost its wasm")`,
};

const group = (names: readonly ContestantName[], other: Partial<Group> = {}): Group => ({
  workload: { task: { kind: "gemm", size: 2 }, about: "a product" },
  entrants: names.map((name) => ({ name, threads: 1 })),
  major: 20,
  rounds: 3,
  limit: 20,
  expected: { values: [1, 2, 3, 4], tolerance: 1e-3 },
  starter: (name) => {
    const script = scripts[name];
    if (script === undefined) return undefined;
    const program = { command: process.execPath, arguments: ["-e", script, "--"] };
    return (job) => new Child(program, { ...job, contestant: name, folder: "." });
  },
  ...other,
});

describe("a group", () => {
  test("has the median of its rounds, their spread, and the share of the peak", async () => {
    const [wasm] = await runGroup(group(["wasm"]));
    // 16 operations in 2 ms are 8e-6 GFLOP/s.
    expect(wasm).toMatchObject({
      milliseconds: 2,
      spread: [1, 3],
      version: "9.9",
      shareOfPeak: 8,
      isBound: false,
    });
    expect(wasm?.note).toBeUndefined();
  });

  test("gives no time to one that disagrees, fails, or is not installed", async () => {
    const outcomes = await runGroup(group(["jax-js", "onnxruntime-web", "pytorch"]));
    expect(outcomes.map(({ milliseconds }) => milliseconds)).toEqual([undefined, undefined, undefined]);
    expect(outcomes.map(({ note }) => note)).toEqual([
      "error: disagrees with the reference by 0.25 of its largest number, and 0.001 is allowed",
      "error: Error: lost its wasm",
      "is not installed here",
    ]);
  });

  test("bounds one that is late by what a step takes at least", async () => {
    const [late] = await runGroup(group(["tfjs-cpu"], { limit: 0.1 }));
    expect(late).toMatchObject({
      milliseconds: 100,
      isBound: true,
      note: "over 0.1 s for its first run",
    });
  });

  test("leaves out what a contestant can't do", async () => {
    const [wide] = await runGroup(group(["wasm-wide"]));
    expect(wide).toMatchObject({
      milliseconds: undefined,
      note: "this version of Node doesn't join vectors",
    });
  });
});
