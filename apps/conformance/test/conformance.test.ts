import { describe, expect, it } from "vitest";
import { valueOf } from "@adjoint/ir";
import {
  type Result,
  countsBy,
  difference,
  jsonLine,
  markdownSection,
  valueDifference,
  withSection,
} from "@adjoint/conformance";

const f32 = (...values: number[]): ReturnType<typeof valueOf> => valueOf("f32", [values.length], values);

describe("comparison", () => {
  it("allows a relative 1e-3 and an absolute 1e-7 for floats, and NaN for NaN", () => {
    expect(difference("y", f32(1.0009, NaN, 9e-8, Infinity), f32(1, NaN, 0, Infinity))).toBeUndefined();
    expect(difference("y", f32(1.0011), f32(1))).toMatch(/element 0, is 1.001/);
    expect(difference("y", f32(NaN), f32(1))).toMatch(/NaN/);
    expect(difference("y", f32(-Infinity), f32(Infinity))).toMatch(/-Infinity/);
  });

  it("wants dtype, shape and whole numbers exactly", () => {
    const whole = valueOf("i32", [1], [10_000]);
    expect(difference("y", valueOf("i32", [1], [10_001]), whole)).toMatch(/10001 and should be 10000/);
    expect(difference("y", valueOf("i64", [1], [10_000]), whole)).toMatch(/is i64\[1\]/);
    expect(difference("y", valueOf("i32", [1, 1], [10_000]), whole)).toMatch(/i32\[1, 1\]/);
    expect(difference("y", undefined, whole)).toMatch(/missing/);
  });

  it("wants as many items of a sequence, and nothing of an absent value", () => {
    const items = { "y.0": f32(1), "y.1": f32(2, 3) };
    expect(valueDifference("y", items, [f32(1), f32(2, 3)], undefined)).toBeUndefined();
    expect(valueDifference("y", items, [f32(1)], undefined)).toMatch(/more than 1 items/);
    expect(valueDifference("y", items, [f32(1), f32(2, 3), f32(4)], undefined)).toMatch(/"y.2" is missing/);
    expect(valueDifference("y", items, [f32(1), f32(2, 4)], undefined)).toMatch(/"y.1", element 1/);
    expect(valueDifference("y", { y: f32(1) }, null, undefined)).toMatch(/hold nothing/);
    expect(valueDifference("y", {}, null, undefined)).toBeUndefined();
  });
});

const results: readonly Result[] = [
  { folder: "node", test: "a", result: "passed", reason: "", operators: ["Add"] },
  { folder: "node", test: "b", result: "failed", reason: "off | by one", operators: ["Add", "Mul"] },
];

describe("reports", () => {
  it("counts a test for each operator that its model uses", () => {
    const counts = new Map(countsBy(results, ({ operators }) => operators));
    expect(counts.get("Add")).toEqual({ passed: 1, failed: 1, unsupported: 0, total: 2 });
    expect(counts.get("Mul")?.total).toBe(1);
  });

  it("writes a line of JSON a test", () => {
    expect(results.map(jsonLine)[0]).toBe('{"folder":"node","test":"a","result":"passed","reason":""}');
  });

  it("replaces one backend's section of the page and leaves the others", () => {
    const page = withSection("# Title\n\nText.\n", "wasm", markdownSection("wasm", results));
    const both = withSection(page, "cpu", markdownSection("cpu", results));
    expect(both.match(/^## .*/gm)).toEqual(["## cpu", "## wasm"]);
    expect(withSection(both, "cpu", markdownSection("cpu", results))).toBe(both);
    expect(both).toContain("off \\| by one");
  });
});
