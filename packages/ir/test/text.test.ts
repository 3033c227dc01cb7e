import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, type Tensor, cond, constant, input, program, register, scan } from "@adjoint/ir";
import { isNode } from "@adjoint/ir/graph";
import {
  type DType,
  dim,
  dtypeInfo,
  dtypes,
  elementReader,
  elementWriter,
  tensorValue,
  valueOf,
  zeroValue,
} from "@adjoint/ir/values";
import { parse } from "../src/text/parse.ts";
import { print } from "../src/text/print.ts";
import { batch, composites, graphs, note, trainingStep } from "./text-graphs.ts";

const output = (graph: Graph, name = "y"): Tensor => {
  const tensor = graph.outputs[name];
  if (tensor === undefined) throw new Error(`no output ${name}`);
  return tensor;
};

const graphOf = (y: Tensor, ...inputs: readonly Tensor[]): Graph => ({
  inputs: Object.fromEntries(inputs.map((tensor, index) => [`x${index}`, tensor])),
  outputs: { y },
  updates: [],
});

/** Text that must survive reading and printing. */
function expectRoundTrip(graph: Graph): void {
  const text = print(graph, { constants: "full" });
  expect(print(parse(text, { composites }), { constants: "full" })).toBe(text);
}

describe("print", () => {
  test("a training step: named registers, types that say shape and dtype, an update", () => {
    expect(print(trainingStep())).toMatchInlineSnapshot(`
      "graph(%images: f32[batch, 28, 28], %labels: i32[batch]) {
        %0 = reshape(%images) : f32[batch, 784]
        %dense_1.weight = register {initial: {kind: "normal", mean: 0, standardDeviation: 0.035}, name: "dense_1.weight", trainable: true} : f32[784, 10]
        %1 = dotGeneral(%0, %dense_1.weight) {leftBatch: [], leftContract: [1], rightBatch: [], rightContract: [0]} : f32[batch, 10]
        %2 = softplus(%1) : f32[batch, 10]
        %3 = reshape(%labels) : i32[batch, 1]
        %4 = broadcast(%3) : i32[batch, 10]
        %5 = iota {axis: 1} : i32[batch, 10]
        %6 = equal(%4, %5) : bool[batch, 10]
        %7 = cast(%6) : f32[batch, 10]
        %8 = mul(%2, %7) : f32[batch, 10]
        %9 = reduceSum(%8) {axes: [0, 1]} : f32[]
        %10 = neg(%9) : f32[]
        %11 = constant {value: f32[](0.1)} : f32[]
        %12 = mul(%10, %11) : f32[]
        %13 = broadcast(%12) : f32[784, 10]
        %14 = sub(%dense_1.weight, %13) : f32[784, 10]
        return loss: %10
        update %dense_1.weight: %14
      }"
    `);
    expectRoundTrip(trainingStep());
  });

  test("scopes are comments", () => {
    const text = print(trainingStep(), { scopes: true });
    expect(text).toContain(": f32[batch, 10] # dense_1\n");
    expect(print(parse(text, { composites }))).toBe(print(trainingStep()));
  });

  test("bodies, several outputs, constants", () => {
    const x = input("x", "f32", [5, 4]);
    const loop = scan({ carry: [constant([0, 0.1, -0, Number.NaN])], sequences: [x] }, ([carry], [slice]) => {
      if (carry === undefined || slice === undefined) throw new Error("one of each");
      const next = carry.add(slice);
      return { carry: [next], outputs: [next.mul(x.reduceSum())] };
    });
    const [last, stacked] = [loop.carry[0] ?? x, loop.outputs[0] ?? x];
    const [chosen = last] = cond(
      last.reduceSum().less(0),
      () => [last],
      () => [last.neg()],
    );
    const graph = { inputs: { x }, outputs: { chosen, stacked }, updates: [] };
    expect(print(graph)).toMatchInlineSnapshot(`
      "graph(%x: f32[5, 4]) {
        %0 = constant {value: f32[4](0, 0.1, -0, NaN)} : f32[4]
        %1 = reduceSum(%x) {axes: [0, 1]} : f32[]
        %2 = broadcast(%1) : f32[4]
        %3, %4 = scan(%0, %x, %2) {carries: 1, length: 5, reverse: false, sequences: 1} (%carry_0: f32[4], %slice_0: f32[4], %captured_0: f32[4]) {
          %0 = add(%carry_0, %slice_0) : f32[4]
          %1 = mul(%0, %captured_0) : f32[4]
          return %0, %1
        } : f32[4], f32[5, 4]
        %5 = reduceSum(%3) {axes: [0]} : f32[]
        %6 = constant {value: f32[](0)} : f32[]
        %7 = less(%5, %6) : bool[]
        %8 = if(%7, %3) (%captured_0: f32[4]) {
          return %captured_0
        } (%captured_0: f32[4]) {
          %0 = neg(%captured_0) : f32[4]
          return %0
        } : f32[4]
        return chosen: %8, stacked: %4
      }"
    `);
    expectRoundTrip(graph);
  });

  test("names: feeds and inputs, two keys of one input, unused inputs, odd and equal names, outputs by position", () => {
    const image = input("an image", "f32", [2]);
    const mask = input("mask", "bool", [2]);
    const unused = input("unused", "i64", [batch, dim("NaN")]);
    const w = register("w", "f32", [2]);
    const again = register("w", "f32", [2]);
    const slash = register("encoder/dense-1.bias", "f32", [2]);
    const graph: Graph = {
      inputs: { pixels: image, mask, again: mask, unused },
      outputs: { "0": w.add(again), "1": mask, update: image, "two words": image.add(slash) },
      updates: [],
    };
    expect(print(graph)).toMatchInlineSnapshot(`
      "graph(%0 {key: "pixels", name: "an image"}: f32[2], %mask: bool[2], %mask {key: "again"}, %unused: i64[batch, NaN]) {
        %w = register {initial: {kind: "constant", value: 0}, name: "w", trainable: true} : f32[2]
        %1 = register {initial: {kind: "constant", value: 0}, name: "w", trainable: true} : f32[2]
        %2 = add(%w, %1) : f32[2]
        %encoder/dense-1.bias = register {initial: {kind: "constant", value: 0}, name: "encoder/dense-1.bias", trainable: true} : f32[2]
        %3 = add(%0, %encoder/dense-1.bias) : f32[2]
        return %2, %mask, "update": %0, "two words": %3
      }"
    `);
    expectRoundTrip(graph);
    const back = parse(print(graph));
    expect(Object.keys(back.inputs)).toEqual(["pixels", "mask", "again", "unused"]);
    expect(back.inputs["again"]).toBe(back.inputs["mask"]);
  });

  test("a register that is updated and not read, and an input that is no parameter", () => {
    const counter = register("counter", "i32", []);
    const free = input("free", "f32", [2]);
    const graph: Graph = {
      inputs: {},
      outputs: { free },
      updates: [{ register: counter, next: constant(1, "i32") }],
    };
    expect(print(graph)).toMatchInlineSnapshot(`
      "graph() {
        %free = input {name: "free"} : f32[2]
        %0 = constant {value: i32[](1)} : i32[]
        %counter = register {initial: {kind: "constant", value: 0}, name: "counter", trainable: false} : i32[]
        return free: %free
        update %counter: %0
      }"
    `);
    expectRoundTrip(graph);
  });

  test("an empty graph", () => {
    const graph = program({ inputs: {}, outputs: {} });
    expect(print(graph)).toMatchInlineSnapshot(`
      "graph() {
        return
      }"
    `);
    expectRoundTrip(graph);
  });

  test("large constants: left out, or base64", () => {
    const graph = graphOf(constant(valueOf("u8", [17], [...Array(17).keys()])));
    expect(print(graph)).toMatchInlineSnapshot(`
      "graph() {
        %0 = constant {value: u8[17](...)} : u8[17]
        return y: %0
      }"
    `);
    expect(print(graph, { constants: "full" })).toMatchInlineSnapshot(`
      "graph() {
        %0 = constant {value: u8[17](base64 "AAECAwQFBgcICQoLDA0ODxA=")} : u8[17]
        return y: %0
      }"
    `);
    expect(() => parse(print(graph))).toThrow(/line 2.*u8\[17\] were left out.*constants: "full"/);
    expectRoundTrip(graph);
  });

  test("the same graph gives the same text however its attributes were ordered", () => {
    const x = input("x", "f32", [2]);
    expect(print(graphOf(note(x, { a: 1, b: { c: 2, d: undefined, e: 3 } }), x))).toBe(
      print(graphOf(note(x, { b: { e: 3, c: 2 }, a: 1 }), x)),
    );
  });

  test("what text can't say is refused", () => {
    const x = input("x", "f32", [2]);
    const refused = (attributes: { readonly [key: string]: unknown }): (() => string) => {
      return () => print(graphOf(note(x, attributes), x));
    };
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(refused({ f: Math.sin })).toThrow(/attributes of noted\.f: is a value of type function/);
    expect(refused({ list: [new Map()] })).toThrow(/noted\.list\[0\]: is an instance of a class/);
    expect(refused({ cycle })).toThrow(/nested more than 64 deep/);
    expect(refused(JSON.parse('{"__proto__": 1}'))).toThrow(/"__proto__" is reserved/);
    expect(() => print({ inputs: { x: x.neg() }, outputs: {}, updates: [] })).toThrow(/input "x": is neg/);
  });
});

describe("attributes", () => {
  const forms: { readonly [name: string]: unknown } = {
    numbers: [0, -0, 1, -1.5, 1e300, 5e-324, 1e21, 0.1 + 0.2, Number.NaN, Infinity, -Infinity],
    bigints: [0n, -1n, 2n ** 64n],
    strings: ["", "plain", `"quoted"\\`, "line\nend", "é 漢 🙂", "\ud800", "\u2028", "# no comment", "batch"],
    plain: [true, false, null],
    nested: { list: [[], [[1]], { a: {} }], "odd key": 1, "": 2, update: 3, constructor: 4 },
    dims: [batch, dim("a").text === "a" ? dim("f32") : 0, dim("NaN"), dim("true"), dim("a.b_c")],
    sums: [dimOf("2*batch*batch - 3*height + 1"), dimOf("-1*batch"), dimOf("-2*NaN + 5")],
    tensors: [
      valueOf("f32", [2, 2], [1, -0, Number.NaN, 0.1]),
      valueOf("i64", [], [2n ** 63n - 1n]),
      zeroValue("u8", [2, 0]),
    ],
    absent: undefined,
  };

  function dimOf(text: string): unknown {
    return parse(`graph(%x: f32[${text}]) { return %x }`).outputs["0"]?.shape[0];
  }

  test.each(Object.keys(forms))("%s", (name) => {
    const x = input("x", "f32", [2]);
    const graph = graphOf(note(x, { [name]: forms[name] }), x);
    expectRoundTrip(graph);
    const back = parse(print(graph), { composites });
    const expected = forms[name] === undefined ? {} : { [name]: forms[name] };
    expect(output(back).node.attributes).toStrictEqual(expected);
  });

  test("initial values", () => {
    const initials = [
      { kind: "constant", value: -0 },
      { kind: "data", value: valueOf("f32", [2], [0.1, Number.NaN]) },
      { kind: "uniform", low: -1e-7, high: 1 / 3 },
      { kind: "orthogonal", gain: 1 },
    ] as const;
    for (const initial of initials) {
      const w = register("w", "f32", [2], { initial, trainable: false });
      const back = parse(print(graphOf(w)));
      const { node } = output(back);
      expect(isNode(node, "register") && node.attributes.initial).toStrictEqual(initial);
      expectRoundTrip(graphOf(w));
    }
  });

  test("read by the operation's schema, which fills nothing in and lets nothing pass", () => {
    const text = (attributes: string): string =>
      `graph(%x: f32[2, 3]) {\n  %0 = reduceSum(%x) ${attributes} : f32[2]\n  return y: %0\n}`;
    expect(output(parse(text("{axes: [1]}"))).node.attributes).toEqual({ axes: [1] });
    expect(() => parse(text(""))).toThrow(/line 2, column 8: reduceSum: its attributes don't fit: axes/);
    expect(() => parse(text("{axes: [1.5]}"))).toThrow(/axes\.0/);
    expect(() => parse(text("{axes: [1], keepDims: true}"))).toThrow(/keepDims/);
    expect(() => parse(text("{axes: [2]}"))).toThrow(/reduceSum: axis 2 of a tensor of rank 2/);
  });
});

describe("elements", () => {
  /** Sixteen bytes as two elements of 8, four of 4, … of each type. */
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

  test.each(dtypes.filter((dtype) => dtype !== "bool"))(
    "%s: any bits, written as numbers",
    (dtype: DType) => {
      fc.assert(
        fc.property(bytes, (raw) => {
          const { array, bytes: width } = dtypeInfo[dtype];
          const value = tensorValue(dtype, [16 / width], new array(raw.slice().buffer));
          const { node } = output(parse(print(graphOf(constant(value)))));
          const read = elementReader(value);
          const back = isNode(node, "constant") ? elementReader(node.attributes.value) : read;
          for (let index = 0; index < value.data.length; index++) expect(back(index)).toBe(read(index));
        }),
      );
    },
  );

  test.each(dtypes)("%s: base64 keeps the bits", (dtype: DType) => {
    const value = zeroValue(dtype, [5, 7]);
    const write = elementWriter(value);
    for (let index = 0; index < 35; index++) write(index, dtypeInfo[dtype].big ? BigInt(index) : index % 2);
    const { node } = output(parse(print(graphOf(constant(value)), { constants: "full" })));
    expect(isNode(node, "constant") && node.attributes.value).toStrictEqual(value);
  });

  test("floats are as short as their type allows", () => {
    const text = (dtype: DType): string | undefined =>
      /\((.*)\)} /.exec(print(graphOf(constant([0.1, 1 / 3, 1e-7, 65504], dtype))))?.[1];
    expect(text("f64")).toBe("0.1, 0.3333333333333333, 1e-7, 65504");
    expect(text("f32")).toBe("0.1, 0.33333334, 1e-7, 65504");
    expect(text("f16")).toBe("0.1, 0.3333, 1e-7, 65500");
    expect(text("bf16")).toBe("0.1, 0.334, 1e-7, 65500");
  });

  test.each([
    ["i8[1](128)", /128 is not i8/],
    ["u8[1](-1)", /-1 is not u8/],
    ["i32[1](1.5)", /1\.5 is not i32/],
    ["i64[1](9223372036854775808)", /9223372036854775808 is not i64/],
    ["i64[1](NaN)", /NaN is not i64/],
    ["f32[1](1e39)", /1e39 is not f32/],
    ["f64[1](1e999)", /1e999 is not f64/],
    ["f32[1](true)", /true is not f32/],
    ["f32[1](1n)", /1n is not f32/],
    ["bool[1](1)", /1 is not bool/],
    ["f32[2](1)", /f32\[2\] has 2 elements and 1 are given/],
    ["f32[4294967296, 4294967296]()", /elements and 0 are given/],
    ["f32[batch]()", /sizes must be numbers/],
    ["f32[9007199254740992]()", /not a whole number/],
    [`f32[2](base64 "AAAA")`, /needs 12 characters of base64 \(8 bytes\) and has 4/],
    [`f32[1](base64 "AAAAA!==")`, /not base64/],
    [`f32[1](base64 "AAAAAA=A")`, /not base64/],
    [`bool[3](base64 "AAEC")`, /neither 0 nor 1/],
    [`f32[99999999999999](base64 "")`, /needs \d+ characters/],
  ])("%s is refused", (value, message) => {
    expect(() => parse(`graph() {\n  %0 = constant {value: ${value}} : f32[1]\n  return %0\n}`)).toThrow(
      message,
    );
  });
});

test("any graph survives print and parse", () => {
  fc.assert(fc.property(graphs, expectRoundTrip), { numRuns: 300 });
});

test("a graph deeper than the call stack", () => {
  const x = input("x", "f32", []);
  let y = x;
  for (let step = 0; step < 20_000; step++) y = y.neg();
  expectRoundTrip(graphOf(y, x));
});
