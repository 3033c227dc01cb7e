import "./relaxed.ts";
import { compileProgram } from "@adjoint/compiler";
import { type Tensor, input, program } from "@adjoint/ir";
import { type NameOf, operationCosts, primitives } from "@adjoint/ir/graph";
import { describe, expect, it } from "vitest";
import { costOf, vectorsOf } from "../src/kernels/cost.ts";
import { check, get, ramp } from "./kernel-support.ts";

describe("the cost of an expression", () => {
  const names = Object.values(primitives).flatMap(({ kind, name }) => (kind === "map" ? [name] : []));
  it.each<NameOf<"map">>(names)("counts %s as the compiler does", (operation) => {
    expect(costOf([{ kind: "map", dtype: "f32", from: "f32", operation, operands: [] }])).toBe(
      operationCosts[operation],
    );
  });
});

describe("vectors that are computed together", () => {
  const of = (make: (x: Tensor, y: Tensor) => Tensor): number => {
    const inputs = { x: input("x", "f32", [8]), y: input("y", "f32", [8]) };
    const { kernels } = compileProgram(program({ inputs, outputs: { z: make(inputs.x, inputs.y) } }));
    const [kernel] = kernels;
    if (kernel?.form !== "map" || kernels.length > 1) throw new Error("not one map");
    return vectorsOf(kernel.body);
  };
  it("are four where functions wait for each other", () => {
    expect(of((x, y) => x.sub(y).exp())).toBe(4);
    expect(of((x, y) => x.exp().log1p().tanh().mul(y))).toBe(4);
    // Also with something else between, and in what both lead to.
    expect(of((x, y) => x.exp().add(1).mul(y).exp())).toBe(4);
    expect(of((x, y) => y.add(x.exp().mul(y)).tanh())).toBe(4);
  });
  it("are two with functions side by side, or without any", () => {
    expect(of((x, y) => x.tanh().mul(y.exp()))).toBe(2);
    expect(of((x, y) => x.mul(y).add(1).sqrt().div(y))).toBe(2);
  });
  it("is one for long expressions", () => {
    expect(of((x, y) => x.asinh().acosh().mul(y))).toBe(1);
  });
});

describe("four vectors together", () => {
  it.each([1, 4, 5, 15, 16, 17, 31, 32, 45, 64, 1100])("compute %i elements", (size) => {
    check({ x: ramp("f32", [size]), y: ramp("f32", [3, size]) }, (t) => ({
      z: get(t, "x").mul(0.1).exp().add(1),
      rows: get(t, "y").sub(get(t, "x")).tanh(),
    }));
  });
  it.each([33, 45, 64, 100])("sum lines of %i", (size) => {
    check({ x: ramp("f32", [5, size]) }, (t) => ({
      sum: get(t, "x")
        .mul(0.1)
        .exp()
        .reduceSum({ axes: [1] }),
    }));
  });
});
