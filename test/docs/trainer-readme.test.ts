import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, expect, test, vi } from "vitest";

// Within this package, so that the blocks find what they import.
const folder = mkdtempSync(fileURLToPath(new URL("../node_modules/.trainer-readme-", import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

const page = readFileSync(new URL("../../packages/trainer/README.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);

/** Runs a block with `runs/` in the folder. @returns what it printed, as `console.log` would show it. */
async function runBlock(index: number): Promise<readonly unknown[]> {
  const file = join(folder, `block-${index}.ts`);
  writeFileSync(file, (blocks[index] ?? "").replaceAll('"runs/', `"${folder}/runs/`));
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(pathToFileURL(file).href);
  return print.mock.calls.map(([value]) => value);
}

test(
  "the README's examples run, one after the other, and print what they say",
  { timeout: 30_000 },
  async () => {
    expect(blocks).toHaveLength(3);
    const lines = await runBlock(0);
    expect(lines).toHaveLength(6 + 2);
    expect(lines[0]).toMatch(/^Epoch \[1\/3\], Step \[25\/50\], Loss: \d\.\d{4}$/);
    for (const accuracy of lines.slice(6)) expect(accuracy).toBeGreaterThan(0.7);
    vi.restoreAllMocks();
    expect(await runBlock(1)).toEqual([
      [5, 10],
      [5, 32],
    ]);
    vi.restoreAllMocks();
    expect(await runBlock(2)).toEqual([true, 50]);
  },
);
