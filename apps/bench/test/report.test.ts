import { expect, test } from "vitest";
import { digits } from "../src/report/markdown.ts";
import { cnn, multiplyAdds } from "../src/tasks/networks.ts";
import { page } from "../src/report/report.ts";
import type { LinearRow } from "../src/measure/rows.ts";
import { chromiumRowsOf, outcome, rowsOf } from "./outcomes.ts";

const lineWith = (text: string, ...parts: readonly string[]): string | undefined =>
  text.split("\n").find((line) => parts.every((part) => line.includes(part)));

test("numbers have three digits and no powers of ten", () => {
  expect([12345, 123.4, 12.34, 1.234, 0.1234, 0.00001234].map(digits)).toEqual([
    "12,345",
    "123",
    "12.3",
    "1.23",
    "0.123",
    "0.000012",
  ]);
  expect(digits(null)).toBe("–");
});

test("a page has the peers' times, our ratios and the reasons", () => {
  const text = page(
    rowsOf("cnn-train", [
      outcome("wasm-fused", 130),
      outcome("pytorch", 100),
      outcome("jax-js", 30_000, { isBound: true, note: "over 60 s for its first 2 steps" }),
      outcome("tfjs-wasm", undefined, { note: "has no kernel" }),
    ]),
  );
  expect(lineWith(text, "peers, ms", "> 30,000", "| 100 |")).toBeDefined();
  expect(lineWith(text, "`wasm-fused` | 130", "< 0.00433", "1.30")).toBeDefined();
  expect(text).toContain("- `jax-js` over 60 s for its first 2 steps");
  expect(text).toContain("- `tfjs-wasm` has no kernel");
});

test("goals are reached or missed by the worst of their rows", () => {
  const text = page([
    ...rowsOf("cnn-train", [outcome("wasm-fused", 140), outcome("pytorch", 100)]),
    ...rowsOf("cnn-train", [outcome("wasm-fused", 160), outcome("pytorch", 100)], "24.1.0"),
    ...rowsOf("gemm-512", [outcome("wasm-fused", 4, { shareOfPeak: 0.9 }), outcome("onnxruntime-web", 10)]),
  ]);
  expect(lineWith(text, "cnn-train", "beside PyTorch at equal", "≤ 1.5", "1.60", "**missed**")).toBeDefined();
  expect(lineWith(text, "gemm-512", "share of", "≥ 85 %", "90.0 %", "reached")).toBeDefined();
  expect(lineWith(text, "gemm-512", "onnxruntime-web", "0.400", "reached")).toBeDefined();
  expect(lineWith(text, "first-step", "not measured")).toBeDefined();
});

test("a goal beside the better of PyTorch's threads takes it", () => {
  const text = page(
    rowsOf("mlp-train", [
      outcome("wasm-fused", 6),
      outcome("pytorch", 5),
      outcome("wasm-fused", 3, { threads: 2 }),
      outcome("pytorch", 8, { threads: 2 }),
    ]),
  );
  expect(lineWith(text, "mlp-train", "fused, 2 threads", "0.600", "reached")).toBeDefined();
});

test("the first step has a goal for what compiles, and one for what is compiled ahead of time", () => {
  const text = page(
    rowsOf("first-step", [
      outcome("wasm-fused", 300),
      outcome("wasm-ahead", 140),
      outcome("jax-js", 500),
      outcome("pytorch", 100),
    ]),
  );
  expect(lineWith(text, "first-step", "fused beside every", "0.600", "**missed**")).toBeDefined();
  expect(lineWith(text, "first-step", "compiled ahead of time", "0.280", "reached")).toBeDefined();
  expect(lineWith(text, "`wasm-ahead` | 140", "0.280", "1.40")).toBeDefined();
});

test("rows of Chromium have a section of their own, and no part in goals", () => {
  const inChromium = [
    ...chromiumRowsOf("gemm-512", [
      outcome("webgpu", 200, { shareOfPeak: 0.01 }),
      outcome("tfjs-webgpu", 800),
      outcome("jax-js-webgpu", 300, { isBound: true, note: "over 60 s for its first run" }),
      outcome("onnxruntime-webgpu", undefined, { note: "error: no adapter" }),
    ]),
    ...chromiumRowsOf("mlp-infer-1", [outcome("webgpu", 7), outcome("tfjs-webgpu", 70)]),
  ];
  const inNode = rowsOf("gemm-512", [
    outcome("wasm-fused", 4, { shareOfPeak: 0.9 }),
    outcome("onnxruntime-web", 10),
  ]);
  const [before = "", after = ""] = page([...inChromium, ...inNode]).split("\n## WebGPU\n");
  expect(before).not.toMatch(/chromium 150|`webgpu`|÷ tfjs-webgpu/i);
  expect(lineWith(before, "gemm-512", "share of", "90.0 %", "reached")).toBeDefined();
  expect(after).toContain("Machine: Abacus, 2 cores. Chromium 150.1, adapter: paper and pencil. 3 rounds.");
  expect(after).toContain("| gemm-512 | 200 | 800 | > 300 | – | 0.250 | < 0.667 | – |");
  expect(after).toContain("| mlp-infer-1 | 7.00 | 70.0 | – | – | 0.100 | – | – |");
  expect(after).toContain("- `onnxruntime-webgpu` error: no adapter (gemm-512)");
  expect(after).toContain("What these times tell about a GPU, and what not");
});

test("a page of Chromium alone has no goals, and one of Node alone no WebGPU", () => {
  const gpu = page(chromiumRowsOf("tiny-infer", [outcome("webgpu", 3), outcome("jax-js-webgpu", 2)]));
  expect(gpu).toContain("## WebGPU");
  expect(gpu).not.toContain("## Goals");
  expect(page(rowsOf("gemm-512", [outcome("wasm", 4), outcome("jax-js", 8)]))).not.toContain("WebGPU");
});

test("the linear series tells the cost of a product", () => {
  const row = (batch: number, units: number, oursMs: number): LinearRow => ({
    workload: "linear",
    backend: "wasm-fused",
    network: "mlp",
    batch,
    units,
    threads: 1,
    oursMs,
    rounds: 1,
    node: "20.1.0",
  });
  const text = page([row(25, 500, 1), row(100, 500, 4), row(100, 125, 1)]);
  const cost = (ms: number, batch: number, units: number): string =>
    digits((ms * 1e9) / (batch * (784 * units + units * 10)));
  expect(text.split("\n").filter((line) => line === `| 20 | 25 | 1.00 | ${cost(1, 25, 500)} |`)).toHaveLength(
    1,
  );
  expect(text).toContain(
    `| 20 | 125 | 1.00 | ${cost(1, 100, 125)} |\n| 20 | 500 | 4.00 | ${cost(4, 100, 500)} |`,
  );
});

test("products of a forward pass count each weight as often as it is used", () => {
  expect(multiplyAdds(cnn(512))).toBe(28 ** 2 * 25 * 32 + 14 ** 2 * 25 * 32 * 64 + 3136 * 512 + 5120);
});
