import { defineConfig } from "vitest/config";

// Tests on WebGPU run on Chromium's software driver where it is installed. The loader reads these before any worker starts.
process.env["VK_ICD_FILENAMES"] ??= "/usr/lib/chromium/vk_swiftshader_icd.json";
process.env["XDG_RUNTIME_DIR"] ??= "/tmp";

const conditions = ["@adjoint/source", "module", "node", "development|production"];

/** Tests in a browser and on the software driver of WebGPU take minutes: each runs by a command of its own. */
const own: { readonly [mode: string]: string } = {
  browser: "test/browser/**/*.test.ts",
  webgpu: "test/{conformance,integration}/webgpu*.test.ts",
};

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
  test: {
    // A GPU that a thread waits for aborts the whole process when the thread is stopped.
    pool: mode === "webgpu" ? "forks" : "threads",
    testTimeout: mode === "webgpu" ? 60_000 : 10_000,
    include:
      own[mode] === undefined
        ? ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"]
        : [own[mode]],
    exclude: own[mode] === undefined ? ["**/node_modules/**", ...Object.values(own)] : [],
  },
}));
