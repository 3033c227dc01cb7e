import { describe, expect, it } from "vitest";
import { type Tensor, input, register, scan } from "@adjoint/ir";
import { type CompiledProgram, compileProgram } from "@adjoint/compiler";
import { compiled, graphOf } from "./support.ts";

const x = input("x", "f32", [100]);
const w = Array.from({ length: 6 }, (_, index) => register(`w${index}`, "f32", [100, 100]));

/** Products can't be fused, so each is a kernel that reads the one before. */
const chain = (count: number): Tensor =>
  w.slice(0, count).reduce((y, weight) => y.matMul(weight), x.reshape([1, 100]));

const slotsOf = ({ buffers }: CompiledProgram): (number | undefined)[] =>
  buffers.map(({ location }) => (location.kind === "slot" ? location.slot : undefined));

describe("slots", () => {
  it("are shared by what is never alive together", () => {
    for (const count of [2, 3, 4, 6]) {
      const { slots, buffers } = compiled({ y: chain(count) });
      expect(slots).toEqual([400, 400]);
      expect(buffers.filter(({ location }) => location.kind === "slot")).toHaveLength(count + 1);
    }
  });

  it("are not shared by what is", () => {
    const [a, b, c] = [chain(1), chain(2), chain(3)];
    const program = compiled({ a, b, c });
    // The input ends with the first product, so that one of the others has its slot.
    expect(program.slots).toEqual([400, 400, 400]);
    expect(new Set(program.outputs.map(({ buffer }) => slotsOf(program)[buffer])).size).toBe(3);
  });

  it("are taken over in place along a chain that is not fused", () => {
    const program = compiled({ y: x.add(1).exp() }, [], { buffers: 2 });
    expect(program.slots).toEqual([400]);
    // No kernel can write over what it reads in another order.
    expect(compiled({ y: x.flip([0]).exp() }).slots).toEqual([400, 400]);
  });

  it("are taken over by a product's epilogue from what it adds, never from an operand", () => {
    const added = input("added", "f32", [100, 100]);
    const [a, b] = [input("a", "f32", [100, 100]), input("b", "f32", [100, 100])];
    expect(compiled({ y: a.matMul(b).add(added) }).slots).toEqual([40000, 40000, 40000]);
    expect(compiled({ y: a.matMul(b).add(a) }).slots).toEqual([40000, 40000, 40000]);
  });

  it("are taken over by another dtype of the same width alone", () => {
    expect(compiled({ y: x.bitcast("i32").add(1) }).slots).toEqual([400]);
    expect(compiled({ y: x.cast("f64").exp() }).slots).toEqual([400, 800]);
    expect(compiled({ y: x.cast("u8").add(1) }).slots).toEqual([400, 100]);
  });

  it("grow rather than multiply", () => {
    // A product of 100 numbers, then one of 400 in the memory of the first input: the largest free slot grows.
    const [first, second] = [register("f", "f32", [100, 50]), register("s", "f32", [50, 400])];
    const y = x.reshape([1, 100]).matMul(first).matMul(second);
    expect(compiled({ y }).slots.toSorted((a, b) => a - b)).toEqual([200, 1600]);
  });

  it("keep an input that is an output, and outputs of one tensor in one slot", () => {
    const y = x.exp();
    const program = compiled({ x, y, again: y, flat: y.reshape([10, 10]) });
    const outputSlots = program.outputs.map(({ buffer }) => slotsOf(program)[buffer]);
    expect(outputSlots).toEqual([0, 1, 1, 1]);
    expect(program.slots).toEqual([400, 400]);
  });

  it("are none for what no kernel touches", () => {
    const unused = input("unused", "f32", [1000]);
    const graph = graphOf({ y: x.add(1) });
    const program = compileProgram({ ...graph, inputs: { ...graph.inputs, unused } });
    expect(program.inputs.map(({ name }) => name)).toEqual(["x", "unused"]);
    expect(program.slots).toEqual([400]);
    expect(slotsOf(program)[program.inputs[1]?.buffer ?? -1]).toBeUndefined();
  });
});

describe("peak bytes", () => {
  it("are slots, registers and constants, and less than all buffers together", () => {
    const program = compiled({ y: chain(6) });
    expect(program.peakBytes).toBe(6 * 40000 + 800);
    const all = program.buffers.reduce((sum, { elements }) => sum + elements * 4, 0);
    expect(program.peakBytes).toBeLessThan(all);
  });
});

describe("loops", () => {
  it("keep what every step reads, and share what one step leaves behind", () => {
    const [start, table] = [input("start", "f32", [50]), register("table", "f32", [50, 50])];
    const sequence = input("sequence", "f32", [7, 50]);
    const once = sequence.exp();
    const { carry, outputs } = scan(
      { carry: [start], sequences: [once] },
      ([state = start], [slice = start]) => {
        const next = state.reshape([1, 50]).matMul(table).matMul(table).reshape([50]).add(slice);
        return { carry: [next], outputs: [next.mul(2)] };
      },
    );
    const program = compiled({ last: carry[0] ?? start, all: outputs[0] ?? start });
    const bytes = program.slots.reduce((sum, slot) => sum + slot, 0);
    // The sequence in place of its exponentials, the outputs, the carry; and in the body the slice, two products, the
    // next carry and the output, of which a product's memory serves again.
    expect(bytes).toBeLessThanOrEqual(2 * 1400 + 200 + 5 * 200);
    expect(program.kernels.at(-1)?.form).toBe("scan");
  });
});
