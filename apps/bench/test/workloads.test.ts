import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { describe, expect, test } from "vitest";
import { disagreement } from "../src/measure/numbers.ts";
import { ownRunner } from "../src/contestants/own-runner.ts";
import { check } from "../src/contestants/turns.ts";
import { dataOf, expectedOf } from "../src/tasks/workloads/kinds.ts";
import { small } from "./small.ts";

const backends = { cpu: async () => cpu(), wasm: () => wasm({ threads: 1 }) };

describe.each(Object.entries(backends))("our graph on %s agrees with plain loops", (_, open) => {
  test.each(Object.entries(small))("%s", async (__, task) => {
    const arrays = dataOf(task);
    const runner = await ownRunner(await open(), task, arrays);
    const values = await check({ version: "", ...runner }, task);
    const { values: expected, tolerance } = expectedOf(task, arrays);
    expect(expected.length).toBeGreaterThan(1);
    expect(disagreement(values, expected)).toBeLessThanOrEqual(tolerance);
  });
});

test("training moves on: the checked losses differ by far more than the tolerance", () => {
  const { values, tolerance } = expectedOf(small["cnn-train"], dataOf(small["cnn-train"]));
  expect(disagreement(values, [...values.slice(1), values[0] ?? 0])).toBeGreaterThan(10 * tolerance);
});

test("data are the same in every run", () => {
  expect(dataOf(small.gemm)).toEqual(dataOf(small.gemm));
});
