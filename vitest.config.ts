import { type TestProjectInlineConfiguration, defineConfig } from "vitest/config";

// Tests on WebGPU run on Chromium's software driver where it is installed. The loader reads these before any worker starts.
process.env["VK_ICD_FILENAMES"] ??= "/usr/lib/chromium/vk_swiftshader_icd.json";
process.env["XDG_RUNTIME_DIR"] ??= "/tmp";

const conditions = ["@adjoint/source", "module", "node", "development|production"];

/** Tests in a browser and on the software driver of WebGPU take minutes: each runs by a command of its own. */
const own: { readonly [mode: string]: string } = {
  browser: "test/browser/**/*.test.ts",
  webgpu: "test/{conformance,integration}/webgpu*.test.ts",
};

/** By `pnpm test:full` alone, which runs all tests, and all of those that `npm test` has a share of. */
const long = [
  "apps/mnist-trainer/test/resume.test.ts",
  "test/integration/compile-growth.test.ts",
  "apps/bench/test/ahead.test.ts",
  "packages/backend-wasm/test/contract{,-windows}.test.ts",
  "packages/{onnx,trainer}/test/large-files.test.ts",
  "test/fuzz/fuzz.test.ts",
  "test/integration/{deep-graphs,linear-files,passes-left-out,thousand-backends}.test.ts",
  "test/onnx/training.test.ts",
];

/** They start threads or processes of their own: two files at a time, after all others. */
const pairs = [
  "test/conformance/wasm.test.ts",
  "test/fuzz/*.test.ts",
  "packages/backend-wasm/test/{artifact,products,scatter}.test.ts",
  "apps/mnist-trainer/test/**/*.test.ts",
];
/** What measures time, or counts memory or threads. */
const alone = [
  "test/integration/{endurance,thousand-backends,underflow}.test.ts",
  "packages/backend-wasm/test/{pool,threads,wasm}.test.ts",
  "packages/ir/test/passes-pipeline.test.ts",
];
/**
 * They replace modules, globals or prototypes, or load libraries that do: each in a worker of its own, so that no other file
 * sees that. All other files share workers, which load the packages once.
 */
const apart = [
  "apps/bench/test/**/*.test.ts",
  "packages/backend-wasm/test/**/*.test.ts",
  "packages/datasets/test/mnist.test.ts",
  "test/docs/{package-readmes,readme}.test.ts",
  "test/integration/{compile-growth,training-step}.test.ts",
];
const all = ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"];
const never = (mode: string): string[] => [
  "**/node_modules/**",
  ...Object.values(own),
  ...(mode === "full" ? [] : long),
];

interface Files {
  readonly include: string[];
  readonly exclude?: string[];
  /** Whether each has a worker of its own; else all share those of the project. */
  readonly isolate: boolean;
}

/** Files of one project run after those of all with a lower `groupOrder`. */
const project = (
  mode: string,
  name: string,
  groupOrder: number,
  maxWorkers: number | string,
  files: Files,
): TestProjectInlineConfiguration => ({
  extends: true,
  mode,
  test: { name, maxWorkers, sequence: { groupOrder }, exclude: never(mode), ...files },
});

/** `ALL_TESTS=1 npm test` is `npm test` with all that it has a share of, as `pnpm test:full` runs it. */
const modeOf = (asked: string): string => (asked === "test" && process.env["ALL_TESTS"] ? "full" : asked);

export default defineConfig(({ mode: asked }) => {
  const mode = modeOf(asked);
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
    test: {
      // A GPU that a thread waits for aborts the whole process when the thread is stopped.
      pool: mode === "webgpu" ? "forks" : "threads",
      testTimeout: mode === "webgpu" ? 60_000 : 15_000,
      ...(own[mode] === undefined
        ? {
            projects: [
              project(mode, "together", 0, "100%", {
                include: all,
                exclude: [...never(mode), ...apart, ...pairs, ...alone],
                isolate: false,
              }),
              project(mode, "apart", 0, "100%", {
                include: apart,
                exclude: [...never(mode), ...pairs, ...alone],
                isolate: true,
              }),
              project(mode, "pairs", 1, 2, { include: pairs, isolate: true }),
              project(mode, "alone", 2, 1, { include: alone, isolate: true }),
            ],
          }
        : { include: [own[mode]] }),
    },
  };
});
