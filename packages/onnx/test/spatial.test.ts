import { describe, expect, it } from "vitest";
import { type TensorValue, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { UnboundInputError, fromOnnx } from "@adjoint/onnx";
import type { onnx as Proto } from "onnx-proto";
import { intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const text = (name: string, value: string): Proto.IAttributeProto => ({
  name,
  s: new TextEncoder().encode(value),
  type: 3,
});
const number = (name: string, f: number): Proto.IAttributeProto => ({ name, f, type: 1 });
const numbers = (name: string, floats: number[]): Proto.IAttributeProto => ({ name, floats, type: 6 });

const counted = (...shape: number[]): TensorValue => {
  const count = shape.reduce((product, size) => product * size, 1);
  return valueOf(
    "f32",
    shape,
    Array.from({ length: count }, (_, index) => index),
  );
};

interface Case {
  readonly operator: string;
  readonly opset: number;
  readonly attributes?: Proto.IAttributeProto[];
  readonly inputs: readonly (TensorValue | undefined)[];
  /** Shapes that the model declares, if they are symbolic. */
  readonly shapes?: { readonly [input: string]: readonly (number | string)[] };
  /** i64 outputs are cast, since the model's outputs are f32. */
  readonly outputs?: number;
}

/** The outputs of a model of one node; inputs that decide shapes are bound. */
function run({ operator, opset, attributes = [], inputs, shapes = {}, outputs = 1 }: Case): TensorValue[] {
  const names = inputs.map((value, index) => (value === undefined ? "" : `i${index}`));
  const ofType = (dtype: string): { [name: string]: readonly (number | string)[] } =>
    Object.fromEntries(
      inputs.flatMap((value, index) =>
        value?.dtype === dtype ? [[`i${index}`, shapes[`i${index}`] ?? value.shape]] : [],
      ),
    );
  const made = Array.from({ length: outputs }, (_, index) => `made${index}`);
  const bytes = modelBytes({
    opset,
    inputs: ofType("f32"),
    i64Inputs: ofType("i64"),
    outputs: Object.fromEntries(made.map((name) => [`${name}_f32`, undefined])),
    nodes: [
      node(operator, names, made, attributes),
      ...made.map((name) =>
        node("Cast", [name], [`${name}_f32`], [opset < 6 ? text("to", "FLOAT") : intAttribute("to", 1)]),
      ),
    ],
  });
  const constants: { [name: string]: TensorValue } = {};
  const values = Object.fromEntries(names.map((name, index) => [name, inputs[index]]));
  for (;;) {
    try {
      const graph = fromOnnx(bytes, { constants });
      const feeds = Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) =>
          value !== undefined && Object.hasOwn(graph.inputs, name) ? [[name, value]] : [],
        ),
      );
      const result = evaluate(graph, feeds).outputs;
      return made.map((name) => result[`${name}_f32`] ?? counted(0));
    } catch (error) {
      if (!(error instanceof UnboundInputError)) throw error;
      for (const name of error.inputs) constants[name] = values[name] ?? counted(0);
    }
  }
}

const list = (values: readonly number[]): TensorValue => valueOf("i64", [values.length], values);
const scalar = (value: number): TensorValue => valueOf("i64", [], [value]);
const elements = (value: TensorValue | undefined): readonly number[] => (value ? toNumbers(value) : []);

describe("convolutions", () => {
  const x = counted(1, 1, 3, 3);
  const ones = valueOf(
    "f32",
    [1, 1, 3, 3],
    Array.from({ length: 9 }, () => 1),
  );

  it.each([
    ["SAME_UPPER", [8, 7, 13, 8]],
    ["SAME_LOWER", [0, 3, 9, 24]],
  ])("splits an odd count of fillers as %s says", (mode, expected) => {
    const kernel = valueOf("f32", [1, 1, 2, 2], [1, 1, 1, 1]);
    const attributes = [text("auto_pad", mode), intsAttribute("strides", [2, 2])];
    const [y] = run({ operator: "Conv", opset: 11, attributes, inputs: [x, kernel] });
    expect(y?.shape).toEqual([1, 1, 2, 2]);
    expect(elements(y)).toEqual(expected);
  });

  it("gives a transposed convolution the shape that is asked for", () => {
    const attributes = [intsAttribute("strides", [3, 2]), intsAttribute("output_shape", [10, 8])];
    const [y] = run({ operator: "ConvTranspose", opset: 11, attributes, inputs: [x, ones] });
    expect(y?.shape).toEqual([1, 1, 10, 8]);
    expect(elements(y).slice(0, 8)).toEqual([0, 0, 1, 1, 3, 2, 2, 0]);
    expect(elements(y).slice(-8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes a symbolic batch and refuses a kernel_shape that is not the weight's", () => {
    const attributes = [text("auto_pad", "SAME_LOWER"), intsAttribute("strides", [2, 2])];
    const shapes = { i0: ["batch", 1, 3, 3] };
    const [y] = run({ operator: "ConvTranspose", opset: 11, attributes, inputs: [x, ones], shapes });
    expect(y?.shape).toEqual([1, 1, 6, 6]);
    const wrong = [intsAttribute("kernel_shape", [2, 3])];
    expect(() => run({ operator: "Conv", opset: 11, attributes: wrong, inputs: [x, ones] })).toThrow(
      /Conv: kernel_shape is \[2, 3\] and the weight is .*\[1, 1, 3, 3\]/,
    );
  });
});

describe("pools", () => {
  const x = counted(1, 1, 5, 5);

  it.each([
    [0, [6, 8, 16, 18]],
    [1, [6, 16, 8, 18]],
  ])("counts places of maxima in storage order %i", (order, expected) => {
    const attributes = [
      intsAttribute("kernel_shape", [2, 2]),
      intsAttribute("strides", [2, 2]),
      intAttribute("storage_order", order),
    ];
    const [, indices] = run({ operator: "MaxPool", opset: 12, attributes, inputs: [x], outputs: 2 });
    expect(elements(indices)).toEqual(expected);
  });

  it("never gives a filler's place, even where all elements are as low", () => {
    const lowest = valueOf(
      "f32",
      [1, 2, 2, 2],
      Array.from({ length: 8 }, () => -Infinity),
    );
    const attributes = [intsAttribute("kernel_shape", [2, 2]), intsAttribute("pads", [1, 1, 0, 0])];
    const [, indices] = run({ operator: "MaxPool", opset: 8, attributes, inputs: [lowest], outputs: 2 });
    expect(elements(indices)).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
  });

  it("puts maxima back and extends the planes behind", () => {
    const values = valueOf("f32", [1, 1, 2, 2], [5, 6, 7, 8]);
    const places = valueOf("i64", [1, 1, 2, 2], [5, 7, 13, 15]);
    const attributes = [intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])];
    const inputs = [values, places, list([1, 1, 5, 5])];
    const [y] = run({ operator: "MaxUnpool", opset: 11, attributes, inputs });
    const filled = elements(y).flatMap((value, index) => (value === 0 ? [] : [[index, value]]));
    expect(filled).toEqual([
      [6, 5],
      [8, 6],
      [16, 7],
      [18, 8],
    ]);
  });

  it("reads LpPool's p as a float before opset 2", () => {
    const attributes = [intsAttribute("kernel_shape", [5, 5]), number("p", 1)];
    expect(elements(run({ operator: "LpPool", opset: 1, attributes, inputs: [x] })[0])).toEqual([300]);
  });

  it("pools regions, overlapping where bins don't come out even", () => {
    const regions = valueOf("f32", [2, 5], [0, 0, 0, 4, 4, 0, 1, 1, 2, 3]);
    const attributes = [intsAttribute("pooled_shape", [2, 2])];
    const [y] = run({ operator: "MaxRoiPool", opset: 1, attributes, inputs: [x, regions] });
    expect(elements(y)).toEqual([12, 14, 22, 24, 11, 12, 16, 17]);
  });
});

describe("older forms", () => {
  const x = counted(1, 1, 2, 2);

  it.each([
    [1, [number("height_scale", 2), number("width_scale", 1)], [x]],
    [7, [numbers("scales", [1, 1, 2, 1])], [x]],
    [9, [], [x, valueOf("f32", [4], [1, 1, 2, 1])]],
  ])("Upsample of opset %i repeats rows", (opset, attributes, inputs) => {
    const [y] = run({ operator: "Upsample", opset, attributes, inputs });
    expect(elements(y)).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
  });

  it("Resize of opset 10 places elements from the corner", () => {
    const scales = valueOf("f32", [4], [1, 1, 1, 2]);
    const attributes = [text("mode", "linear")];
    const [old] = run({ operator: "Resize", opset: 10, attributes, inputs: [x, scales] });
    expect(elements(old)).toEqual([0, 0.5, 1, 1, 2, 2.5, 3, 3]);
    const [centered] = run({ operator: "Resize", opset: 13, attributes, inputs: [x, undefined, scales] });
    expect(elements(centered)).toEqual([0, 0.25, 0.75, 1, 2, 2.25, 2.75, 3]);
  });

  it("GridSample of opset 16 has other names for its modes, and bilinear by default", () => {
    const grid = valueOf("f32", [1, 1, 1, 2], [0.5, 0]);
    const attributes = [intAttribute("align_corners", 1)];
    const [linear] = run({ operator: "GridSample", opset: 16, attributes, inputs: [x, grid] });
    expect(elements(linear)).toEqual([1.75]);
    const cubic = [...attributes, text("mode", "bicubic")];
    expect(
      elements(run({ operator: "GridSample", opset: 16, attributes: cubic, inputs: [x, grid] })[0]),
    ).not.toEqual([1.75]);
  });

  it("RoiAlign's regions began at the elements' corners before opset 16", () => {
    const regions = valueOf("f32", [1, 4], [0, 0, 2, 2]);
    const inputs = [counted(1, 1, 4, 4), regions, list([0])];
    const attributes = [intAttribute("sampling_ratio", 1)];
    expect(elements(run({ operator: "RoiAlign", opset: 10, attributes, inputs })[0])).toEqual([5]);
    expect(elements(run({ operator: "RoiAlign", opset: 16, attributes, inputs })[0])).toEqual([2.5]);
  });
});

describe("Resize", () => {
  it("leaves symbolic axes alone, and names the symbols of those it changes", () => {
    const inputs = [counted(2, 1, 2, 2), undefined, valueOf("f32", [4], [1, 1, 2, 2])];
    const [y] = run({ operator: "Resize", opset: 19, inputs, shapes: { i0: ["n", "c", 2, 2] } });
    expect(y?.shape).toEqual([2, 1, 4, 4]);
    expect(() => run({ operator: "Resize", opset: 19, inputs, shapes: { i0: [2, 1, 2, "w"] } })).toThrow(
      /Resize: needs to know size 3 of .*Bind the symbols of w/,
    );
  });

  it("widens the kernel where it shrinks with antialias", () => {
    const inputs = [counted(1, 1, 1, 8), undefined, valueOf("f32", [4], [1, 1, 1, 0.25])];
    const attributes = [text("mode", "linear"), intAttribute("antialias", 1)];
    const [y] = run({ operator: "Resize", opset: 19, attributes, inputs });
    // Triangles of half-width 4 around 1.5 and 5.5; the border's elements stand for those outside.
    expect(elements(y)).toHaveLength(2);
    expect(elements(y)[0]).toBeCloseTo(1.65625, 5);
    expect(elements(y)[1]).toBeCloseTo(5.34375, 5);
  });
});

describe("pictures", () => {
  it("Col2Im adds overlapping dilated blocks of each channel", () => {
    const x = counted(1, 4, 3);
    const attributes = [intsAttribute("dilations", [2]), intsAttribute("pads", [0, 1])];
    const [y] = run({ operator: "Col2Im", opset: 18, attributes, inputs: [x, list([4]), list([2])] });
    // Blocks l = 0, 1, 2 put rows of taps 0 and 1 at l and l + 2; the filler at 4 is cut off.
    expect(elements(y)).toEqual([0, 1, 2 + 3, 4, 6, 7, 8 + 9, 10]);
  });

  it("keeps the better of overlapping boxes, the first of equals", () => {
    const boxes = valueOf("f32", [1, 3, 4], [0, 0, 1, 1, 1, 1, 0, 0, 0, 2, 1, 3]);
    const scores = valueOf("f32", [1, 1, 3], [0.5, 0.5, 0.9]);
    const inputs = [boxes, scores, list([3]), valueOf("f32", [1], [0.5])];
    const [rows] = run({ operator: "NonMaxSuppression", opset: 11, inputs });
    expect(rows?.shape).toEqual([2, 3]);
    expect(elements(rows)).toEqual([0, 0, 2, 0, 0, 0]);
  });
});

describe("Fourier transforms", () => {
  const n = 210;
  const real = Array.from({ length: n }, (_, index) => Math.sin(index * index));
  const imaginary = real.toReversed();
  const complex = valueOf(
    "f32",
    [1, n, 2],
    real.flatMap((value, index) => [value, imaginary[index] ?? 0]),
  );
  const bin = (k: number): readonly number[] => {
    const sums = [0, 0];
    for (let at = 0; at < n; at++) {
      const [a = 0, b = 0, turn] = [real[at], imaginary[at], (-2 * Math.PI * k * at) / n];
      sums[0] = (sums[0] ?? 0) + a * Math.cos(turn) - b * Math.sin(turn);
      sums[1] = (sums[1] ?? 0) + a * Math.sin(turn) + b * Math.cos(turn);
    }
    return sums;
  };

  it.each([17, 20])("splits a length of several factors (opset %i)", (opset) => {
    const inputs = opset === 17 ? [complex] : [complex, undefined, scalar(1)];
    const [y] = run({ operator: "DFT", opset, inputs });
    const found = elements(y);
    for (const k of [0, 1, 14, 104, 209]) {
      const [a = 0, b = 0] = bin(k);
      expect(found[2 * k]).toBeCloseTo(a, 4);
      expect(found[2 * k + 1]).toBeCloseTo(b, 4);
    }
  });

  it.each([5, 6])("a one-sided spectrum of %i samples becomes the signal again", (size) => {
    const x = counted(1, size, 1);
    const [half] = run({
      operator: "DFT",
      opset: 20,
      inputs: [x],
      attributes: [intAttribute("onesided", 1)],
    });
    expect(half?.shape).toEqual([1, Math.floor(size / 2) + 1, 2]);
    const attributes = [intAttribute("onesided", 1), intAttribute("inverse", 1)];
    const [y] = run({ operator: "DFT", opset: 20, attributes, inputs: [half, scalar(size)] });
    expect(y?.shape).toEqual([1, size, 1]);
    elements(y).forEach((value, index) => expect(value).toBeCloseTo(index, 5));
  });

  it("STFT weighs the frames of a complex signal", () => {
    const x = valueOf("f32", [1, 4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const window = valueOf("f32", [2], [1, 0.5]);
    const attributes = [intAttribute("onesided", 0)];
    const [y] = run({ operator: "STFT", opset: 17, attributes, inputs: [x, scalar(2), window] });
    expect(y?.shape).toEqual([1, 2, 2, 2]);
    const expected = [1 + 1.5, 2 + 2, 1 - 1.5, 2 - 2, 5 + 3.5, 6 + 4, 5 - 3.5, 6 - 4];
    elements(y).forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? 0, 5));
  });

  it("refuses lengths that would need enormous matrices", () => {
    const inputs = [counted(1, 8, 1), scalar(10_007)];
    expect(() => run({ operator: "DFT", opset: 20, inputs })).toThrow(/DFT: asks for 1\d{8} elements/);
  });
});
