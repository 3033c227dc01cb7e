import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend } from "@adjoint/compiler";
import { compile } from "@adjoint/compiler";
import { AdjointError } from "@adjoint/ir";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkCase, subjects } from "../conformance/check.ts";
import { partsOf } from "./copy.ts";
import { temporaryFolder } from "./readme-blocks.ts";

const code = partsOf("adding-a-backend.md");

const folder = temporaryFolder();
afterAll(() => folder.remove());
let backend: Backend;
beforeAll(async () => {
  const file = join(folder.path, "interpreter.ts");
  writeFileSync(file, code);
  // The page says what the file exports; the test of types holds it.
  const module = (await import(pathToFileURL(file).href)) as { readonly interpreter: () => Backend };
  backend = module.interpreter();
});

/** Kernel forms and values that the page leaves out. */
const lacks =
  /has no (?:kernels of the form (?:cumulative|scatter|sort|scan|if)|random bits|indices from data)/;

describe("the page's backend", () => {
  let [right, lacking] = [0, 0];

  // Each element is asked of the oracle, so a few cases of each subject have to do.
  test.for(subjects)("is right, or says what it lacks: %s", async ([, items]) => {
    for (const item of items.slice(0, 2)) {
      try {
        await checkCase(item, async (graph, feeds, state) => {
          await using session = await compile({ main: graph }, { backend, state });
          const outputs = await session.run("main", feeds);
          return { outputs, state: await session.state() };
        });
        right++;
      } catch (error) {
        if (!(error instanceof AdjointError && error.code === "backend" && lacks.test(error.message)))
          throw error;
        lacking++;
      }
    }
  });

  test("runs most of the suite", () => {
    expect(right).toBeGreaterThan(4 * lacking);
  });
});
