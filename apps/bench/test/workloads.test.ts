import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { describe, expect, test } from "vitest";
import { sampled } from "../src/arrays.ts";
import { disagreement } from "../src/numbers.ts";
import { labelSets, roundAndRound } from "../src/runner.ts";
import { dataOf, expectedOf, graphOf } from "../src/workloads/kinds.ts";
import { floats } from "../src/workloads/kind.ts";
import { small } from "./small.ts";

const backends = { cpu: async () => cpu(), wasm: () => wasm({ threads: 1 }) };

describe.each(Object.entries(backends))("our graph on %s agrees with plain loops", (_, open) => {
  test.each(Object.entries(small))("%s", async (__, task) => {
    const arrays = dataOf(task);
    const { graph, state, result } = graphOf(task, (name) => floats(arrays, name));
    await using session = await compile({ main: graph }, { backend: await open(), state });
    const values: number[] = [];
    const { values: expected, tolerance } = expectedOf(task, arrays);
    if (task.kind === "train") {
      const { labels } = arrays;
      if (!(labels instanceof Int32Array)) throw new Error("labels are whole numbers");
      const next = roundAndRound(labelSets(labels, task.batch));
      for (let step = 0; step < task.checkedSteps; step++) {
        const outputs = await session.run("main", { images: floats(arrays, "images"), labels: next() });
        values.push(outputs["loss"]?.item() ?? Number.NaN);
      }
    } else if (task.kind === "infer") {
      const outputs = await session.run("main", { images: floats(arrays, "images") });
      values.push(...sampled([...(outputs["logits"]?.data ?? [])].map(Number)));
    } else {
      await session.run("main", {});
      const register = (await session.state())[result ?? ""];
      values.push(...sampled([...(register?.data ?? [])].map(Number)));
    }
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
