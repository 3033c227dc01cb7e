import { defineConfig } from "vitest/config";

// Tests on WebGPU run on Chromium's software driver where it is installed. The loader reads these before any worker starts.
process.env["VK_ICD_FILENAMES"] ??= "/usr/lib/chromium/vk_swiftshader_icd.json";
process.env["XDG_RUNTIME_DIR"] ??= "/tmp";

const conditions = ["@adjoint/source", "module", "node", "development|production"];

/** Tests in a browser take minutes: they run by a command of their own, `pnpm test:browser`. */
const browser = "test/browser/**/*.test.ts";

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@adjoint/source"] } },
  test: {
    pool: "threads",
    ...(mode === "browser"
      ? { include: [browser] }
      : {
          include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [browser],
        }),
  },
}));
