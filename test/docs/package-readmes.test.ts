import { afterAll, expect, test } from "vitest";
import { blocksOf, runBlock, temporaryFolder } from "./readme-blocks.ts";

// The other packages have tests of their READMEs beside them; WebGPU's runs with the tests on a software driver.
const folder = temporaryFolder();
afterAll(() => folder.remove());

/** What the first `limit` blocks of a README print. */
async function printed(name: string, limit: number): Promise<readonly (readonly unknown[])[]> {
  const lines: (readonly unknown[])[] = [];
  for (const block of blocksOf(name).slice(0, limit)) lines.push(...(await runBlock(folder.path, block)));
  return lines;
}

test("the README of backend-wasm shows what runs, and what it prints", async () => {
  expect(await printed("backend-wasm", 1)).toEqual([[Float32Array.of(3, 8.154845237731934)]]);
});

test("the README of onnx shows what runs, and what it prints", async () => {
  const [shape, bound, operators, ...trained] = await printed("onnx", 2);
  expect(shape).toEqual(["batch"]);
  expect(bound).toEqual([[8]]);
  expect(operators).toEqual([
    new Map([
      ["Exp", 1],
      ["ReduceSum", 1],
    ]),
  ]);
  expect(trained).toEqual([[Float32Array.of(2)]]);
});

test("the README of datasets shows what runs, and what it prints", { timeout: 30_000 }, async () => {
  const [lengths, images, labels, prices] = await printed("datasets", 2);
  expect(lengths).toEqual([55_000, 5_000, 10_000]);
  expect(images?.slice(0, 2)).toEqual(["f32", [100, 28, 28]]);
  expect(labels?.slice(0, 2)).toEqual(["i32", [100]]);
  expect(prices?.[0]).toEqual([1, 2]);
});
