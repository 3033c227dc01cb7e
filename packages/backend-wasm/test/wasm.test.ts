import { wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { input, program, register, take } from "@adjoint/ir";
import { valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";

describe("the WebAssembly backend", () => {
  it("names the operation, index and axis of a lookup out of range, and runs on after it", async () => {
    const [x, at] = [input("x", "f32", [4, 3]), input("at", "i32", [2])];
    const main = program({ inputs: { x, at }, outputs: { y: take(x, at, 0).mul(2) } });
    await using session = await compile({ main }, { backend: await wasm() });
    const rows = new Float32Array(12).map((_, index) => index);
    await expect(session.run("main", { x: rows, at: Int32Array.of(1, -7) })).rejects.toThrow(
      /index -7 lies outside an axis of size 4/,
    );
    const { y } = await session.run("main", { x: rows, at: Int32Array.of(3, 0) });
    expect([...y.data]).toEqual([18, 20, 22, 0, 2, 4]);
  });

  it("keeps registers when another program makes the memory grow", async () => {
    const count = register("count", "f32", [5]);
    const step = program({
      inputs: {},
      outputs: { count },
      updates: [{ register: count, next: count.add(1) }],
    });
    const big = input("big", "f32", [300_000]);
    const large = program({ inputs: { big }, outputs: { sum: big.mul(2).reduceSum() } });
    const state = { count: valueOf("f32", [5], [0, 1, 2, 3, 4]) };
    await using session = await compile({ step, large }, { backend: await wasm(), state });
    await session.run("step", {});
    const { sum } = await session.run("large", { big: new Float32Array(300_000).fill(0.5) });
    expect(sum.item()).toBe(300_000);
    await session.run("step", {});
    expect([...((await session.state())["count"]?.data ?? [])]).toEqual([2, 3, 4, 5, 6]);
  });
});
