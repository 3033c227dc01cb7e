import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

// A tenth of the data set is enough to see the example learn.
vi.mock("@adjoint/datasets/node", async (original) => {
  const { mnist } = await original<typeof import("@adjoint/datasets/node")>();
  return {
    mnist: async () => {
      const { train, test: held } = await mnist();
      return { train: train.take(1000), test: held };
    },
  };
});

test(
  "the README's example is the one that is type-checked here, and its loss falls",
  { timeout: 60_000 },
  async () => {
    const example = readFileSync(new URL("readme-example.ts", import.meta.url), "utf8");
    expect(readFileSync(new URL("../../README.md", import.meta.url), "utf8")).toContain(
      `\`\`\`ts\n${example}\`\`\``,
    );
    const losses: number[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((loss: number) => void losses.push(loss));
    await import("./readme-example.ts");
    log.mockRestore();
    expect(losses).toHaveLength(10);
    expect(losses[0]).toBeGreaterThan(1.5);
    expect(losses.at(-1)).toBeLessThan(1.2);
  },
);
