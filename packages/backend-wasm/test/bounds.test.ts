import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { binaryBounds, unaryBounds } from "../src/math/bounds.ts";

it("the README's errors of functions are those that are tested", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$/gm)];
  expect(
    Object.fromEntries(rows.map(([, name, f32, f64]) => [name, { f32: Number(f32), f64: Number(f64) }])),
  ).toEqual({
    ...unaryBounds,
    ...binaryBounds,
  });
});
