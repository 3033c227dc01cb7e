import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";
import { expect, test } from "vitest";

const x = input("x", "f32", [64, 64]);
const main = program({ inputs: { x }, outputs: { y: x.matMul(x).tanh() } });
const feeds = { x: new Float32Array(64 * 64).fill(0.01) };

/** What the process holds that keeps it alive, by kind. */
function handles(): { [kind: string]: number } {
  const counts: { [kind: string]: number } = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Opens backends of two threads one after another, runs a program that both share, and closes them. */
async function open(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    using backend = await wasm({ threads: 2, shareFrom: 0 });
    await using session = await compile({ main }, { backend });
    const { y } = await session.run("main", feeds);
    expect(y.data[0]).toBeCloseTo(Math.tanh(64 * 1e-4), 6);
  }
}

/** A quarter of a page per backend would be more. */
const MOST_KEPT = 64 * 2 ** 20;

test(
  "a thousand backends, opened and closed, leave no worker, no handle and no memory",
  { timeout: 400_000 },
  async () => {
    await open(50);
    await setTimeout(500);
    const [before, { rss }] = [handles(), process.memoryUsage()];
    await open(1000);
    await setTimeout(1000);
    expect(handles()["MessagePort"] ?? 0).toBeLessThanOrEqual(before["MessagePort"] ?? 0);
    expect(handles()["Worker"] ?? 0).toBeLessThanOrEqual(before["Worker"] ?? 0);
    expect(process.memoryUsage().rss - rss).toBeLessThan(MOST_KEPT);
  },
);
