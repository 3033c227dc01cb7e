import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type State, evaluate, tensorValue } from "@adjoint/ir";
import * as exported from "@adjoint/optimizers";
import { train } from "./example.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

describe("README", () => {
  it("shows the example that runs here", async () => {
    const source = await readFile(new URL("./example.ts", import.meta.url), "utf8");
    const [, shown = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    expect(shown).not.toBe("");
    expect(source.startsWith(shown)).toBe(true);
  });

  it("has an example that learns", () => {
    const x = tensorValue(
      "f32",
      [8, 3],
      Float32Array.from({ length: 24 }, (_, index) => Math.sin(index * index)),
    );
    const target = tensorValue("f32", [8, 1], new Float32Array(8));
    for (let row = 0; row < 8; row++) {
      const at = (column: number): number => Number(x.data[row * 3 + column]);
      target.data[row] = at(0) - 0.5 * at(1) + 0.25 * at(2);
    }
    let state: State = {};
    const losses: number[] = [];
    for (let step = 0; step < 210; step++) {
      const result = evaluate(train, { x, target }, { state });
      ({ state } = result);
      losses.push(Number(result.outputs.loss.data[0]));
    }
    expect(losses[0]).toBeGreaterThan(0.1);
    expect(losses.at(-1)).toBeLessThan(1e-4);
  });

  it("names every function that the package exports", () => {
    const functions = Object.entries(exported).filter(([, value]) => typeof value === "function");
    const missing = functions.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});
