import { AdjointError } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import fc from "fast-check";
import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { families } from "../src/operators/index.ts";
import { intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const { onnx } = onnxProto;

/** Attributes that many operators have: of one number, and of a list. */
const single = [
  "axis",
  "batch_dims",
  "block_size",
  "blocksize",
  "group",
  "groups",
  "hidden_size",
  "keepdims",
  "kv_num_heads",
  "largest",
  "num_groups",
  "num_heads",
  "num_outputs",
  "p",
  "q_num_heads",
  "size",
  "to",
];
const lists = [
  "axes",
  "dilations",
  "kernel_shape",
  "output_padding",
  "output_shape",
  "pads",
  "perm",
  "scales",
  "shape",
  "split",
  "starts",
  "ends",
  "strides",
];

const operators = families.flat().map(({ name, domain, since }) => ({ name, domain, since }));
const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
/** Fed, or known numbers of the file. */
const inputs = fc.array(
  fc.record({ shape: sizes, kind: fc.constantFrom("f32", "i64", "known f32", "known i64", "absent") }),
  { maxLength: 7 },
);
const attributes = fc.array(
  fc.oneof(
    fc.record({ name: fc.constantFrom(...single), i: fc.integer({ min: -3, max: 6 }) }),
    fc.record({
      name: fc.constantFrom(...lists),
      ints: fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 6 }),
    }),
  ),
  { maxLength: 3 },
);
const numbers = fc.infiniteStream(fc.integer({ min: -2, max: 5 }));

/** The message of the typed error that a file is refused with, if it is. @throws any other error. */
function refusalOf(bytes: Uint8Array): string | undefined {
  try {
    fromOnnx(bytes);
  } catch (error) {
    if (error instanceof AdjointError) return error.message;
    throw error;
  }
  return undefined;
}

describe("a node of any operator, with inputs and attributes of any form", () => {
  it("becomes a graph, or is refused by a typed error", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...operators),
        fc.constantFrom(8, 11, 13, 17, 18, 21, 23),
        inputs,
        attributes,
        numbers,
        ({ name, domain, since }, opset, given, set, drawn) => {
          const named = given.map((each, index) => ({ ...each, name: `x${index}` }));
          const fed = (kind: string): { readonly [name: string]: readonly number[] } =>
            Object.fromEntries(
              named.filter((each) => each.kind === kind).map((each) => [each.name, each.shape]),
            );
          const values = (count: number): number[] =>
            Array.from({ length: count }, () => drawn.next().value ?? 0);
          const initializers = named
            .filter(({ kind }) => kind.startsWith("known"))
            .map(({ name: own, kind, shape }) => {
              const data = values(shape.reduce((product, size) => product * size, 1));
              return kind === "known f32"
                ? { name: own, dims: shape, dataType: onnx.TensorProto.DataType.FLOAT, floatData: data }
                : { name: own, dims: shape, dataType: onnx.TensorProto.DataType.INT64, int64Data: data };
            });
          const made = node(
            name,
            named.map((each) => (each.kind === "absent" ? "" : each.name)),
            ["y"],
            [...new Map(set.map((each) => [each.name, each])).values()].map((each) =>
              "i" in each ? intAttribute(each.name, each.i) : intsAttribute(each.name, each.ints),
            ),
          );
          const bytes = modelBytes({
            opset: domain === "" ? Math.max(opset, since[0] ?? 1) : opset,
            domains: domain === "" ? {} : { [domain]: Math.max(1, since.at(-1) ?? 1) },
            inputs: fed("f32"),
            i64Inputs: fed("i64"),
            initializers,
            outputs: { y: undefined },
            nodes: [{ ...made, domain }],
          });
          // A message of a list's length tells nobody which number is missing.
          expect(refusalOf(bytes) ?? "").not.toMatch(/no element -?\d+ in a list/);
        },
      ),
      { seed: Number(process.env["SEED"] ?? 3), numRuns: Number(process.env["RUNS"] ?? 3000) },
    );
  });
});

describe("what does not fit a node", () => {
  const known = (name: string, values: readonly number[]) => ({
    name,
    dims: [values.length],
    dataType: onnx.TensorProto.DataType.INT64,
    int64Data: [...values],
  });

  it.each([
    {
      made: node("Pad", ["x", "pads"], ["y"]),
      inputs: { x: [2, 3] },
      initializers: [known("pads", [1, 1, 1])],
      message:
        /^Pad: its inputs \(input "x": f32\[2, 3\].* and attributes do not fit each other\. At layer "y"/,
    },
    {
      made: node("Tile", ["x", "repeats"], ["y"]),
      inputs: { x: [2, 3] },
      initializers: [known("repeats", [2])],
      message: /^Tile: its inputs /,
    },
    {
      made: node("GridSample", ["x", "grid"], ["y"]),
      inputs: { x: [3], grid: [2] },
      message: /^GridSample: wants spatial axes after the first two and got input "x": f32\[3\]/,
    },
    {
      made: node("ConvTranspose", ["x", "w"], ["y"], [intsAttribute("output_padding", [1])]),
      inputs: { x: [1, 2, 5, 5], w: [2, 3, 3, 3] },
      message: /^ConvTranspose: output_padding and output_shape must be for 2 spatial axes/,
    },
    {
      made: node("Compress", ["x"], ["y"]),
      inputs: { x: [4] },
      message: /^Compress: input 1, the condition, is missing/,
    },
    {
      made: node("Col2Im", ["x"], ["y"]),
      inputs: { x: [1, 4, 4] },
      message: /^Col2Im: input 1, the picture's sizes, is missing/,
    },
    {
      made: node("Attention", ["q", "k", "v"], ["y"]),
      inputs: { q: [1, 3, 4, 5], k: [1, 2, 6, 5], v: [1, 2, 6, 5] },
      message: /^Attention: the heads of .* don't share those of .* evenly/,
    },
  ])("is refused by the operator's name: $made.opType", ({ made, inputs: fed, initializers, message }) => {
    const bytes = modelBytes({
      opset: 23,
      inputs: fed,
      initializers: initializers ?? [],
      outputs: { y: undefined },
      nodes: [made],
    });
    expect(() => fromOnnx(bytes)).toThrow(message);
  });
});
