import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { addArtifact } from "../src/measure/artifact.ts";
import type { ProcessJob } from "../src/partners/child.ts";
import { contestants } from "../src/contestants/table.ts";
import { artifactIn, inFolder, readArrays } from "../src/tasks/folder.ts";
import type { ContestantName } from "../src/contestants/names.ts";
import { disagreement } from "../src/measure/numbers.ts";
import { dataOf, expectedOf } from "../src/tasks/workloads/kinds.ts";
import { type Workload, workloads } from "../src/tasks/workloads/table.ts";
import { small } from "./small.ts";

const task = small["mlp-train"];
const workload: Workload = { task, about: "a first step", wholeProcess: true };
const arrays = dataOf(task);

const withThreads = (threads: number): Parameters<typeof addArtifact>[1] => ({
  workload,
  major: 20,
  entrants: [{ name: "wasm-ahead", threads }],
});

const answersSchema = z.tuple([
  z.object({ values: z.array(z.number()) }),
  z.object({ loaded: z.array(z.string()) }),
]);

/** The answer of a contestant's process when nothing more is asked, and the packages of ours whose main entry it loaded. */
async function processOf(
  contestant: ContestantName,
  threads: number,
): Promise<{ readonly losses: readonly number[]; readonly packages: readonly string[] }> {
  return inFolder(arrays, async (folder) => {
    addArtifact(folder, withThreads(2), arrays);
    const [run, program] = ["../../../test/from-sources.mjs", "../src/partners/contestant.ts"].map((file) =>
      fileURLToPath(new URL(file, import.meta.url)),
    );
    const job: ProcessJob = { contestant, threads, task, folder, once: false };
    const output = execFileSync(process.execPath, [run ?? "", "--list", program ?? "", JSON.stringify(job)], {
      encoding: "utf8",
      input: "",
    });
    const lines = output.trim().split("\n");
    const [{ values }, { loaded }] = answersSchema.parse(lines.map((line): unknown => JSON.parse(line)));
    return {
      losses: values,
      packages: loaded
        .flatMap((file) => /packages\/([^/]+)\/src\/index\.ts$/.exec(file)?.[1] ?? [])
        .toSorted(),
    };
  });
}

describe("a process that opens an artifact", () => {
  test.each([1, 2])(
    "has the right losses on %i of its 2 threads, and loads no compiler",
    async (threads) => {
      const { losses, packages } = await processOf("wasm-ahead", threads);
      const { values, tolerance } = expectedOf(task, arrays);
      expect(losses).toHaveLength(task.checkedSteps);
      expect(disagreement(losses, values)).toBeLessThanOrEqual(tolerance);
      expect(packages).toEqual([]);
    },
    60_000,
  );

  test("is told from one that compiles", async () => {
    const { packages } = await processOf("wasm-fused", 1);
    expect(packages).toEqual(["backend-wasm", "compiler", "ir", "layers", "optimizers"]);
  }, 60_000);
});

describe("an artifact", () => {
  test("lies beside the arrays, and is none of them", () =>
    inFolder(arrays, async (folder) => {
      addArtifact(folder, withThreads(1), arrays);
      expect(existsSync(artifactIn(folder))).toBe(true);
      expect(readArrays(folder)).toEqual(arrays);
    }));

  test.each<readonly [string, Workload, ContestantName]>([
    ["those that compile", workload, "wasm-fused"],
    ["steps", { task, about: "a step" }, "wasm-ahead"],
  ])("is not made for %s", (_, measured, name) =>
    inFolder(arrays, async (folder) => {
      addArtifact(folder, { workload: measured, major: 20, entrants: [{ name, threads: 1 }] }, arrays);
      expect(existsSync(artifactIn(folder))).toBe(false);
    }),
  );
});

test("what is compiled ahead takes part where whole processes are measured, and elsewhere says why not", () => {
  const { cannot } = contestants["wasm-ahead"];
  const reasons = Object.values(workloads).map((each) => cannot({ workload: each, threads: 2, major: 20 }));
  const isWhole = Object.values(workloads).map(({ wholeProcess }) => wholeProcess === true);
  expect(reasons.map((reason) => reason === undefined)).toEqual(isWhole);
  expect(isWhole).toContain(true);
  expect(reasons).toContain("has the steps of `wasm-fused`, and differs in how a process starts");
});
