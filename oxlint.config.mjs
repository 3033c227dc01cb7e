import { builtinModules } from "node:module";
import { defineConfig } from "oxlint";

/** Which of our packages each package may import. An arrow only ever points down this list. */
const arrows = {
  trainer: ["compiler", "layers", "optimizers", "datasets", "ir"],
  onnx: ["ir"],
  layers: ["ir"],
  optimizers: ["ir"],
  datasets: ["ir"],
  "backend-cpu": ["compiler", "ir"],
  "backend-wasm": ["compiler", "ir"],
  "backend-webgpu": ["compiler", "ir"],
  compiler: ["ir"],
  ir: [],
};

const deep = {
  regex: "^@adjoint/[^/]+/.*[./]",
  message: "Import what the package exports, not a file inside it.",
};
const outside = {
  regex: "^(\\.\\./)+((packages|apps|test|tools)/|[^./][^/]*/(src|dist|test)/)",
  message: "A relative import stays inside its package. Import another package by its name.",
};
/** Its small form comes through `@adjoint/ir/schema`, so that there is one copy of it and one way to check settings. */
const zod = {
  regex: "^zod(/|$)",
  message: "Import from @adjoint/ir/schema, which has what is used of zod/mini.",
};
/** What is light enough for packages that declare no graphs. */
const operations = {
  regex: "^@adjoint/ir(/graph)?$",
  message: "Only @adjoint/ir/values and @adjoint/ir/schema: they bring no operations to a page.",
};
const builtin = {
  regex: `^(node:|(${builtinModules.filter((name) => !name.startsWith("_")).join("|")})$)`,
  message:
    "Only src/node.ts (exported as ./node) and what is in src/node, an app or a test may import from Node.",
};

/** @type {(name: string, below: readonly string[]) => { group: string[]; message: string }} */
function arrow(name, below) {
  const allowed = [name, ...below].map((other) => `@adjoint/${other}`);
  return {
    group: ["@adjoint/**", ...allowed.flatMap((other) => [`!${other}`, `!${other}/**`])],
    message: `${allowed[0]} may import ${allowed.slice(1).join(", ") || "no package of ours"}.`,
  };
}
/** The second of the two levels: kernels over buffers. An artifact is a runtime of sessions, and compiles for them. */
const kernels = {
  regex: "^@adjoint/compiler$",
  message: "A backend imports @adjoint/compiler/kernel only: it never lowers, fuses or plans.",
};
const unknown = {
  group: ["@adjoint/**"],
  message: "Say in the table of oxlint.config.mjs which packages this one may import.",
};

/** @type {(...patterns: object[]) => NonNullable<import("oxlint").OxlintConfig["rules"]>} */
const restrict = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] });

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  env: { builtin: true },
  rules: {
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "typescript/no-explicit-any": "error",
    "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
    "unicorn/consistent-function-scoping": "off",
    "import/no-named-as-default-member": "off",
    // TypeScript knows what a namespace has, from sources.
    "import/namespace": "off",
    "import/no-unassigned-import": "off",
    // It takes workers for windows.
    "unicorn/require-post-message-target-origin": "off",
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect*", "assert*", "check*", "fc.assert"] }],
    ...restrict(deep, outside),
  },
  overrides: [
    { files: ["packages/*/**"], rules: restrict(deep, outside, builtin, unknown) },
    ...Object.entries(arrows).flatMap(([name, below]) => {
      const kept = [...(name === "ir" ? [] : [zod]), ...(name === "datasets" ? [operations] : [])];
      const level = name.startsWith("backend-") ? [kernels] : [];
      return [
        {
          files: [`packages/${name}/src/**`],
          rules: restrict(deep, outside, builtin, ...kept, ...level, arrow(name, below)),
        },
        {
          files: [`packages/${name}/src/artifact/**`],
          rules: restrict(deep, outside, builtin, ...kept, arrow(name, below)),
        },
        {
          files: [`packages/${name}/src/node.ts`, `packages/${name}/src/node/**`],
          rules: restrict(deep, outside, ...kept, arrow(name, below)),
        },
        { files: [`packages/${name}/test/**`], rules: restrict(deep, outside, arrow(name, below)) },
      ];
    }),
  ],
});
