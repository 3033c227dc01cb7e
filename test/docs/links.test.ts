import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const pages = files.filter((file) => file.endsWith(".md"));
const baseNames = new Set(files.map((file) => basename(file)));

/** Every word of the sources. */
const words = new Set(
  files
    .filter((file) => /\.(ts|mjs|js|json|html|py)$/.test(file))
    .flatMap((file) => readFileSync(join(root, file), "utf8").match(/[A-Za-z_]\w*/g) ?? []),
);

/** Names in docs that are others', and whose. */
const foreign: { readonly [name: string]: string } = {
  binaryen: "a package that was tried",
  subgroupAdd: "WGSL",
  subgroup_size: "WGSL",
  SubtleCrypto: "the web",
};

/** A page without its blocks of code. */
const proseOf = (page: string): string =>
  readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));

/** Where a path of a page may be: beside the page, at the root, or in the sources of the page's package. */
function isThere(page: string, path: string): boolean {
  const [top = "", name = ""] = page.split("/");
  const own = top === "packages" || top === "apps" ? `${top}/${name}` : "";
  const places = [dirname(page), ".", own, join(own, "src"), join(own, "test")];
  return places.some((place) => existsSync(join(root, place, path)));
}

describe.each(pages)("%s", (page) => {
  const prose = proseOf(page);

  it("links to what there is", () => {
    const links = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = ""]) => link);
    const lost = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      if (anchor === undefined) return false;
      const read = target.endsWith(".md") ? target : join(target, "README.md");
      return !anchorsOf(read).includes(anchor);
    });
    expect(lost).toEqual([]);
  });

  it("names files that there are", () => {
    const names = [...prose.matchAll(/`((?:\.{0,2}\/)?(?:[\w.-]+\/)+[\w.-]*)`/g)].map(
      ([, name = ""]) => name,
    );
    const ours = names.filter(
      (name) =>
        /\.(ts|mjs|js|md|json)$|^(packages|apps|test|docs|tools)\//.test(name) && !/\bdist\//.test(name),
    );
    expect(ours.filter((name) => !isThere(page, name))).toEqual([]);
  });

  it("names files without their folders that there are", () => {
    const names = [...prose.matchAll(/`([\w-]+\.(?:ts|mjs))`/g)].map(([, name = ""]) => name);
    expect(names.filter((name) => !baseNames.has(name))).toEqual([]);
  });

  if (!page.startsWith("docs/")) return;
  it("names what the sources name", () => {
    const names = [...prose.matchAll(/`([A-Za-z_]\w*)(?:\([^`]*\))?`/g)].map(([, name = ""]) => name);
    expect(names.filter((name) => !words.has(name) && !Object.hasOwn(foreign, name))).toEqual([]);
  });
});
