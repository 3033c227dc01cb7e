import { readFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";

it("the README shows the example that runs here, and what it gives", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const source = await readFile(new URL("./example.ts", import.meta.url), "utf8");
  const [, shown = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  expect(shown).not.toBe("");
  expect(source).toBe(shown);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import("./example.ts");
    expect(log.mock.calls).toEqual([[Float32Array.of(3, 8.154845237731934)]]);
  } finally {
    log.mockRestore();
  }
});
