import {
  AdjointError,
  type Graph,
  type TensorValue,
  add,
  dim,
  filled,
  gradients,
  input,
  iota,
  program,
  register,
  scan,
  softmax,
  valueOf,
  withScope,
} from "@adjoint/ir";
import { composites, registerOf } from "@adjoint/ir/graph";
import onnxProto from "onnx-proto";
import { describe, expect, test } from "vitest";
import { fromOnnx, inspectOnnx, onnxTrainingLoop, registerPairs, toOnnx } from "@adjoint/onnx";
import { compositeRows } from "../src/export/composites/table.ts";

const batch = dim("batch");
const x = input("x", "f32", [batch, 3]);
const w = withScope("dense_1", () => register("dense_1.w", "f32", [3, 2]));
const y = withScope("dense_1", () => x.matMul(w).add(0.5));
const value = valueOf("f32", [3, 2], [1, 2, 3, 4, 5, 6]);
const predict = program({ inputs: { x }, outputs: { y } });
const [slope] = gradients(y.reduceSum(), [w]);
const train = program({
  inputs: { x },
  outputs: { y },
  updates: [{ register: w, next: w.sub((slope ?? w).mul(0.1)) }],
});

const decode = (bytes: Uint8Array) => onnxProto.onnx.ModelProto.decode(bytes);
const nodesOf = (graph: Graph, opset = 17, state: { readonly [name: string]: TensorValue } = {}) =>
  decode(toOnnx(graph, state, { opset })).graph?.node ?? [];
const operatorsOf = (graph: Graph, opset?: number): readonly string[] =>
  nodesOf(graph, opset).map(({ opType }) => opType ?? "");

describe("an exported model", () => {
  const bytes = toOnnx(predict, { "dense_1.w": value }, { name: "two by three", metadata: { author: "me" } });
  const model = decode(bytes);

  test("says what it is: version, operator set, name, metadata", () => {
    const { irVersion, opsets, producer, metadata } = inspectOnnx(bytes);
    expect([irVersion, opsets.get(""), producer, metadata]).toEqual([8, 17, "adjoint", { author: "me" }]);
    expect(model.graph?.name).toBe("two by three");
  });

  test("names nodes after layers, registers after themselves and constants after their content", () => {
    expect(model.graph?.node?.map(({ name }) => name)).toEqual(["dense_1/MatMul", "dense_1/Add"]);
    expect(model.graph?.initializer?.map(({ name }) => name)).toEqual(["dense_1.w", "f32_0.5"]);
  });

  test("keeps names and types of inputs and outputs, symbols as dim_param", () => {
    const { inputs, outputs } = inspectOnnx(bytes);
    expect(inputs).toEqual([{ name: "x", type: { kind: "tensor", dataType: 1, shape: ["batch", 3] } }]);
    expect(outputs).toEqual([{ name: "y", type: { kind: "tensor", dataType: 1, shape: ["batch", 2] } }]);
  });

  test("holds weights as raw little-endian bytes", () => {
    const [weight] = model.graph?.initializer ?? [];
    expect(weight?.floatData).toHaveLength(0);
    const raw = weight?.rawData ?? new Uint8Array();
    expect(new DataView(raw.buffer, raw.byteOffset).getFloat32(4, true)).toBe(2);
  });

  test("is the same bytes each time, and others for other weights", () => {
    const again = (state: TensorValue) => Buffer.from(toOnnx(predict, { "dense_1.w": state }));
    expect(again(value).equals(again(value))).toBe(true);
    expect(again(value).equals(again(valueOf("f32", [3, 2], [1, 2, 3, 4, 5, 7])))).toBe(false);
  });
});

describe("forms follow the operator set", () => {
  const form = (graph: Graph, opset: number): readonly unknown[] =>
    nodesOf(graph, opset).map(({ opType, input: inputs, attribute }) => [
      opType,
      inputs?.length,
      attribute?.length,
    ]);

  test("axes of maxima are an attribute before 18 and an input from it on", () => {
    const graph = program({ inputs: { x }, outputs: { y: x.reduceMax({ axes: [1] }) } });
    expect(form(graph, 17)).toEqual([["ReduceMax", 1, 2]]);
    expect(form(graph, 18)).toEqual([["ReduceMax", 2, 1]]);
  });

  test("bits are operators from 18 on and looked up before", () => {
    const a = input("a", "u8", [4]);
    const graph = program({ inputs: { a }, outputs: { y: a.bitwiseXor(3) } });
    expect(operatorsOf(graph, 18)).toEqual(["BitwiseXor"]);
    expect(operatorsOf(graph, 17)).toContain("Gather");
  });

  test("a softmax is one operator in f32, and its parts in i32's company", () => {
    expect(operatorsOf(program({ inputs: { x }, outputs: { y: softmax(x) } }))).toEqual(["Softmax"]);
    const b = input("b", "bf16", [2, 3]);
    expect(operatorsOf(program({ inputs: { b }, outputs: { y: softmax(b) } }))).toContain("Exp");
  });

  test("operands stretch without Expand where one has the full size", () => {
    const column = input("column", "f32", [batch, 1]);
    expect(operatorsOf(program({ inputs: { x, column }, outputs: { y: x.add(column) } }))).toEqual(["Add"]);
    const row = input("row", "f32", [3]);
    expect(operatorsOf(program({ inputs: { column, row }, outputs: { y: add(column, row) } }))).toEqual([
      "Add",
    ]);
    const stretched = row.broadcast([2, 3]);
    expect(operatorsOf(program({ inputs: { row }, outputs: { y: stretched.mul(stretched) } }))).toContain(
      "Expand",
    );
  });

  test("types without a kernel are carried by wider ones", () => {
    const a = input("a", "u16", [4]);
    expect(operatorsOf(program({ inputs: { a }, outputs: { y: a.add(a) } }))).toEqual([
      "Cast",
      "Add",
      "Cast",
    ]);
  });

  test("symbols are read off inputs once", () => {
    const ones = program({
      inputs: { x },
      outputs: { a: filled(1, "f32", [batch]), b: iota("f32", [batch]) },
    });
    expect(operatorsOf(ones).filter((operator) => operator === "Shape")).toHaveLength(1);
  });

  test("a loop's body reads what does not change from around it", () => {
    const { carry } = scan({ carry: [x.reduceSum({ axes: [0] })], length: 3 }, ([c]) => ({
      carry: c === undefined ? [] : [c.mul(x.reduceMax())],
    }));
    const [sum] = carry;
    if (sum === undefined) throw new Error("no carry");
    const nodes = nodesOf(program({ inputs: { x }, outputs: { y: sum } }));
    const loop = nodes.find(({ opType }) => opType === "Loop");
    const body = loop?.attribute?.[0]?.g;
    expect(body?.input).toHaveLength(3);
    const outside = nodes.flatMap(({ output }) => output ?? []);
    expect(body?.node?.some(({ input: read }) => read?.some((name) => outside.includes(name)))).toBe(true);
  });
});

test("each row of the composites that are one operator has its composite", () => {
  expect(Object.keys(compositeRows).filter((name) => !composites.has(name))).toEqual([]);
});

describe("a training step", () => {
  const bytes = toOnnx(train, {});
  const { inputs, outputs, metadata } = inspectOnnx(bytes);

  test("has its registers as pairs of inputs and outputs, named in the metadata", () => {
    expect(inputs.map(({ name }) => name)).toEqual(["x", "dense_1.w"]);
    expect(outputs.map(({ name }) => name)).toEqual(["y", "dense_1.w_next"]);
    expect(registerPairs(metadata)).toEqual([{ input: "dense_1.w", output: "dense_1.w_next" }]);
  });

  test("imported has its registers and updates again, unless they are to stay inputs and outputs", () => {
    const back = fromOnnx(bytes);
    expect(Object.keys(back.inputs)).toEqual(["x"]);
    expect(Object.keys(back.outputs)).toEqual(["y"]);
    expect(back.updates.map((update) => registerOf(update.register).name)).toEqual(["dense_1.w"]);
    const open = fromOnnx(bytes, { registers: false });
    expect([Object.keys(open.inputs), open.updates]).toEqual([["x", "dense_1.w"], []]);
    const bound = fromOnnx(bytes, { constants: { "dense_1.w": value } });
    expect([Object.keys(bound.outputs), bound.updates]).toEqual([["y", "dense_1.w_next"], []]);
  });

  test.each([
    ["[{", /adjoint\.registers" are not readable/],
    ['[{"input":1,"output":"y"}]', /adjoint\.registers" are not readable[^]*input/],
    ['[{"input":"gone","output":"y"}]', /register "gone" → "y", which the model does not have/],
    ['[{"input":"x","output":"y"}]', /register "x" is no tensor of a known shape/],
  ])("with metadata %s is refused", (text, message) => {
    const open = toOnnx(
      predict,
      { "dense_1.w": value },
      {
        metadata: { "adjoint.registers": text },
      },
    );
    expect(() => fromOnnx(open)).toThrow(message);
    expect(() => fromOnnx(open)).toThrow(AdjointError);
  });

  test("gives every register an output of its own, also one that stays or swaps", () => {
    const [a, b] = [register("a", "f32", [2]), register("b", "f32", [2])];
    const swap = program({
      inputs: {},
      outputs: { a: a.add(b) },
      updates: [
        { register: a, next: b },
        { register: b, next: b },
      ],
    });
    const summary = inspectOnnx(toOnnx(swap, {}));
    expect(summary.outputs.map(({ name }) => name)).toEqual(["a_output", "a_next", "b_next"]);
    expect(summary.operators.get("Identity")).toBe(2);
  });

  test("runs in a loop that feeds registers back", async () => {
    const fed: unknown[] = [];
    const session = {
      run: async (feeds: { readonly [name: string]: number }) => {
        fed.push(feeds);
        return { y: 7, "dense_1.w_next": (feeds["dense_1.w"] ?? 0) + 1 };
      },
    };
    const loop = onnxTrainingLoop(session, metadata, { "dense_1.w": 10 });
    expect(await loop.step({ x: 1 })).toEqual({ y: 7 });
    await loop.step({ x: 2 });
    expect(fed).toEqual([
      { x: 1, "dense_1.w": 10 },
      { x: 2, "dense_1.w": 11 },
    ]);
    expect(loop.state()).toEqual({ "dense_1.w": 12 });
  });

  test("refuses a loop without a start, or over a model that trains nothing", () => {
    const session = { run: async () => ({}) };
    expect(() => onnxTrainingLoop(session, metadata, {})).toThrow(
      /no start was given for register "dense_1\.w"/,
    );
    expect(() => onnxTrainingLoop(session, {}, {})).toThrow(/Export a program that has updates/);
  });
});

describe("what can't be exported is refused with the way out", () => {
  test.each<readonly [string, () => unknown, RegExp]>([
    ["a register without a value", () => toOnnx(predict, {}), /"dense_1\.w" has no value.*session\.state/],
    [
      "a register of another type",
      () => toOnnx(predict, { "dense_1.w": valueOf("f32", [2], [1, 2]) }),
      /is f32\[3, 2\] and its value is f32\[2\]/,
    ],
    ["an operator set out of range", () => toOnnx(predict, {}, { opset: 12 }), /operator set 12.*13 to 26/],
    [
      "a size that no input gives",
      () => toOnnx(program({ inputs: { x }, outputs: { y: iota("f32", [dim("other")]) } }), {}),
      /no input's shape gives the size of "other".*specialize/,
    ],
    [
      "bits of floats before opset 26",
      () => toOnnx(program({ inputs: { x }, outputs: { y: x.bitcast("i32") } }), {}),
      /opset 26/,
    ],
    [
      "a scatter of maxima before opset 18",
      () => {
        const places = input("places", "i32", [2, 1]);
        const u = input("u", "f32", [2, 3]);
        const highest = x.scatter(places, u, "max");
        return toOnnx(program({ inputs: { x, places, u }, outputs: { highest } }), {});
      },
      /"max".*opset 18/,
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
