import { describe, expect, it } from "vitest";
import { type Tensor, concat, constant, input, pad, stack, window } from "@adjoint/ir";
import { type NameOf, apply, operationCosts, primitives } from "@adjoint/ir/graph";
import { compileProgram } from "@adjoint/compiler";
import { compiled, graphOf, kernels } from "./support.ts";

const f32 = (name: string, ...shape: number[]): Tensor => input(name, "f32", shape);
const [x, y, z] = [f32("x", 200, 300), f32("y", 200, 300), f32("z", 300)];

/** The number of buffers beside the inputs and outputs that have memory: what was stored on the way. */
const stored = (outputs: { readonly [name: string]: Tensor }): number => {
  const { buffers, outputs: ports } = compiled(outputs);
  const ends = new Set(ports.map((port) => port.buffer));
  return buffers.filter(
    ({ owner, location }, buffer) =>
      owner.kind === "temporary" && location.kind !== "none" && !ends.has(buffer),
  ).length;
};

describe("what is in memory", () => {
  it("is not what one reader computes on the way", () => {
    expect(stored({ y: x.exp().tanh().add(y).sqrt() })).toBe(0);
  });

  it("is what is costly and read twice in ways that don't fuse", () => {
    const shared = x.exp();
    const sums = (value: Tensor): { rows: Tensor; columns: Tensor } => ({
      rows: value.reduceSum({ axes: [1] }),
      columns: value.reduceSum({ axes: [0] }),
    });
    expect(stored(sums(shared))).toBe(1);
    // One addition is done again rather than stored.
    expect(stored(sums(x.add(y)))).toBe(0);
    expect(stored(sums(x.add(y).mul(y).sub(x)))).toBe(1);
  });

  /** Elementwise primitives that take these operands and give an f32. */
  const floats = Object.values(primitives).flatMap((primitive): [NameOf<"map">, Tensor][] => {
    if (primitive.kind !== "map" || primitive.name === "stopGradient") return [];
    for (const operands of [[x], [x, y]]) {
      try {
        // Those that need attributes refuse these.
        const { output } = apply(primitive, operands, {} as never);
        if (output.dtype === "f32") return [[primitive.name, output]];
      } catch {
        // It takes other operands.
      }
    }
    return [];
  });

  it("finds these primitives", () => {
    expect(floats.length).toBeGreaterThan(30);
  });

  it.each(floats)("counts the declared cost of %s for each of two readers", (name, shared) => {
    const both = { rows: shared.reduceSum({ axes: [1] }), columns: shared.reduceSum({ axes: [0] }) };
    expect(stored(both)).toBe(operationCosts[name] > 2 ? 1 : 0);
  });

  it("is what more than three readers share, however cheap", () => {
    const shared = x.add(y);
    const readers = (count: number): { [name: string]: Tensor } =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `y${index}`,
          shared
            .transpose([1, 0])
            .slice([{ start: index }])
            .reduceSum({ axes: [0] }),
        ]),
      );
    expect(stored(readers(3))).toBe(0);
    expect(stored(readers(4))).toBe(1);
  });

  it("is what a broadcast or a window would repeat", () => {
    expect(stored({ y: x.add(z.exp()) })).toBe(1);
    expect(stored({ y: x.add(z) })).toBe(0);
    const windows = window(z.add(1), { axes: [0], sizes: [5] });
    expect(stored({ y: windows.reduceMax({ axes: [1] }) })).toBe(1);
  });

  it("does not count what is in memory already as work to do again", () => {
    // The mean is stored, so subtracting it is cheap and happens where it is read.
    const centred = x.sub(x.reduceMean({ axes: [1], keepDims: true }));
    expect(stored({ y: centred.mul(centred).reduceSum({ axes: [1] }), z: centred.mul(y) })).toBe(1);
  });

  it("is every operand of a product, of a sort, and of a loop, but no view of it", () => {
    expect(stored({ y: x.exp().matMul(y.transpose([1, 0])) })).toBe(1);
    expect(
      stored({
        y: x
          .transpose([1, 0])
          .slice([{ start: 7 }, {}])
          .matMul(y),
      }),
    ).toBe(0);
  });

  it("is a transposed tensor that a reshape reads across its rows", () => {
    const across = x.transpose([1, 0]).reshape([200, 300]);
    expect(kernels({ y: across.add(y) })).toEqual(["map [300, 200] copy", "map [60000] add"]);
    // Also where further reshapes stand between it and what reads it in another order.
    const graph = graphOf({
      y: z
        .flip([0])
        .reshape([20, 15])
        .reshape([300])
        .slice([{ step: 7 }])
        .reshape([1, 43])
        .add(1),
    });
    expect(compileProgram(graph).kernels).toHaveLength(2);
  });

  it("is not the concatenation of coordinates that a gather reads part by part", () => {
    const [i, j] = [input("i", "i32", [50]), input("j", "i32", [50])];
    expect(kernels({ y: x.gather(stack([i, j], 1)) })).toEqual(["map [50] gather"]);
    // Read elsewhere too, it is written down, one kernel a part.
    const both = stack([i, j], 1);
    expect(kernels({ y: x.gather(both), both })).toHaveLength(3);
  });

  it("is a padding with something else than zeros, for a product alone", () => {
    const padded = (value: number): Tensor => pad(x, { low: [1, 0], high: [1, 0], interior: [0, 0], value });
    expect(stored({ y: padded(0).matMul(f32("w", 300, 5)) })).toBe(0);
    expect(stored({ y: padded(1).matMul(f32("w", 300, 5)) })).toBe(1);
    expect(stored({ y: padded(1).add(1) })).toBe(0);
  });

  it("is a constant with different elements, once", () => {
    const table = constant([1, 2, 3]);
    const u = f32("u", 3);
    const { buffers, peakBytes, slots } = compiled({ y: u.add(table), v: u.mul(table).flip([0]) });
    const constants = buffers.filter(({ owner }) => owner.kind === "constant");
    expect(constants.map(({ location, elements }) => [location.kind, elements])).toEqual([["constant", 3]]);
    expect(peakBytes).toBe(12 + slots.reduce((sum, bytes) => sum + bytes, 0));
  });

  it("is nothing for a tensor of no elements", () => {
    const none = input("none", "f32", [0, 4]);
    expect(kernels({ y: none.exp(), z: concat([none, none], 0) })).toEqual([]);
    expect(kernels({ sum: none.reduceSum({ axes: [0] }) })).toEqual(["reduce [4] over [0] reduceSum"]);
  });
});
