import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inFull } from "../in-full.ts";
import { type Block, Copy, blocksOf, partsOf } from "./copy.ts";

const pages = {
  operation: blocksOf("adding-an-operation.md"),
  layer: blocksOf("adding-a-layer-or-an-optimizer.md"),
  onnx: blocksOf("adding-an-onnx-operator.md"),
};
const all = Object.values(pages).flat();
const codeOf = (blocks: readonly Block[], kind: Block["kind"]): string =>
  blocks.flatMap((block) => (block.kind === kind ? [block.code] : [])).join("\n");

/** Files that the blocks from one that matches on touch, until another that matches. */
const filesOf = (blocks: readonly Block[], from: RegExp, to?: RegExp): readonly string[] => {
  const start = blocks.findIndex(({ file }) => from.test(file));
  const end = to === undefined ? -1 : blocks.findIndex(({ file }, index) => index > start && to.test(file));
  const part = blocks.slice(start, end < 0 ? undefined : end);
  return [...new Set(part.map(({ file }) => file))].filter((file) => file !== "");
};
const isSource = (file: string): boolean => file.includes("/src/");

const projects = ["ir", "backend-cpu", "backend-wasm", "backend-webgpu", "layers", "optimizers", "onnx"].map(
  (name) => `packages/${name}`,
);

/** Tests that have what the pages add among their subjects, or lists of all there is. */
const suites = [
  "packages/ir/test/primitives",
  "packages/ir/test/composites",
  "packages/optimizers",
  "packages/layers",
  "packages/backend-wasm/test/math",
  "packages/backend-wasm/test/scalar",
  "packages/onnx/test/operators",
  "test/conformance/oracle",
  "test/conformance/cpu",
  "test/conformance/wasm",
  "test/onnx/conformance",
  "test/onnx/composites",
  "test/onnx/layers",
  "test/fuzz",
];
const subjects = "erfc|squareplus|groupNorm|lion|JSON|README|operator";

let copy: Copy;
beforeAll(() => {
  copy = new Copy();
});
afterAll(() => copy[Symbol.dispose]());

describe("what one adds is a few files:", () => {
  const primitive = filesOf(pages.operation, /primitive-set/);
  test.for<readonly [what: string, files: readonly string[], most: number]>([
    ["a primitive", primitive, 12],
    ["a composite", filesOf(pages.operation, /squareplus/, /primitive-set/).filter(isSource), 2],
    ["a layer", filesOf(pages.layer, /group-norm/, /lion/).filter(isSource), 2],
    ["an optimizer", filesOf(pages.layer, /lion/).filter(isSource), 2],
    ["an ONNX operator", filesOf(pages.onnx, /./), 1],
  ])("%s", ([, files, most]) => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(most);
  });
});

describe("the pages, followed in a copy of the sources", () => {
  test.runIf(inFull)(
    "a primitive's name alone is a type error in each file that needs a row of it",
    { timeout: 300_000 },
    () => {
      const [name] = pages.operation.filter(({ file }) => file.endsWith("primitive-set.ts"));
      const bare = new Copy();
      try {
        bare.follow(name === undefined ? [] : [name]);
        const { printed, isGood } = bare.types(...projects, "tsconfig.test.json");
        expect(isGood).toBe(false);
        const rows = pages.operation.filter(
          ({ file, anchor, code }) =>
            /erf/.test(code) && /^ {2}\w+: /.test(code) && /: |\{$/.test(anchor) && file !== name?.file,
        );
        const missing = rows.map(({ file }) => file).filter((file) => !printed.includes(file));
        expect({ missing, printed }).toEqual({ missing: [], printed });
      } finally {
        bare[Symbol.dispose]();
      }
    },
  );

  test("type-check", { timeout: 300_000 }, () => {
    copy.follow(all);
    // The page of backends is one file, of a package that has what it imports.
    const backend = { kind: "new", file: "packages/backend-cpu/src/interpreter.ts", anchor: "" } as const;
    copy.follow([{ ...backend, code: partsOf("adding-a-backend.md") }]);
    expect(copy.types(...projects)).toEqual({ printed: "", isGood: true });
  });

  test("give the right numbers", { timeout: 120_000 }, () => {
    const { printed, isGood } = copy.run(
      "test/docs/trial.ts",
      `${codeOf(pages.operation, "yours")}\n${trial}`,
    );
    expect({ isGood, printed }).toEqual({ isGood: true, printed });
    expect(JSON.parse(printed)).toEqual({
      wrong: [],
      text: true,
      wgsl: true,
      operators: [["com.microsoft.QuickGelu"]],
    });
  });

  test("show what they say they show", { timeout: 60_000 }, () => {
    const { printed, isGood } = copy.run("test/docs/shown.ts", codeOf(pages.onnx, "runs"));
    expect({ isGood, printed }).toEqual({ isGood: true, printed });
    expect(printed).toMatch(/HardSigmoid|Max|Clip/);
    expect(printed).toContain("'HardSwish' => 1");
  });

  test.runIf(inFull)("pass the tests of all packages", { timeout: 900_000 }, () => {
    expect(copy.types("tsconfig.test.json")).toEqual({ printed: "", isGood: true });
    const { printed, isGood } = copy.node("node_modules/vitest/vitest.mjs", "run", ...suites, "-t", subjects);
    const end = printed.slice(-5000);
    expect({ isGood, end }).toEqual({ isGood: true, end });
    expect(printed).toMatch(/Tests +\d+ passed/);
  });
});

/** Numbers of what the pages add: the oracle's, those of the backends, and gradients against formulas. */
const trial = `
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { constant, erfc, evaluate, gradients, input, parse, print, program, squareplus, valueOf } from "@adjoint/ir";
import { composites } from "@adjoint/ir/graph";
import { groupNorm, toJson, fromJson } from "@adjoint/layers";
import { lion } from "@adjoint/optimizers";
import { fromOnnx, inspectOnnx } from "@adjoint/onnx";
import { floatAttribute, modelBytes, node } from "../../packages/onnx/test/model.ts";
import { open } from "../../packages/backend-webgpu/test/support.ts";
import { problemsOf } from "../onnx/check.ts";

const wrong = [];
const check = (what, actual, expected, within = 1e-12) => {
  const list = [...(actual ?? [])];
  if (list.length !== expected.length || expected.some((value, at) => !(Math.abs(list[at] - value) <= within * Math.max(1e-30, Math.abs(value)))))
    wrong.push(what + ": " + list + ", not " + expected);
};
const points = [-3, -0.5, 0, 1, 2, 5, 8, 20];
const x = input("x", "f64", [points.length]);
const of = { squareplus: squareplus(x), own: squareplus4(x), function: erfc(x), method: x.erfc() };
const outputs = {
  ...of,
  byPlus: gradients(of.squareplus.reduceSum(), [x])[0],
  byErfc: gradients(of.method.reduceSum(), [x])[0],
};
const graph = program({ inputs: { x }, outputs });
const feeds = { x: valueOf("f64", [points.length], points) };
// Source: Abramowitz and Stegun, table 7.1; beyond 5 by Laplace's continued fraction with a thousand levels.
const rest = (x) => { let t = x; for (let k = 1000; k > 0; k--) t = x + k / 2 / t; return Math.exp(-x * x) / Math.sqrt(Math.PI) / t; };
const complement = [2 - rest(3), 1.5204998778130465, 1, 0.15729920705028513, 0.004677734981047266, rest(5), rest(8), rest(20)];
const expected = {
  squareplus: points.map((x) => (x + Math.sqrt(x * x + 4)) / 2),
  own: points.map((x) => (x + Math.sqrt(x * x + 4)) / 2),
  function: complement,
  method: complement,
  byPlus: points.map((x) => (1 + x / Math.sqrt(x * x + 4)) / 2),
  byErfc: points.map((x) => (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)),
};
const runs = { oracle: evaluate(graph, feeds).outputs };
for (const [name, backend] of Object.entries({ cpu: cpu(), closures: cpu({ kernels: "closures" }), wasm: await wasm({ threads: 1 }) })) {
  const session = await compile({ graph }, { backend });
  runs[name] = await session.run("graph", feeds);
  await session[Symbol.asyncDispose]();
}
for (const [where, results] of Object.entries(runs))
  for (const [name, values] of Object.entries(expected)) check(where + " " + name, results[name].data, values);

const kept = print(program({ inputs: { x }, outputs: { y: squareplus(x).erfc() } }));
const single = input("x", "f32", [6]);
const stub = await open(program({ inputs: { x: single }, outputs: { y: squareplus(single.erfc()) } }));
const wgsl = stub.record.shaders.some((code) => code.includes("fn complementOf") && code.includes("fn errorTail"));
const exported = program({ inputs: { x: single }, outputs: { y: single.erfc(), z: squareplus(single) } });
for (const problem of await problemsOf(exported, { x: valueOf("f32", [6], [-2, -0.5, 0, 0.5, 1, 3]) })) wrong.push("ONNX Runtime: " + problem);

const image = input("x", "f64", [1, 4, 2]);
const layer = groupNorm({ groups: 2 });
const built = program({ inputs: { x: image }, outputs: { y: layer(image) } });
const state = Object.fromEntries(Object.values(layer.registers).map(({ node: { attributes } }) => [attributes.name, valueOf("f64", [4], attributes.name.endsWith("scale") ? [1, 2, 3, 4] : [0, 0, 1, 1])]));
const spread = Math.sqrt(1.25 + 1e-5);
const normal = [-1.5, -0.5, 0.5, 1.5].map((value) => value / spread);
check("groupNorm", evaluate(built, { x: valueOf("f64", [1, 4, 2], [1, 2, 3, 4, 1, 2, 3, 4]) }, { state }).outputs.y.data, [
  normal[0], normal[1], 2 * normal[2], 2 * normal[3], 3 * normal[0] + 1, 3 * normal[1] + 1, 4 * normal[2] + 1, 4 * normal[3] + 1,
]);
if (fromJson(toJson(groupNorm({ groups: 4 }))).config.groups !== 4) wrong.push("groupNorm in JSON");
const { register } = await import("@adjoint/ir");
const p = register("p", "f64", [2]);
const step = program({ inputs: {}, outputs: {}, updates: lion({ learningRate: 0.1 })(p.mul(p).reduceSum()) });
check("lion", evaluate(step, {}, { state: { p: valueOf("f64", [2], [1, -2]), "optimizer.p.m": valueOf("f64", [2], [0, 1]), "optimizer.step": valueOf("i32", [], [0]) } }).state.p.data, [0.9, -2.1]);

const bytes = modelBytes({ domains: { "com.microsoft": 1 }, inputs: { x: [3] }, outputs: { y: [3] }, nodes: [{ ...node("QuickGelu", ["x"], ["y"], [floatAttribute("alpha", 1.5)]), domain: "com.microsoft" }] });
check("QuickGelu", evaluate(fromOnnx(bytes), { x: valueOf("f32", [3], [-1, 0, 2]) }).outputs.y.data, [-1, 0, 2].map((x) => x / (1 + Math.exp(-1.5 * x))), 1e-6);
const { load, runtimes } = await import("../onnx/runtime.ts");
const judged = await (await load(bytes, await runtimes.node())).run({ x: valueOf("f32", [3], [-1, 0, 2]) });
check("QuickGelu in ONNX Runtime", judged.y.data, [-1, 0, 2].map((x) => x / (1 + Math.exp(-1.5 * x))), 1e-6);

console.log(JSON.stringify({ wrong, text: print(parse(kept, { composites })) === kept && kept.includes("squareplus"), wgsl, operators: [[...inspectOnnx(bytes).operators.keys()]] }));
`;
