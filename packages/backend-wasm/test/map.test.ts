import "./relaxed.ts";
import { compileProgram } from "@adjoint/compiler";
import { input, iota, program, shiftLeft, shiftRight, take } from "@adjoint/ir";
import { valueOf } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { type Tensors, check, get, ramp, run } from "./kernel-support.ts";

describe("map kernels", () => {
  it.each([1, 3, 4, 7, 64, 65])("chains over %i elements", (size) => {
    check({ x: ramp("f32", [size]) }, (t) => {
      const x = get(t, "x");
      return { y: x.mul(0.5).tanh().add(x.exp()), positive: x.greater(0), rounded: x.cast("i32").mul(3) };
    });
  });
  it("broadcasts, transposes, flips, and pads", () => {
    check({ x: ramp("f32", [5, 7]), row: ramp("f32", [7]), column: ramp("f32", [5, 1]) }, (t) => {
      const [x, row, column] = [get(t, "x"), get(t, "row"), get(t, "column")];
      return {
        sum: x.add(row).mul(column),
        turned: x.transpose([1, 0]).add(1),
        flipped: x.flip([1]).sub(row),
        padded: x.pad({ low: [1, 2], high: [0, 3] }).mul(2),
      };
    });
  });
  it.each(["f64", "f16", "bf16", "i64", "u8", "i16"] as const)("runs %s one by one", (dtype) => {
    check({ x: ramp(dtype, [3, 5]) }, (t) => ({
      y: get(t, "x").mul(2).add(get(t, "x")),
      z: get(t, "x").cast("f32"),
    }));
  });
  it.each(["f32", "f64"] as const)("gathers %s, and traps where an index is outside", (dtype) => {
    const indices = valueOf("i32", [5], [3, 0, 2, 2, 1]);
    const rows = (t: Tensors): Tensors => ({
      y: take(get(t, "x"), get(t, "at"), 0).mul(2),
    });
    check({ x: ramp(dtype, [4, 6]), at: indices }, rows);
    const far = { x: ramp(dtype, [4, 6]), at: valueOf("i32", [5], [3, 0, 4, 2, 1]) };
    const tensors = { x: input("x", dtype, [4, 6]), at: input("at", "i32", [5]) };
    const graph = program({ inputs: tensors, outputs: rows(tensors) });
    expect(() => run(compileProgram(graph), [far.x.data, far.at.data])).toThrow(WebAssembly.RuntimeError);
  });
  it.each([
    [7, 10],
    [9, 3],
    [5, 2],
    [3, 4, 2],
    [2, 1],
    [1, 13],
  ])("fills vectors from short lines of %i × %i", (...shape) => {
    const row = shape.slice(-1);
    check({ x: ramp("f32", shape), row: ramp("f32", row), keep: ramp("bool", shape) }, (t) => {
      const [x, own] = [get(t, "x"), get(t, "row")];
      return { y: x.mul(own).add(x.max(own)), kept: get(t, "keep").where(x, 0), signs: x.greater(own) };
    });
  });
  it.each([7, 6, 1])("repeats %i elements over windows of two", (columns) => {
    const inputs = { x: ramp("f32", [3, 5, 1, columns, 1]), window: ramp("f32", [2, 1, 2]) };
    check(inputs, (t) => ({
      y: get(t, "x")
        .mul(get(t, "window"))
        .reshape([3, 10, 2 * columns]),
      z: get(t, "x").greater(get(t, "window")),
    }));
  });
  it.each([
    [2, 8, 8],
    [1, 18, 5],
    [3, 35, 22],
    [1, 4, 33],
  ])("transposes squares of %i × %i × %i", (batch, rows, columns) => {
    check({ x: ramp("f32", [batch, columns, rows]), z: ramp("f32", [batch, rows, columns]) }, (t) => ({
      y: get(t, "x").transpose([0, 2, 1]).sub(get(t, "z")),
    }));
  });
  it("pads lines whose vectors are partly inside", () => {
    check({ x: ramp("f32", [3, 6]), fill: ramp("f32", [5, 21]) }, (t) => {
      const padded = get(t, "x").pad({ low: [1, 9], high: [1, 6] });
      const strided = get(t, "x").slice([undefined, { start: 0, end: 6, step: 3 }]);
      return {
        y: padded.mul(2).add(get(t, "fill")),
        z: strided.pad({ low: [0, 5], high: [2, 2] }).add(1),
      };
    });
  });
  it.each(["u8", "i8", "u16", "i16", "bool", "u32"] as const)("casts %s", (dtype) => {
    check({ x: ramp(dtype, [3, 7]) }, (t) => ({ y: get(t, "x").cast("f32").mul(0.5) }));
  });
  it("has positions as bools", () => {
    check({ x: ramp("f32", [2, 9]) }, (t) => ({
      y: iota("bool", [2, 9], 1).where(get(t, "x"), 5),
      z: iota("bool", [2, 9], 0),
    }));
  });
  it("shifts by one constant, and by each lane's own number", () => {
    check({ x: ramp("i32", [9]), u: ramp("u32", [9]) }, (t) => {
      const [x, u] = [get(t, "x"), get(t, "u")];
      return { left: shiftLeft(x, 3), right: shiftRight(x, 1), far: shiftRight(u, 40), own: shiftLeft(u, u) };
    });
  });
  it("has enough units for threads, whichever axis is long", () => {
    const units = (shape: readonly number[]): number =>
      check({ x: ramp("f32", shape) }, (t) => ({ y: get(t, "x").mul(2) })).units[0]?.[0] ?? 0;
    expect(units([70_001])).toBeGreaterThan(32);
    expect(units([100])).toBe(1);
    const broadcast = check({ x: ramp("f32", [2, 1]), y: ramp("f32", [1, 20_000]) }, (t) => ({
      z: get(t, "x").add(get(t, "y")),
    }));
    expect(broadcast.units[0]?.[0]).toBeGreaterThan(32);
  });
  it("has positions and bools as values", () => {
    check({ x: ramp("f32", [3, 9]), keep: ramp("bool", [3, 9]) }, (t) => {
      const at = iota("i32", [3, 9], 1);
      return {
        y: get(t, "keep").where(get(t, "x"), at.cast("f32")),
        z: get(t, "keep").not().and(at.greater(2)),
      };
    });
  });
});
