import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { families } from "../src/operators/index.ts";
import type { Operator } from "../src/operators/row.ts";

const folder = new URL("../src/operators/", import.meta.url);
const helpers = new Set(["index.ts", "row.ts", "older.ts"]);

it("every family of the folder is in the table", async () => {
  const files = readdirSync(folder).filter((file) => !helpers.has(file));
  const found = await Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as { readonly [name: string]: unknown };
      return module[file.slice(0, -".ts".length)];
    }),
  );
  expect(files.filter((_, index) => !families.some((family) => family === found[index]))).toEqual([]);
  expect(families.length).toBe(files.length);
});

it("no operator has two rows, and each row's history is in order", () => {
  const rows: readonly Operator[] = families.flat();
  const keys = rows.map(({ domain, name }) => `${domain}/${name}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const isSorted = (versions: readonly number[]): boolean =>
    versions.every((version, index) => version > (versions[index - 1] ?? 0));
  const disordered = rows.filter(
    ({ since, older }) => !isSorted(since) || !isSorted(older.map(({ before }) => before)),
  );
  expect(disordered.map(({ name }) => name)).toEqual([]);
});
