import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { Child, type ProcessJob } from "../src/partners/child.ts";
import { openblasCore } from "../src/partners/engines.ts";
import { TimeLimit } from "../src/partners/partner.ts";

const job: ProcessJob = {
  contestant: "echo",
  threads: 3,
  task: { kind: "gemm", size: 2 },
  folder: ".",
  once: false,
};

const started = (script: string): Child => {
  const child = new Child({ command: process.execPath, arguments: ["-e", script, "--"] }, job);
  onTestFinished(() => child.stop());
  return child;
};

const echo = `
  console.log("a library says hello");
  console.log(JSON.stringify({ threads: JSON.parse(process.argv[1]).threads }));
  require("node:readline").createInterface(process.stdin).on("line", (line) => console.log(line));
`;

test("a child is told its job, answers in JSON, and what is no JSON is left out", async () => {
  const child = started(echo);
  expect(await child.answer(z.object({ threads: z.number() }), 20)).toEqual({ threads: 3 });
  child.tell({ burst: 7 });
  expect(await child.answer(z.object({ burst: z.number() }), 20)).toEqual({ burst: 7 });
});

test("a child that fails says why", async () => {
  const child = started(`throw new TypeError("no such kernel")`);
  await expect(child.answer(z.object({}), 20)).rejects.toThrow("TypeError: no such kernel");
});

test("a child that takes too long is over its limit", async () => {
  const child = started("setInterval(() => {}, 1000)");
  await expect(child.answer(z.object({}), 0.05)).rejects.toThrow(TimeLimit);
});

test("a program that doesn't exist says so", async () => {
  const child = new Child({ command: "/nowhere/python3", arguments: [] }, job);
  await expect(child.answer(z.object({}), 20)).rejects.toThrow("ENOENT");
});

test("a program's environment reaches it", async () => {
  const child = new Child(
    {
      command: process.execPath,
      arguments: ["-e", `console.log(JSON.stringify({ core: process.env.OPENBLAS_CORETYPE }))`, "--"],
      environment: { OPENBLAS_CORETYPE: "HASWELL" },
    },
    job,
  );
  onTestFinished(() => child.stop());
  expect(await child.answer(z.object({ core: z.string() }), 20)).toEqual({ core: "HASWELL" });
});

test.each([
  ["avx512f avx512cd avx512bw avx512dq avx512vl avx2 fma", "SKYLAKEX"],
  ["avx512f avx2 fma", "HASWELL"],
  ["avx2 fma", "HASWELL"],
  ["avx2", undefined],
  ["sse2", undefined],
])("OpenBLAS is told its kernels for a processor with %s", (flags, core) => {
  expect(openblasCore(new Set(flags.split(" ")))).toBe(core);
});
