import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { families } from "../src/operators/index.ts";
import type { Operator } from "../src/operators/row.ts";

const folder = new URL("../src/operators/", import.meta.url);
const helpers = new Set(["index.ts", "row.ts", "older.ts"]);

it("every family of the folder is in the table", async () => {
  const files = readdirSync(folder).filter((file) => !helpers.has(file));
  for (const file of files) {
    const module = (await import(new URL(file, folder).href)) as { readonly [name: string]: unknown };
    const family = module[file.slice(0, -".ts".length)];
    expect(families, file).toContain(family);
  }
  expect(families.length).toBe(files.length);
});

it("no operator has two rows, and each row's history is in order", () => {
  const rows: readonly Operator[] = families.flat();
  const keys = rows.map(({ domain, name }) => `${domain}/${name}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { name, since, older } of rows) {
    expect(since.toSorted((a, b) => a - b), name).toEqual(since);
    const versions = older.map(({ before }) => before);
    expect(versions.toSorted((a, b) => a - b), name).toEqual(versions);
  }
});
