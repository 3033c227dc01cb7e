import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constant, input, toNumbers, valueOf } from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { fromOnnx } from "@adjoint/onnx";
import { type Rounding, narrow, valuesOfBits, widen } from "../src/narrow/convert.ts";
import { type NarrowType, narrowTypes } from "../src/narrow/types.ts";
import { intAttribute, modelBytes, node } from "./model.ts";

const named = (name: string): NarrowType => {
  const type = narrowTypes.find((row) => row.name === name);
  if (type === undefined) throw new Error(name);
  return type;
};

const floats = narrowTypes.filter(({ format }) => format.kind === "float");
const saturating: Rounding = { saturate: true, mode: "up" };

const bitsOf = (type: NarrowType, numbers: readonly number[], rounding = saturating): number[] => {
  const x = constant(valueOf("f32", [numbers.length], numbers));
  return evaluateTensors([narrow(x, type, rounding)], new Map()).flatMap(toNumbers);
};

/** Of all finite values the nearest; of two the one with even bits. */
function nearest(type: NarrowType, x: number): number {
  const values = valuesOfBits(type);
  const finite = [...values.keys()].filter((bits) => Number.isFinite(values[bits]));
  const distance = (bits: number): number => Math.abs((values[bits] ?? 0) - x);
  const least = Math.min(...finite.map(distance));
  const best = finite.filter((bits) => distance(bits) === least);
  return values[best.find((bits) => bits % 2 === 0) ?? best[0] ?? 0] ?? 0;
}

describe.each(floats.map((type) => [type.name, type] as const))("%s", (_, type) => {
  const values = valuesOfBits(type);

  it("gives each of its values its own bits again", () => {
    const patterns = [...values.keys()].filter((bits) => Number.isFinite(values[bits]));
    expect(
      bitsOf(
        type,
        patterns.map((bits) => values[bits] ?? 0),
      ),
    ).toEqual(patterns);
  });

  it("rounds to the nearest value, ties to even, and saturates", () => {
    const largest = Math.max(...values.filter(Number.isFinite));
    const number = fc.double({ min: -1.5 * largest, max: 1.5 * largest, noNaN: true }).map(Math.fround);
    const between = fc
      .nat(2 ** type.bits - 2)
      .map((bits) => ((values[bits] ?? 0) + (values[bits + 1] ?? 0)) / 2);
    const sample = fc.sample(fc.oneof(number, between.filter(Number.isFinite)), { numRuns: 300, seed: 5 });
    const rounded = bitsOf(type, sample).map((bits) => Math.abs(values[bits] ?? Number.NaN));
    expect(rounded).toEqual(sample.map((x) => Math.abs(nearest(type, x))));
  });
});

describe("what no finite value is", () => {
  const extremes = [Infinity, -Infinity, 1e6, -1e6];

  it("becomes the largest value, or what the type has for it", () => {
    expect(bitsOf(named("FLOAT8E5M2"), extremes)).toEqual([0x7b, 0xfb, 0x7b, 0xfb]);
    const open = { saturate: false, mode: "up" } as const;
    expect(bitsOf(named("FLOAT8E5M2"), extremes, open)).toEqual([0x7c, 0xfc, 0x7c, 0xfc]);
    expect(bitsOf(named("FLOAT8E4M3FN"), extremes, open)).toEqual([0x7f, 0xff, 0x7f, 0xff]);
    expect(bitsOf(named("FLOAT8E4M3FNUZ"), extremes, open)).toEqual([0x80, 0x80, 0x80, 0x80]);
    expect(floats.map((type) => bitsOf(type, [Number.NaN])[0])).toEqual([0x7f, 0x80, 0x7e, 0x80, 8]);
  });

  it("a type with one zero has none for −0", () => {
    expect(bitsOf(named("FLOAT8E5M2FNUZ"), [-0, -1e-9])).toEqual([0, 0]);
    expect(bitsOf(named("FLOAT8E5M2"), [-0, -1e-9])).toEqual([0x80, 0x80]);
  });
});

describe("FLOAT8E8M0", () => {
  const type = named("FLOAT8E8M0");

  it("rounds by each mode", () => {
    const numbers = [1, 1.25, 1.5, 1.75, 3e38, Number.NaN];
    const bits = (mode: Rounding["mode"], saturate = true): number[] =>
      bitsOf(type, numbers, { saturate, mode });
    expect(bits("up")).toEqual([127, 128, 128, 128, 254, 255]);
    expect(bits("down")).toEqual([127, 127, 127, 127, 254, 255]);
    expect(bits("nearest")).toEqual([127, 127, 128, 128, 254, 255]);
    expect(bits("up", false)).toEqual([127, 128, 128, 128, 255, 255]);
  });

  it("reads its bits as powers of two", () => {
    const bits = input("bits", "u8", [4]);
    const value = valueOf("u8", [4], [0, 126, 129, 255]);
    const [wide] = evaluateTensors([widen(bits, type, "f32")], new Map([[bits, value]]));
    expect(wide && toNumbers(wide)).toEqual([2 ** -127, 0.5, 4, Number.NaN]);
  });
});

describe("integers of 2 and 4 bits", () => {
  it("keep the lowest bits", () => {
    expect(bitsOf(named("INT4"), [-9, -8, 7, 8, 17, -1.9])).toEqual([7, -8, 7, -8, 1, -1]);
    expect(bitsOf(named("UINT4"), [-1, 16, 15.9])).toEqual([15, 0, 15]);
    expect(bitsOf(named("INT2"), [1, 2, -3])).toEqual([1, -2, 1]);
    expect(bitsOf(named("UINT2"), [3, 4, -1])).toEqual([3, 0, 3]);
  });

  const initializer = { name: "w", dataType: 22, dims: [3], rawData: Uint8Array.of(0x7f, 0x08) };
  it("are read from packed bytes, the first element lowest", () => {
    const bytes = modelBytes({
      opset: 21,
      outputs: { y: [3, 1] },
      initializers: [initializer],
      nodes: [
        node("Unsqueeze", ["w", "axes"], ["moved"]),
        node("Cast", ["moved"], ["y"], [intAttribute("to", 1)]),
      ],
      i64Inputs: { axes: [1] },
    });
    const graph = fromOnnx(bytes, { constants: { axes: valueOf("i64", [1], [1]) } });
    const [y] = evaluateTensors(Object.values(graph.outputs), new Map());
    expect(y && toNumbers(y)).toEqual([-1, 7, -8]);
    expect(y?.shape).toEqual([3, 1]);
  });

  it("are no operands of arithmetic", () => {
    const bytes = modelBytes({
      opset: 21,
      outputs: { y: [3] },
      initializers: [initializer],
      nodes: [node("Abs", ["w"], ["y"])],
    });
    expect(() => fromOnnx(bytes)).toThrow(/element type INT4/);
  });
});
