import { afterAll, expect, test } from "vitest";
import { blocksOf, runBlock, temporaryFolder } from "./readme-blocks.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const blocks = blocksOf("trainer");

/** What a block prints first on each line. */
const lines = async (index: number): Promise<readonly unknown[]> =>
  (await runBlock(folder.path, blocks[index] ?? "")).map(([value]) => value);

test(
  "the README's examples run, one after the other, and print what they say",
  { timeout: 30_000 },
  async () => {
    expect(blocks).toHaveLength(3);
    const first = await lines(0);
    expect(first).toHaveLength(6 + 2);
    expect(first[0]).toMatch(/^Epoch \[1\/3\], Step \[25\/50\], Loss: \d\.\d{4}$/);
    for (const accuracy of first.slice(6)) expect(accuracy).toBeGreaterThan(0.7);
    expect(await lines(1)).toEqual([
      [5, 10],
      [5, 32],
    ]);
    expect(await lines(2)).toEqual([true, 50]);
  },
);
