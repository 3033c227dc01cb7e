import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { evaluate, tensorValue } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import * as exported from "@adjoint/layers";
import { graph, mlp, table } from "./example.ts";
import { ramp } from "./support.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

describe("README", () => {
  it("shows the example that runs here", async () => {
    const source = await readFile(new URL("./example.ts", import.meta.url), "utf8");
    const [, shown = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    expect(shown).not.toBe("");
    expect(source.startsWith(shown)).toBe(true);
  });

  it("has an example that gives what it says", () => {
    const labels = tensorValue("i32", [2], Int32Array.of(3, 1));
    const { outputs, state } = evaluate(graph, { images: ramp([2, 28, 28], 0.001), labels });
    expect(outputs.logits.shape).toEqual([2, 10]);
    expect(Number.isFinite(outputs.loss.data[0])).toBe(true);
    expect([...registersOf(graph).keys()].toSorted()).toEqual([
      "dense_1.bias",
      "dense_1.weight",
      "dense_2.bias",
      "dense_2.weight",
      "random",
    ]);
    expect(Number(state["random"]?.data[1])).toBe(1);
    expect(table).toContain("Total params: 397,510");
    expect(mlp.layers).toHaveLength(5);
  });

  it("names every function that the package exports", () => {
    const functions = Object.entries(exported).filter(([, value]) => typeof value === "function");
    const missing = functions.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});
