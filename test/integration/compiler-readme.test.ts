import { readFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";

it("the compiler's README shows the example that runs here, and what it gives", async () => {
  const readme = await readFile(new URL("../../packages/compiler/README.md", import.meta.url), "utf8");
  const source = await readFile(new URL("./compiler-example.ts", import.meta.url), "utf8");
  const [, shown = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  expect(shown).not.toBe("");
  expect(source.startsWith(shown)).toBe(true);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import("./compiler-example.ts");
    const [[prediction], [weight], [text]] = log.mock.calls as [[number], [object], [string]];
    expect(prediction).toBeGreaterThan(5.99);
    expect(prediction).toBeLessThan(6);
    expect(weight).toMatchObject({ dtype: "f32", shape: [3] });
    expect(text).toContain('entry "train" (x: f32[3, 3], target: f32[3])');
    expect(text).toContain('entry "predict" (x: f32[1, 3])');
  } finally {
    log.mockRestore();
  }
});
