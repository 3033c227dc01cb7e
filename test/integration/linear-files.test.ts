import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** Eight times the size takes about eight times as long, and 64 times if the time grows with the square. */
const MOST_GROWTH = 32;

const kinds = [
  "columns of a table",
  "records of a table",
  "digits of a cell",
  "quotes of a cell",
  "registers of a checkpoint",
  "steps of a checkpoint's history",
];

describe("files are read in linear time", () => {
  const program = ["../from-sources.mjs", "linear-files.ts"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );

  test("the processor time of any count grows in proportion", { timeout: 400_000 }, async ({ annotate }) => {
    const { stdout, stderr } = spawnSync(process.execPath, program, { encoding: "utf8" });
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (!last.startsWith("{")) throw new Error(`the process ended: ${stderr}`);
    const times: { readonly [kind: string]: { readonly once: number; readonly eightfold: number } } =
      JSON.parse(last);
    await annotate(last);
    expect(Object.keys(times)).toEqual(kinds);
    const grown = Object.entries(times).map(
      ([kind, { once, eightfold }]) => [kind, eightfold / once] as const,
    );
    // What takes less than two hundredths of a second at eight times the size has no growth that can be measured, and is fast.
    const measured = grown.filter(([kind]) => (times[kind]?.eightfold ?? 0) > 0.02);
    expect(measured.length).toBeGreaterThan(0);
    expect(measured.filter(([, growth]) => growth > MOST_GROWTH)).toEqual([]);
  });
});
