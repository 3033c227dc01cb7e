import { afterAll, expect, test } from "vitest";
import { blocksOf, runBlock, temporaryFolder } from "./readme-blocks.ts";

// The other packages have tests of their READMEs beside them; WebGPU's runs with the tests on a software driver.
const folder = temporaryFolder();
afterAll(() => folder.remove());

/** What blocks of a README print, by their places; all of them, unless told. */
async function printed(name: string, places?: readonly number[]): Promise<readonly (readonly unknown[])[]> {
  const lines: (readonly unknown[])[] = [];
  const blocks = blocksOf(name);
  for (const block of places?.map((place) => blocks[place] ?? "") ?? blocks)
    lines.push(...(await runBlock(folder.path, block)));
  return lines;
}

test("the README of backend-wasm shows what runs, and what it prints", async () => {
  // The second sets a flag of the whole process.
  const [rows, isSmall] = await printed("backend-wasm", [0, 2]);
  expect(rows).toEqual([Float32Array.of(3, 8.154845237731934)]);
  expect(isSmall).toEqual([true]);
});

test("the README of onnx shows what runs, and what it prints", async () => {
  const [shape, bound, operators, ...trained] = await printed("onnx");
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
  const [lengths, images, labels, prices] = await printed("datasets", [0, 1]);
  expect(lengths).toEqual([55_000, 5_000, 10_000]);
  expect(images?.slice(0, 2)).toEqual(["f32", [100, 28, 28]]);
  expect(labels?.slice(0, 2)).toEqual(["i32", [100]]);
  expect(prices?.[0]).toEqual([1, 2]);
});
