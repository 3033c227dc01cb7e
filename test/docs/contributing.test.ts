import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { blocksIn, runBlock, temporaryFolder } from "./readme-blocks.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("CONTRIBUTING.md", root), "utf8");

test("the blocks of CONTRIBUTING.md run, and print what they should", async () => {
  const [inside, bisection] = blocksIn(page);
  const [[graph], [kernels]] = (await runBlock(folder.path, inside ?? "")) as [[string], [string]];
  expect(graph).toContain("relu");
  expect(kernels).toContain("0  map [6] mul add max");
  expect(await runBlock(folder.path, bisection ?? "")).toEqual([["all rewrites keep the result"]]);
});

test("the commands of CONTRIBUTING.md are scripts that there are", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
    scripts: { [name: string]: string };
  };
  const named = [...page.matchAll(/pnpm\.mjs run ([\w:]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});
