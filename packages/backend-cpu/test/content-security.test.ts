import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);

/** Bundled as for a page: runs a small training program with whatever kernels the engine allows, and prints what came of it. */
const source = `
import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { gradients, input, program, register } from "@adjoint/ir";

let printed = true;
try {
  new Function("return 1")();
} catch {
  printed = false;
}
const x = input("x", "f32", [4, 3]);
const w = register("w", "f32", [3, 2], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });
const loss = x.matMul(w).tanh().reduceMean();
const [g] = gradients(loss, [w]);
const train = program({ inputs: { x }, outputs: { loss }, updates: [{ register: w, next: w.sub(g.mul(0.1)) }] });
const kernels = process.argv[2];
const session = await compile({ train }, { backend: cpu(kernels === undefined ? {} : { kernels }), seed: 7 });
const losses = [];
for (let step = 0; step < 5; step++) {
  const feeds = { x: Float32Array.from({ length: 12 }, (_, index) => Math.sin(index + step)) };
  losses.push((await session.run("train", feeds)).loss.item());
}
console.log(JSON.stringify({ printed, losses }));
`;

interface Result {
  readonly printed: boolean;
  readonly losses: readonly number[];
}

const bundlerName = "vite";
const conditions = ["@adjoint/source", "module", "node"];
let folder = "";
let bundle = "";

const node = async (...options: string[]): Promise<Result> => {
  const { stdout } = await run(process.execPath, options);
  return JSON.parse(stdout) as Result;
};

/** The part of the bundler that this test needs; the test runner brings it along. */
interface Bundler {
  build(options: object): Promise<unknown>;
}

beforeAll(async () => {
  // Below this package's modules, so that others resolve as they do here.
  const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, "bundle-"));
  const entry = join(folder, "entry.mjs");
  const require = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"));
  const bundler = (await import(pathToFileURL(require.resolve(bundlerName)).href)) as Bundler;
  await writeFile(entry, source);
  await bundler.build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: entry,
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: "bundle.mjs" } },
    },
  });
  bundle = join(folder, "bundle.mjs");
});

afterAll(() => rm(folder, { recursive: true }));

describe("where a page's policy forbids code from strings", () => {
  it("kernels are closures, with the same numbers", async () => {
    const [forbidden, allowed, closures] = await Promise.all([
      node("--disallow-code-generation-from-strings", bundle),
      node(bundle),
      node(bundle, "closures"),
    ]);
    expect(forbidden.printed).toBe(false);
    expect(allowed.printed).toBe(true);
    expect(forbidden.losses).toHaveLength(5);
    expect(forbidden.losses).toEqual(allowed.losses);
    expect(closures.losses).toEqual(allowed.losses);
    expect(new Set(forbidden.losses).size).toBe(5);
  });

  it("printed kernels that are asked for all the same are refused by the engine", async () => {
    await expect(node("--disallow-code-generation-from-strings", bundle, "printed")).rejects.toThrow(
      "EvalError",
    );
  });
});
