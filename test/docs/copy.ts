import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A block of a page's code, with what its heading says: a new file, lines behind another line, or something to run. */
export interface Block {
  readonly kind: "yours" | "runs" | "new" | "after";
  readonly file: string;
  readonly anchor: string;
  readonly code: string;
}

/** The blocks of a page in `docs` whose headings say what to do with them. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  return [...text.matchAll(/^```(?:ts|md) (.*)\n([\s\S]*?)^```$/gm)].map(
    ([, heading = "", code = ""]): Block => {
      if (heading === "yours" || heading === "runs") return { kind: heading, file: "", anchor: "", code };
      if (heading.startsWith("new ")) return { kind: "new", file: heading.slice(4), anchor: "", code };
      const at = heading.indexOf(" after ");
      return { kind: "after", file: heading.slice(0, at), anchor: heading.slice(at + 7), code };
    },
  );
}

/** A page's parts of one file. */
export const partsOf = (page: string): string =>
  [...readFileSync(join(root, "docs", page), "utf8").matchAll(/^```ts part\n([\s\S]*?)^```$/gm)]
    .map(([, part = ""]) => part)
    .join("\n");

const filesOf = (...paths: readonly string[]): readonly string[] =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...paths], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((file) => file !== "" && existsSync(join(root, file)));

/** Without what says to a test that it runs in one: the copy's tests have a run of their own, of the daily share. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:VITEST|MODE$|NODE_ENV$|TEST$)/.test(name)),
  ),
  NO_COLOR: "1",
};

/** A copy of the packages and their tests, whose workspace packages are those of the copy. */
export class Copy implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "adjoint-adding-"));

  constructor() {
    const configs = [
      "tsconfig.base.json",
      "tsconfig.json",
      "tsconfig.test.json",
      "vitest.config.ts",
      "package.json",
    ];
    for (const file of filesOf("apps", "packages", "test", "tools", ...configs)) {
      const to = join(this.folder, file);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(root, file), to);
    }
    for (const group of ["packages", "apps"])
      for (const name of readdirSync(join(root, group))) this.#link(join(group, name));
    this.#link("test");
    this.#link("");
  }

  /** Dependencies are those of the repository, but for packages of its own. */
  #link(place: string): void {
    const [from, to] = [root, this.folder].map((folder) => join(folder, place, "node_modules"));
    if (from === undefined || to === undefined || !existsSync(from)) return;
    const scope = "@adjoint";
    mkdirSync(join(to, scope), { recursive: true });
    for (const dependency of readdirSync(from))
      if (!dependency.startsWith(".") && dependency !== scope)
        symlinkSync(join(from, dependency), join(to, dependency));
    if (!existsSync(join(from, scope))) return;
    for (const name of readdirSync(join(from, scope))) {
      const own = ["packages", "apps"].map((group) => join(this.folder, group, name)).find(existsSync);
      if (own !== undefined) symlinkSync(own, join(to, scope, name));
    }
  }

  /** Does what the blocks say. @throws Error if a line that one names is not there. */
  follow(blocks: readonly Block[]): void {
    for (const { kind, file, anchor, code } of blocks) {
      if (kind === "yours" || kind === "runs") continue;
      const path = join(this.folder, file);
      if (kind === "new") {
        if (existsSync(path)) throw new Error(`${file} is there already`);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, code);
        continue;
      }
      const lines = readFileSync(path, "utf8").split("\n");
      const at = lines.indexOf(anchor);
      if (at < 0) throw new Error(`${file} has no line "${anchor}"`);
      lines.splice(at + 1, 0, code.trimEnd());
      writeFileSync(path, lines.join("\n"));
    }
  }

  /** Runs Node in the copy. @returns what it printed and whether it went well. */
  node(...parameters: readonly string[]): { readonly printed: string; readonly isGood: boolean } {
    try {
      const printed = execFileSync(process.execPath, [...parameters], {
        cwd: this.folder,
        encoding: "utf8",
        stdio: "pipe",
        env: environment,
      });
      return { printed, isGood: true };
    } catch (error) {
      const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
      return { printed: `${stdout ?? ""}${stderr ?? ""}`, isGood: false };
    }
  }

  /** Type-checks projects and what they refer to. */
  types(...projects: readonly string[]): { readonly printed: string; readonly isGood: boolean } {
    return this.node(join(root, "node_modules/typescript/bin/tsc"), "-b", ...projects);
  }

  /** Runs a module of the copy from its sources. */
  run(file: string, code: string): { readonly printed: string; readonly isGood: boolean } {
    const path = join(this.folder, file);
    writeFileSync(path, code);
    try {
      return this.node(join(this.folder, "test/from-sources.mjs"), file);
    } finally {
      rmSync(path);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
