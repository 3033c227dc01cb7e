import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { intAttribute, intsAttribute, modelBytes, node, textAttribute } from "./model.ts";

const { onnx } = onnxProto;
const { GRAPH } = onnx.AttributeProto.AttributeType;

const HUGE = 2 ** 30;

const i64 = (name: string, values: readonly number[], dims: readonly number[] = [values.length]) => ({
  name,
  dataType: 7,
  dims: [...dims],
  int64Data: [...values],
});
const f32 = (name: string, values: readonly number[], dims: readonly number[] = [values.length]) => ({
  name,
  dataType: 1,
  dims: [...dims],
  floatData: [...values],
});
const own = (operator: string, inputs: string[], outputs: string[]): Proto.INodeProto => ({
  ...node(operator, inputs, outputs),
  domain: "own",
});

/** Functions that each call the next twice, `levels` deep, with `leaf` at the end. */
const doubling = (levels: number, leaf: string): Uint8Array =>
  modelBytes({
    inputs: { x: [1] },
    outputs: { y: [1] },
    functions: [
      ...Array.from({ length: levels }, (_, level) => ({
        domain: "own",
        name: `F${level}`,
        opsetImport: [
          { domain: "own", version: 1 },
          { domain: "", version: 17 },
        ],
        input: ["a"],
        output: ["c"],
        node: [own(`F${level + 1}`, ["a"], ["b"]), own(`F${level + 1}`, ["b"], ["c"])],
      })),
      {
        domain: "own",
        name: `F${levels}`,
        opsetImport: [{ domain: "", version: 17 }],
        input: ["a"],
        output: ["b"],
        node: [node(leaf, ["a"], ["b"])],
      },
    ],
    nodes: [own("F0", ["x"], ["y"])],
  });

/** Loops in loops: a body is imported once to see what it is, and once to use it. */
const loops = (levels: number): Uint8Array => {
  let body: Proto.INodeProto[] = [node("Add", ["x", "x"], ["v"])];
  for (let level = 0; level < levels; level++) {
    const inner = level === 0 ? "v" : `s${level - 1}`;
    body = [
      node(
        "Loop",
        ["trips", "", "x"],
        [`s${level}`],
        [
          {
            name: "body",
            type: GRAPH,
            g: {
              name: "b",
              input: [{ name: `i${level}` }, { name: `c${level}` }, { name: `x${level}` }],
              output: [{ name: `c${level}` }, { name: inner }],
              node: body,
            },
          },
        ],
      ),
    ];
  }
  return modelBytes({
    inputs: { x: [1] },
    outputs: { y: undefined },
    initializers: [i64("trips", [3], [])],
    nodes: [...body, node("Identity", [`s${levels - 1}`], ["y"])],
  });
};

/** One node over inputs and known values. */
const single = (
  operator: string,
  given: {
    readonly opset?: number;
    readonly inputs?: { readonly [name: string]: readonly (number | string)[] };
    readonly known?: Proto.ITensorProto[];
    readonly order: string[];
    readonly attributes?: Proto.IAttributeProto[];
    readonly before?: Proto.INodeProto[];
  },
): Uint8Array =>
  modelBytes({
    opset: given.opset ?? 20,
    inputs: given.inputs ?? {},
    outputs: { y: undefined },
    initializers: given.known ?? [],
    nodes: [...(given.before ?? []), node(operator, given.order, ["y"], given.attributes)],
  });

/** A shape that rests on an operator over a constant that is expanded to a size. */
const shapeFrom = (
  size: readonly number[],
  nodes: Proto.INodeProto[],
  known: Proto.ITensorProto[] = [],
): Uint8Array =>
  modelBytes({
    opset: 20,
    inputs: { x: [4] },
    outputs: { y: undefined },
    initializers: [i64("size", size), ...known],
    nodes: [
      node("ConstantOfShape", ["size"], ["big"]),
      ...nodes,
      node("Cast", ["small"], ["shape"], [intAttribute("to", 7)]),
      node("Reshape", ["x", "shape"], ["y"]),
    ],
  });

/** Sizes that are products of sums of symbols. */
const symbols = (): Uint8Array => {
  const names = Array.from({ length: 32 }, (_, index) => `d${index}`);
  return modelBytes({
    inputs: Object.fromEntries(names.map((name) => [name, [name]])),
    outputs: { y: undefined },
    initializers: [i64("axis", [0])],
    nodes: [
      node("Concat", names, ["sum"], [intAttribute("axis", 0)]),
      node("Shape", ["sum"], ["n"]),
      node("Concat", ["n", "n", "n", "n", "n", "n", "n", "n"], ["shape"], [intAttribute("axis", 0)]),
      node("Expand", ["sum", "shape"], ["wide"]),
      node("Flatten", ["wide"], ["y"], [intAttribute("axis", 0)]),
    ],
  });
};

const squares = (): Uint8Array =>
  modelBytes({
    inputs: { x: ["a", "b"] },
    outputs: { y: undefined },
    nodes: Array.from({ length: 40 }, (_, level) => {
      const from = level === 0 ? "x" : `t${level}`;
      return [
        node("Shape", [from], [`s${level}`]),
        node("Tile", [from, `s${level}`], [level === 39 ? "y" : `t${level + 1}`]),
      ];
    }).flat(),
  });

/** Files of at most a few thousand bytes that ask for more than any machine has. */
export const bombs: { readonly [name: string]: () => Uint8Array } = {
  "functions that double, of nothing": () => doubling(40, "Identity"),
  "functions that double, of nodes": () => doubling(40, "Neg"),
  "loops in loops": () => loops(24),
  "a sequence of 2^30 parts": () => single("SplitToSequence", { inputs: { x: [HUGE] }, order: ["x"] }),
  "a window function": () => single("HannWindow", { known: [i64("n", [HUGE], [])], order: ["n"] }),
  "a matrix of bands": () =>
    single("MelWeightMatrix", {
      known: [
        i64("a", [HUGE], []),
        i64("b", [64], []),
        i64("c", [8000], []),
        f32("d", [0], []),
        f32("e", [4000], []),
      ],
      order: ["a", "b", "c", "d", "e"],
    }),
  "a transform": () =>
    single("DFT", { inputs: { x: [1, 8, 1] }, known: [i64("n", [2 ** 31 - 1], [])], order: ["x", "n"] }),
  "a transform of 2^52": () =>
    single("DFT", { inputs: { x: [1, 8, 1] }, known: [i64("n", [2 ** 52], [])], order: ["x", "n"] }),
  "a mirrored border": () =>
    single("Pad", {
      inputs: { x: [4] },
      known: [i64("p", [HUGE, HUGE])],
      order: ["x", "p"],
      attributes: [textAttribute("mode", "reflect")],
    }),
  "a picture made larger": () =>
    single("Resize", { inputs: { x: [4] }, known: [f32("s", [1e9])], order: ["x", "", "s"] }),
  "a picture made smaller with a kernel of 2^31": () =>
    single("Resize", {
      inputs: { x: [2 ** 40] },
      known: [f32("s", [1e-9])],
      order: ["x", "", "s"],
      attributes: [textAttribute("mode", "linear"), intAttribute("antialias", 1)],
    }),
  "a deformable kernel": () =>
    single("DeformConv", {
      inputs: { x: [1, 1, HUGE, 2], w: [1, 1, HUGE, 1], o: [1, 2 * HUGE, 1, 2] },
      order: ["x", "w", "o"],
    }),
  "blocks of scales": () =>
    single("DequantizeLinear", {
      opset: 21,
      inputs: { s: [1, HUGE / 4] },
      known: [i64("size", [1, HUGE]), { name: "zero", dataType: 3, dims: [1], int32Data: [0] }],
      before: [node("ConstantOfShape", ["size"], ["f"]), node("Cast", ["f"], ["q"], [intAttribute("to", 3)])],
      order: ["q", "s"],
      attributes: [intAttribute("block_size", 4)],
    }),
  "a huge window in a shape": () =>
    shapeFrom(
      [1, 1, 4],
      [
        node(
          "MaxPool",
          ["big"],
          ["pooled"],
          [
            intsAttribute("kernel_shape", [HUGE]),
            intsAttribute("pads", [HUGE, HUGE]),
            intsAttribute("strides", [HUGE]),
          ],
        ),
        node("Flatten", ["pooled"], ["flat"]),
        node("ReduceMax", ["flat"], ["small"], [intAttribute("keepdims", 0)]),
      ],
    ),
  "a wide reduction in a shape": () => shapeFrom([2 ** 40], [node("ReduceMax", ["big"], ["small"], [])]),
  "a product in a shape": () =>
    shapeFrom(
      [2 ** 11, 2 ** 11],
      [node("MatMul", ["big", "big"], ["p"]), node("ReduceMax", ["p"], ["small"], [])],
    ),
  "many reductions in a shape": () =>
    shapeFrom(
      [2 ** 20],
      Array.from({ length: 12 }, (_, index) =>
        node("Add", [index === 0 ? "big" : `t${index}`, "big"], [`t${index + 1}`]),
      ).concat(node("ReduceMax", ["t12"], ["small"], [])),
    ),
  "places of a truth": () =>
    modelBytes({
      opset: 20,
      outputs: { y: undefined },
      initializers: [i64("size", [2000, 1000])],
      nodes: [
        node("ConstantOfShape", ["size"], ["a"]),
        node("NonZero", ["a"], ["b"]),
        node("ConstantOfShape", ["size"], ["c"]),
        node("Unique", ["c"], ["y"]),
      ],
    }),
  "sparse weights": () => {
    const sparse = (name: string) => ({
      dims: [2 ** 26],
      values: { name, dataType: 1, dims: [1], floatData: [1] },
      indices: { dataType: 7, dims: [1], int64Data: [5] },
    });
    return onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "g",
        sparseInitializer: ["a", "b", "c", "d", "e"].map(sparse),
        node: [node("Relu", ["a"], ["y"])],
        output: [{ name: "y" }],
      },
    }).finish();
  },
  "sums of symbols": symbols,
  "powers of symbols": squares,
  "more axes than any tensor has": () =>
    shapeFrom([2 ** 20], [node("Unsqueeze", ["big", "big"], ["u"]), node("ReduceMax", ["u"], ["small"])]),
  "a picture sampled along 500 axes": () =>
    single("GridSample", {
      inputs: {
        x: [1, 1, ...Array.from({ length: 60 }, () => 2)],
        g: [1, ...Array.from({ length: 60 }, () => 2), 60],
      },
      order: ["x", "g"],
    }),
};
