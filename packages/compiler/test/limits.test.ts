import { describe, expect, it } from "vitest";
import { type Tensor, input, register } from "@adjoint/ir";
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

  it("does not split what one expression reads", () => {
    const all = x.reduce((sum, next) => sum.add(next));
    expect(widths({ all }, 4)).toEqual([13]);
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
    const next = parameter.sub(y.mul(0.1));
    const kernels = (buffers: number): number =>
      compiled({}, [{ register: parameter, next }], { buffers }).kernels.length;
    // Two operands, the old and the next value, and the product itself, although no one else reads it in the end.
    expect([kernels(5), kernels(4)]).toEqual([1, 2]);
    const sum = a.reduceSum({ axes: [1] });
    expect(widths({ sum, most: a.reduceMax({ axes: [1] }) }, 3)).toEqual([3]);
    expect(widths({ sum, most: a.reduceMax({ axes: [1] }) }, 2)).toEqual([2, 2]);
  });
});
