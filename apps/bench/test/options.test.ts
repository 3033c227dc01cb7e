import { describe, expect, test } from "vitest";
import { UsageError, parseOptions } from "../src/options.ts";

describe("options", () => {
  test("are a full run by default", () => {
    const options = parseOptions([]);
    expect(options.workload).toHaveLength(14);
    expect(options).toMatchObject({
      platform: ["node"],
      rounds: 7,
      threads: [1, 2],
      node: [20, 24],
      limit: 60,
      json: false,
    });
    expect(options.peer).toContain("pytorch");
  });

  test("take names joined by commas or repeated, and numbers", () => {
    const names = "--workload gemm-512,linear --workload mlp-train --peer jax-js";
    const options = parseOptions(`${names} --rounds 2 --threads 1 --node 24 --json`.split(" "));
    expect(options).toMatchObject({
      workload: ["gemm-512", "linear", "mlp-train"],
      peer: ["jax-js"],
      rounds: 2,
      threads: [1],
      node: [24],
      json: true,
    });
  });

  test.each([
    [["--workload", "mlp"], /--workload has mlp: it is one of mlp-train, /],
    [["--peer", "numpy"], /--peer has numpy: it is one of tfjs-cpu, /],
    [["--rounds", "0"], /--rounds has a number below 1/],
    [["--rounds", "1.5"], /--rounds has a number that is not whole/],
    [["--threads", "1,x"], /--threads has something that is no number/],
    [["--node", "18"], /--node has a number below 20/],
    [["--color"], /--color/],
    [["--platform", "deno"], /--platform has deno: it is one of node, chromium/],
    [["--write"], /--write is of a full run: give --platform node,chromium/],
    [["--write", "--platform", "node,chromium", "--peer", "jax-js"], /--write is of a full run/],
  ])("%j is refused", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(message);
  });

  test("--write is of every platform", () => {
    expect(parseOptions(["--write", "--platform", "node,chromium"])).toMatchObject({
      write: true,
      platform: ["node", "chromium"],
    });
  });

  test("--write may join earlier runs", () => {
    expect(parseOptions(["--write", "--from", "a.jsonl", "--from", "b.jsonl"]).from).toEqual([
      "a.jsonl",
      "b.jsonl",
    ]);
  });
});
