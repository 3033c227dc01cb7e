import { describe, expect, it } from "vitest";
import { type Tensor, abs, input, less, register, where } from "@adjoint/ir";
import { type Kernel, buffersOf } from "@adjoint/compiler";
import { compiled } from "./support.ts";

const x = Array.from({ length: 12 }, (_, index) => input(`x${index}`, "f32", [500]));
const [first = input("x", "f32", [500])] = x;
const touched = (kernel: Kernel): number => {
  const { reads, writes } = buffersOf(kernel);
  return new Set([...reads, ...writes]).size;
};
const widths = (outputs: { readonly [name: string]: Tensor }, buffers: number): number[] =>
  compiled(outputs, [], { buffers }).kernels.map(touched);

describe("a limit of buffers a kernel", () => {
  // Every partial sum is an output, so each addition is a kernel of three buffers before they are fused.
  const sums = x
    .slice(1)
    .reduce<Tensor[]>((list, next) => [...list, (list.at(-1) ?? first).add(next).exp()], []);
  const outputs = Object.fromEntries(sums.map((sum, index) => [`sum${index}`, sum]));

  it.each([3, 4, 5, 7, 8, 16])("of %i is kept, and used", (limit) => {
    const found = widths(outputs, limit);
    expect(Math.max(...found)).toBeLessThanOrEqual(limit);
    // A further addition brings one input and one result.
    expect(Math.max(...found)).toBeGreaterThan(limit - 2);
  });

  it("makes one kernel of them where there is none", () => {
    expect(compiled(outputs).kernels).toHaveLength(1);
    expect(widths(outputs, 23)).toEqual([23]);
    expect(widths(outputs, 22)).toHaveLength(2);
  });

  it("splits what one expression reads", () => {
    const all = x.reduce((sum, next) => sum.add(next));
    expect(widths({ all }, 13)).toEqual([13]);
    expect(widths({ all }, 12)).toEqual([12, 3]);
    expect(widths({ all }, 4)).toEqual([4, 4, 4, 4, 4, 3]);
    // An addition binds three at least.
    expect(widths({ all }, 2)).toEqual(Array.from({ length: 11 }, () => 3));
    const folded = all.exp().reduceSum({ axes: [0] });
    expect(widths({ folded }, 12)).toEqual([12, 3]);
  });

  it("splits where the least memory is written", () => {
    const [wide, narrow] = [input("wide", "f32", [50, 20]), input("narrow", "f32", [50, 1])];
    const [other, factor] = [input("other", "f32", [50, 20]), input("factor", "f32", [50, 1])];
    const y = wide.add(other).mul(narrow.sub(factor).broadcast([50, 20]));
    const { kernels, buffers } = compiled({ y }, [], { buffers: 4 });
    expect(kernels.map(touched)).toEqual([3, 4]);
    expect(buffers.filter(({ owner }) => owner.kind === "temporary").map(({ elements }) => elements)).toEqual(
      [50, 1000],
    );
  });

  it("counts what a reduction or product reads before, and the registers it updates", () => {
    const [a, w, bias] = [
      input("a", "f32", [32, 32]),
      input("w", "f32", [32, 32]),
      input("bias", "f32", [32]),
    ];
    const y = a.matMul(w);
    const outputs3 = { y, z: y.add(bias).max(0) };
    expect(widths(outputs3, 5)).toEqual([5]);
    expect(widths(outputs3, 4)).toEqual([3, 3]);
    const parameter = register("parameter", "f32", [32, 32]);
    const kernels = (next: Tensor, buffers: number): number =>
      compiled({}, [{ register: parameter, next }], { buffers }).kernels.length;
    // Two operands, and one memory for the old and the next value: the product itself stays inside.
    const inPlace = parameter.sub(y.mul(0.1));
    expect([kernels(inPlace, 3), kernels(inPlace, 2)]).toEqual([1, 2]);
    // A next value that can't be written in place has memory of its own, and a copy at the end.
    const turned = parameter.transpose([1, 0]).sub(y.mul(0.1));
    expect([kernels(turned, 4), kernels(turned, 3)]).toEqual([2, 3]);
    const sum = a.reduceSum({ axes: [1] });
    expect(widths({ sum, most: a.reduceMax({ axes: [1] }) }, 3)).toEqual([3]);
    expect(widths({ sum, most: a.reduceMax({ axes: [1] }) }, 2)).toEqual([2, 2]);
  });

  it("lets a step of Adam be one kernel a parameter: what only that kernel reads is not counted", () => {
    const [a, b] = [input("a", "f32", [32, 32]), input("b", "f32", [32, 32])];
    const [w, m, v] = [
      register("w", "f32", [32, 32]),
      register("m", "f32", [32, 32]),
      register("v", "f32", [32, 32]),
    ];
    const gradient = a.matMul(b);
    const mean = m.mul(0.9).add(gradient.mul(0.1));
    const square = v.mul(0.99).add(gradient.mul(gradient).mul(0.01));
    const kept = (moment: Tensor): Tensor => where(less(abs(moment), 1e-30), 0, moment);
    const updates = [
      { register: w, next: w.sub(mean.div(square.sqrt().add(1e-8))) },
      { register: m, next: kept(mean) },
      { register: v, next: kept(square) },
    ];
    const count = (buffers: number): number => compiled({}, updates, { buffers }).kernels.length;
    expect([count(5), count(Infinity)]).toEqual([1, 1]);
    expect(count(4)).toBeGreaterThan(1);
  });
});

describe("a limit of values a kernel", () => {
  const values = (kernel: Kernel): number => ("body" in kernel ? kernel.body.length : 0);

  it("cuts chains that are longer, into as few kernels as that takes", () => {
    const y = Array.from({ length: 3000 }, (_, index) => index).reduce(
      (sum, index) => sum.mul(0.5).add(first).max(index),
      first,
    );
    const sizes = compiled({ y }).kernels.map(values);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    // 9,000 operations and 3,000 constants.
    expect(sizes.length).toBeGreaterThan(11);
    expect(sizes.length).toBeLessThan(30);
  });

  it("keeps what runs side by side apart beyond it", () => {
    const outputs2 = Array.from({ length: 3000 }, (_, index) => [`y${index}`, first.mul(index)] as const);
    const sizes = compiled(Object.fromEntries(outputs2)).kernels.map(values);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    expect(sizes).toHaveLength(6);
  });
});
