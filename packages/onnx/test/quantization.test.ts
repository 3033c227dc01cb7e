import type { onnx as Proto } from "onnx-proto";
import { describe, expect, it } from "vitest";
import { evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import { intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const [FLOAT, UINT8, INT8, INT32, INT4] = [1, 2, 3, 6, 22];

const whole = (
  name: string,
  dataType: number,
  dims: number[],
  ...int32Data: number[]
): Proto.ITensorProto => ({
  name,
  dataType,
  dims,
  int32Data,
});
const floats = (name: string, dims: number[], ...floatData: number[]): Proto.ITensorProto => ({
  name,
  dataType: FLOAT,
  dims,
  floatData,
});

/** The elements of y, the output of one node over initializers. */
function run(
  operator: string,
  initializers: Proto.ITensorProto[],
  attributes: Proto.IAttributeProto[] = [],
  inputs: readonly (string | null | undefined)[] = initializers.map(({ name }) => name),
): { readonly dtype: string; readonly elements: readonly number[] } {
  const names = inputs.map((name) => name ?? "");
  const graph = fromOnnx(
    modelBytes({
      opset: 21,
      outputs: { y: undefined },
      initializers,
      nodes: [node(operator, names, ["y"], attributes)],
    }),
  );
  const { y } = evaluate(graph, {}).outputs;
  return { dtype: y?.dtype ?? "", elements: y === undefined ? [] : toNumbers(y) };
}

describe("products of quantized elements", () => {
  it("take a zero point for each row of a and each column of b", () => {
    const { dtype, elements } = run("MatMulInteger", [
      whole("a", UINT8, [2, 2], 10, 20, 30, 40),
      whole("b", INT8, [2, 2], 1, -2, 3, 4),
      whole("aZero", UINT8, [2], 10, 30),
      whole("bZero", INT8, [2], 1, -2),
    ]);
    // a − zeros: [[0, 10], [0, 10]]; b − zeros: [[0, 0], [2, 6]].
    expect({ dtype, elements }).toEqual({ dtype: "i32", elements: [20, 60, 20, 60] });
  });

  it("convolve with a scale and a zero point for each channel, and a bias", () => {
    const { dtype, elements } = run(
      "QLinearConv",
      [
        whole("x", UINT8, [1, 1, 1, 2], 130, 126),
        floats("xScale", [], 0.5),
        whole("xZero", UINT8, [], 128),
        whole("w", UINT8, [2, 1, 1, 1], 7, 3),
        floats("wScale", [2], 1, 0.25),
        whole("wZero", UINT8, [2], 5, 7),
        floats("yScale", [], 0.25),
        whole("yZero", UINT8, [], 100),
        whole("bias", INT32, [2], 10, -3),
      ],
      [intsAttribute("pads", [0, 1, 0, 0])],
    );
    // x − 128 padded: [0, 2, −2]; w − zeros: 2 and −4. Sums with bias: [10, 14, 6] and [−3, −11, 5].
    // Their scales over that of y: 2 and 0.5; halves round to even.
    expect({ dtype, elements }).toEqual({ dtype: "u8", elements: [120, 128, 112, 98, 94, 102] });
  });
});

describe("scales", () => {
  it("stand for blocks along an axis, the last of which may be short", () => {
    const x = floats("x", [1, 5], 2, 4, 6, 8, 10);
    const scale = floats("scale", [1, 3], 2, 1, 10);
    const blocked = [intAttribute("axis", 1), intAttribute("block_size", 2)];
    expect(run("QuantizeLinear", [x, scale], blocked)).toEqual({ dtype: "u8", elements: [1, 2, 6, 8, 1] });
    const q = whole("q", INT8, [1, 5], 1, 2, 6, 8, -1);
    const zero = whole("zero", INT8, [1, 3], 0, 1, 0);
    expect(run("DequantizeLinear", [q, scale, zero], blocked).elements).toEqual([2, 4, 5, 7, -10]);
  });

  it("quantize to the type that the node names, cut to its range", () => {
    const x = floats("x", [4], -100, -3, 2.5, 100);
    const said = [intAttribute("output_dtype", INT4)];
    expect(run("QuantizeLinear", [x, floats("scale", [], 1)], said)).toEqual({
      dtype: "i8",
      elements: [-8, -3, 2, 7],
    });
  });

  it("of a whole tensor need no axis that it has", () => {
    const [x, scale] = [whole("x", UINT8, [2], 1, 3), floats("scale", [], 2)];
    expect(run("DequantizeLinear", [x, scale]).elements).toEqual([2, 6]);
    expect(() => run("DequantizeLinear", [x, floats("scale", [2], 2, 3)])).toThrow(
      /axis 1 of a tensor of rank 1/,
    );
  });
});

it("DynamicQuantizeLinear spans what is there and zero", () => {
  const bytes = modelBytes({
    opset: 11,
    inputs: { x: [3] },
    outputs: { y: undefined, scale: [], zero: undefined },
    nodes: [node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])],
  });
  const { outputs } = evaluate(fromOnnx(bytes), { x: valueOf("f32", [3], [-1, 0, 4.1]) });
  expect(Object.values(outputs).map(toNumbers)).toEqual([
    [0, 50, 255],
    [Math.fround(Math.fround(5.1) / 255)],
    [50],
  ]);
});
