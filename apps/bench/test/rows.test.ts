import { describe, expect, test } from "vitest";
import { type LinearRow, parseLine } from "../src/measure/rows.ts";
import { chromiumRowsOf, outcome, rowsOf } from "./outcomes.ts";

describe("pairs", () => {
  test("are of ours and peers at as many threads", () => {
    const rows = rowsOf("gemm-512", [
      outcome("wasm", 3),
      outcome("cpu", 12),
      outcome("jax-js", 6),
      outcome("pytorch", 4, { threads: 2 }),
      outcome("wasm", 2, { threads: 2 }),
    ]);
    expect(
      rows.map(({ backend, peer, threads, ratio }) => `${backend}/${peer} ${threads}: ${ratio}`),
    ).toEqual(["wasm/jax-js 1: 0.5", "cpu/jax-js 1: 2", "wasm/pytorch 2: 0.5"]);
  });

  test("tell why there is no ratio", () => {
    const [row] = rowsOf("mlp-train", [
      outcome("wasm", 3),
      outcome("onnxruntime-web", undefined, { note: "runs models" }),
    ]);
    expect(row).toMatchObject({ oursMs: 3, peerMs: null, ratio: null, peerNote: "runs models" });
  });

  test("have a bound where a peer was too slow", () => {
    const late = outcome("jax-js", 30_000, { isBound: true, note: "over 60 s" });
    expect(rowsOf("cnn-train", [outcome("wasm", 300), late])[0]).toMatchObject({
      ratio: 0.01,
      isBound: true,
    });
  });
});

describe("lines of JSON", () => {
  test("begin with the agreed names in their order, and read back", () => {
    const [row] = rowsOf("gemm-512", [outcome("wasm", 3), outcome("jax-js", 6)]);
    const line = JSON.stringify(row);
    expect(line).toMatch(
      /^\{"workload":"gemm-512","backend":"wasm","peer":"jax-js","threads":1,"oursMs":3,"peerMs":6,"ratio":0.5,"rounds":3,"node":"20.20.2"/,
    );
    expect(parseLine(line)).toEqual(row);
  });

  test("of runs before others took part are read", () => {
    const line =
      '{"workload":"first-step","backend":"wasm-fused","peer":"jax-js","threads":1,"oursMs":330,"peerMs":900,"ratio":0.3667,"rounds":7,"node":"20.20.2","oursNote":null,"peerNote":null,"isBound":false,"oursSpread":[310,360],"peerSpread":[880,950],"shareOfPeak":null,"oursVersion":"0.1.0","peerVersion":"0.1.25","cpu":"Abacus","cores":2}';
    expect(JSON.stringify(parseLine(line))).toBe(line);
  });

  test("of Chromium have the same names, and its adapter", () => {
    const [row] = chromiumRowsOf("gemm-512", [outcome("webgpu", 3), outcome("tfjs-webgpu", 6)]);
    const line = JSON.stringify(row);
    expect(line).toMatch(
      /^\{"workload":"gemm-512","backend":"webgpu","peer":"tfjs-webgpu","threads":1,"oursMs":3,"peerMs":6,"ratio":0.5,"rounds":3,"node":"Chromium 150.1"/,
    );
    expect(row).toHaveProperty("adapter", "paper and pencil");
    expect(parseLine(line)).toEqual(row);
  });

  test("of the linear series read back too", () => {
    const row: LinearRow = {
      workload: "linear",
      backend: "wasm-fused",
      network: "mlp",
      batch: 25,
      units: 500,
      threads: 1,
      oursMs: 1.5,
      rounds: 3,
      node: "20.20.2",
    };
    expect(parseLine(JSON.stringify(row))).toEqual(row);
  });

  test.each([`{"workload":"gemm-512"}`, `{"workload":"nothing"}`, `[]`])("%s is refused", (line) => {
    expect(() => parseLine(line)).toThrow(/invalid/i);
  });
});
