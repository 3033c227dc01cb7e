import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the README's example runs and prints what it says", async () => {
  const ir: object = await import("@adjoint/ir");
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const [imports = "", ...rest] = example.split("\n");
  const names = /\{ (.*) \}/.exec(imports)?.[1]?.split(", ") ?? [];
  const printed: unknown[][] = [];
  const run = new Function(...names, "console", rest.join("\n"));
  run(...names.map((name) => Reflect.get(ir, name)), {
    log: (...line: unknown[]) => printed.push(line),
  });
  expect(String(printed[0]?.[0])).toContain("update %w");
  // (0.5·3 − 1)² and (0.5·7 − 1)², their mean, and one step down its slope.
  expect(printed[1]?.[0]).toBeCloseTo((0.25 + 6.25) / 2, 12);
  expect(printed[1]?.[1]).toEqual(Float64Array.of(0.5 - 0.1 * (0.5 + 7.5), 0.5 - 0.1 * (1 + 10)));
});
