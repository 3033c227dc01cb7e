import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const names = readdirSync(new URL("packages", root));

/** A row of a README's table: what is promised, the test that holds it, and the file of that test from the root. */
interface Promised {
  readonly promise: string;
  readonly title: string;
  readonly file: string;
}

/** The rows of `## Promises`: `| what is promised | [title of a test](path of its file) |`. */
function promisesOf(readme: string, name: string): readonly Promised[] {
  const section = /^## Promises\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme)?.[1] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| ") && !/^\| (promise|---)/.test(line));
  return rows.flatMap((row) => {
    const [, promise = "", tests = ""] = row.split("|").map((cell) => cell.trim());
    const links = [...tests.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(([^)]+)\)/g)];
    if (promise === "" || links.length === 0) throw new Error(`no promise with its test: ${row}`);
    return links.map(([, title = "", link = ""]) => {
      const url = new URL(link, new URL(`packages/${name}/`, root));
      return { promise, title: title.replaceAll(/\\(.)/g, "$1"), file: fileURLToPath(url) };
    });
  });
}

/** The titles that a file gives to its tests, as they stand in its text, alone or inside a call. */
const titlesOf = (file: string): readonly string[] =>
  [...readFileSync(file, "utf8").matchAll(/(["`'])((?:(?!\1)[^\\]|\\.)*)\1\)?\s*,/g)].map(
    ([, , title = ""]) => title,
  );

describe("each promise of a package's README names a test that there is", () => {
  test.each(names)("%s", (name) => {
    const promises = promisesOf(readFileSync(new URL(`packages/${name}/README.md`, root), "utf8"), name);
    expect(promises.length).toBeGreaterThan(2);
    for (const { promise, title, file } of promises) {
      expect(existsSync(file), `${promise}: ${file}`).toBe(true);
      expect(file).toMatch(/\.test\.ts$/);
      expect(titlesOf(file), `${promise}: ${file}`).toContain(title);
    }
  });
});
