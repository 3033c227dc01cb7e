import { type Graph, print } from "@adjoint/ir";
import { type TensorValue, dtypeInfo } from "@adjoint/ir/values";
import type { FuzzCase } from "./fuzz-case.ts";
import type { Variant } from "./variants.ts";

/** How each family of variants is opened, as code. */
const openings: { readonly [B in Variant["backend"]]: readonly [importLine: string, backend: string] } = {
  cpu: [`import { cpu } from "@adjoint/backend-cpu";`, "cpu()"],
  wasm: [
    `import { wasm } from "@adjoint/backend-wasm";`,
    "await wasm({ shareFrom: 0, threads: THREADS, deterministic: PLAIN })",
  ],
  artifact: [
    `import { wasm } from "@adjoint/backend-wasm";`,
    "await wasm({ shareFrom: 0, threads: THREADS, deterministic: PLAIN })",
  ],
  webgpu: [`import { webgpu } from "@adjoint/backend-webgpu";`, "await webgpu()"],
};

const text = (graph: Graph): string =>
  print(graph, { constants: "full" }).replaceAll("`", "\\`").replaceAll("$", "\\$");

/** Elements as code: numbers that code can say, in an array of the type's own. */
function feedText({ dtype, shape, data }: TensorValue): string {
  const elements = Array.from({ length: data.length }, (_, index) => {
    const element = data[index] ?? 0;
    return typeof element === "bigint" ? `${element}n` : Object.is(element, -0) ? "-0" : String(element);
  });
  return `{ dtype: "${dtype}", shape: [${shape.join(", ")}], data: ${dtypeInfo[dtype].array.name}.of(${elements.join(", ")}) }`;
}

/** A program of its own that shows what a case gives on a variant, beside what the oracle gives. */
export function codeOf({ entries, runs }: FuzzCase, variant: Variant): string {
  const [importLine, opening] = openings[variant.backend];
  const threads = /threads (\d)/.exec(variant.name)?.[1] ?? "1";
  const backend = opening
    .replace("THREADS", threads)
    .replace("PLAIN", String(!variant.name.includes("fused")));
  const graphs = Object.entries(entries).map(
    ([name, graph]) => `  ${name}: parse(\`${text(graph)}\`, { composites }),`,
  );
  const steps = runs.flatMap(({ entry, feeds }) => {
    const lines = Object.entries(feeds).map(([name, value]) => `  ${name}: ${feedText(value)},`);
    return [
      `feeds = {\n${lines.join("\n")}\n};`,
      `oracle = evaluate(entries.${entry}, feeds, { state: oracle.state });`,
      `console.log("${entry}", await session.run("${entry}", feeds), "should be", oracle.outputs);`,
    ];
  });
  return [
    `// ${variant.name}`,
    importLine,
    `import { compile } from "@adjoint/compiler";`,
    `import { type Evaluation, type TensorValue, composites, evaluate, parse } from "@adjoint/ir";`,
    "",
    `const entries = {\n${graphs.join("\n")}\n};`,
    `await using session = await compile(entries, { backend: ${backend} });`,
    `let feeds: { readonly [name: string]: TensorValue };`,
    `let oracle: Evaluation = { outputs: {}, state: {} };`,
    ...steps,
    `console.log(await session.state(), "should be", oracle.state);`,
    "",
  ].join("\n");
}
