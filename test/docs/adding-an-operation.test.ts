import { execFileSync } from "node:child_process";
import {
  cpSync,
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
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = ["ir", "compiler", "backend-cpu"];

interface Block {
  readonly kind: "yours" | "new" | "after";
  readonly file: string;
  readonly anchor: string;
  readonly code: string;
}

/** The page's code blocks with what their headings say. */
function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```ts (.*)\n([\s\S]*?)^```$/gm)].map(([, heading = "", code = ""]): Block => {
    if (heading === "yours") return { kind: "yours", file: "", anchor: "", code };
    if (heading.startsWith("new ")) return { kind: "new", file: heading.slice(4), anchor: "", code };
    const [file = "", anchor = ""] = heading.split(" after ");
    return { kind: "after", file, anchor, code };
  });
}

/** A copy of the packages that resolves its own workspace packages, and other dependencies from here. */
function copySources(copy: string): void {
  cpSync(join(root, "tsconfig.base.json"), join(copy, "tsconfig.base.json"));
  for (const name of packages) {
    const [from, to] = [join(root, "packages", name), join(copy, "packages", name)];
    for (const part of ["src", "package.json", "tsconfig.json"])
      cpSync(join(from, part), join(to, part), { recursive: true });
    const scope = join(to, "node_modules", "@adjoint");
    mkdirSync(scope, { recursive: true });
    for (const other of packages)
      if (other !== name) symlinkSync(join(copy, "packages", other), join(scope, other));
    for (const dependency of readdirSync(join(from, "node_modules"))) {
      if (!dependency.startsWith(".") && dependency !== "@adjoint") {
        symlinkSync(join(from, "node_modules", dependency), join(to, "node_modules", dependency));
      }
    }
  }
}

function follow(copy: string, blocks: readonly Block[]): void {
  for (const { kind, file, anchor, code } of blocks) {
    if (kind === "yours") continue;
    const path = join(copy, file);
    if (kind === "new") {
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

let copy = "";
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "adjoint-adding-"));
  copySources(copy);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test(
  "the page's composite and primitive can be added as it says, and work on a backend",
  { timeout: 120_000 },
  () => {
    const blocks = blocksOf(readFileSync(join(root, "docs/adding-an-operation.md"), "utf8"));
    expect(blocks.map((block) => block.kind)).toEqual(expect.arrayContaining(["yours", "new", "after"]));
    const tsc = join(root, "node_modules/typescript/bin/tsc");

    // Without the rows that follow it, the name alone is a type error: the tables are total.
    const [name] = blocks.filter((block) => block.file.endsWith("primitive-set.ts"));
    expect(name).toBeDefined();
    follow(copy, name === undefined ? [] : [name]);
    expect(() =>
      execFileSync(process.execPath, [tsc, "-b", "packages/ir"], { cwd: copy, stdio: "pipe" }),
    ).toThrow("Command failed");

    follow(
      copy,
      blocks.filter((block) => block !== name),
    );
    execFileSync(process.execPath, [tsc, "-b", "packages/backend-cpu"], { cwd: copy, stdio: "inherit" });
    const folders = ["ir", "compiler", "backend-cpu"].map((folder) => join(copy, "packages", folder));
    execFileSync(process.execPath, [join(root, "tools/bundle.mjs"), ...folders], { stdio: "inherit" });

    const yours = blocks.find((block) => block.kind === "yours")?.code ?? "";
    const script = join(copy, "packages/backend-cpu/try.mjs");
    writeFileSync(
      script,
      `${yours}
import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { cbrt, evaluate, gradients, input, parse, composites, print, program, squareplus, valueOf } from "@adjoint/ir";
const x = input("x", "f64", [3]);
const outputs = { root: cbrt(x), plus: squareplus(x), own: squareplus4(x) };
const graph = program({
  inputs: { x },
  outputs: { ...outputs, byRoot: gradients(outputs.root.reduceSum(), [x])[0], byPlus: gradients(outputs.plus.reduceSum(), [x])[0] },
});
const feeds = { x: valueOf("f64", [3], [-8, 1, 27]) };
const read = (run) => Object.fromEntries(Object.entries(run).map(([name, value]) => [name, [...value.data]]));
const text = print(program({ inputs: { x }, outputs: { plus: squareplus(x) } }));
const session = await compile({ graph }, { backend: cpu() });
console.log(JSON.stringify({
  oracle: read(evaluate(graph, feeds).outputs),
  cpu: read(await session.run("graph", feeds)),
  text: print(parse(text, { composites })) === text && text.includes("squareplus"),
}));
`,
    );
    const printed = execFileSync(process.execPath, [script], { encoding: "utf8" });
    const { oracle, cpu, text }: { [name: string]: { [output: string]: number[] } } = JSON.parse(printed);
    const at = [-8, 1, 27];
    const close = (actual: readonly number[] | undefined, expected: readonly number[]): void =>
      expected.forEach((value, index) => expect(actual?.[index]).toBeCloseTo(value, 12));
    for (const run of [oracle, cpu]) {
      close(run?.root, [-2, 1, 3]);
      close(run?.byRoot, [1 / 12, 1 / 3, 1 / 27]);
      close(
        run?.plus,
        at.map((x) => (x + Math.sqrt(x * x + 4)) / 2),
      );
      close(
        run?.own,
        at.map((x) => (x + Math.sqrt(x * x + 4)) / 2),
      );
      close(
        run?.byPlus,
        at.map((x) => (1 + x / Math.sqrt(x * x + 4)) / 2),
      );
    }
    expect(text).toBe(true);
  },
);
