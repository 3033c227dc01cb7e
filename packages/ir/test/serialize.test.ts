import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AdjointError,
  type Graph,
  type Tensor,
  constant,
  cond,
  dim,
  dtypeInfo,
  dtypes,
  input,
  isNode,
  mapGraph,
  register,
  scan,
  tensorValue,
  valueOf,
  zeroValue,
} from "../src/index.ts";
import { print } from "../src/print.ts";
import { deserialize, serialize } from "../src/serialize.ts";
import { batch, composites, graphs, note, trainingStep } from "./text-graphs.ts";

const graphOf = (y: Tensor, ...inputs: readonly Tensor[]): Graph => ({
  inputs: Object.fromEntries(inputs.map((tensor, index) => [`x${index}`, tensor])),
  outputs: { y },
  updates: [],
});

/** Through JSON's own text, as a file would hold it. */
const throughJson = (graph: Graph): Graph =>
  deserialize(JSON.parse(JSON.stringify(serialize(graph))), { composites });

function expectRoundTrip(graph: Graph): void {
  const back = throughJson(graph);
  const options = { constants: "full", scopes: true } as const;
  expect(print(back, options)).toBe(print(graph, options));
  expect(serialize(back)).toEqual(serialize(graph));
}

describe("serialize", () => {
  test("a flat list of nodes", () => {
    const x = input("x", "f32", [batch, 2]);
    const w = register("w", "f32", [2], { initial: { kind: "uniform", low: -1, high: 1 } });
    const graph = {
      inputs: { x },
      outputs: { y: x.add(w) },
      updates: [{ register: w, next: w.neg() }],
    };
    expect(serialize(graph)).toMatchInlineSnapshot(`
      {
        "format": "adjoint-graph",
        "inputs": [
          {
            "name": "x",
            "value": [
              0,
              0,
            ],
          },
        ],
        "nodes": [
          {
            "attributes": {
              "dtype": "f32",
              "name": "x",
              "shape": [
                {
                  "dim": "batch",
                },
                2,
              ],
            },
            "inputs": [],
            "operation": "input",
            "types": [
              {
                "dtype": "f32",
                "shape": [
                  "batch",
                  2,
                ],
              },
            ],
          },
          {
            "attributes": {
              "dtype": "f32",
              "initial": {
                "high": 1,
                "kind": "uniform",
                "low": -1,
              },
              "name": "w",
              "shape": [
                2,
              ],
              "trainable": true,
            },
            "inputs": [],
            "operation": "register",
            "types": [
              {
                "dtype": "f32",
                "shape": [
                  2,
                ],
              },
            ],
          },
          {
            "attributes": {
              "shape": [
                {
                  "dim": "batch",
                },
                2,
              ],
            },
            "inputs": [
              [
                1,
                0,
              ],
            ],
            "operation": "broadcast",
            "types": [
              {
                "dtype": "f32",
                "shape": [
                  "batch",
                  2,
                ],
              },
            ],
          },
          {
            "attributes": {},
            "inputs": [
              [
                0,
                0,
              ],
              [
                2,
                0,
              ],
            ],
            "operation": "add",
            "types": [
              {
                "dtype": "f32",
                "shape": [
                  "batch",
                  2,
                ],
              },
            ],
          },
          {
            "attributes": {},
            "inputs": [
              [
                1,
                0,
              ],
            ],
            "operation": "neg",
            "types": [
              {
                "dtype": "f32",
                "shape": [
                  2,
                ],
              },
            ],
          },
        ],
        "outputs": [
          {
            "name": "y",
            "value": [
              3,
              0,
            ],
          },
        ],
        "updates": [
          {
            "next": [
              4,
              0,
            ],
            "register": [
              1,
              0,
            ],
          },
        ],
        "version": 1,
      }
    `);
    expectRoundTrip(graph);
  });

  test("a training step keeps scopes and does not hold bodies of composites", () => {
    const json = JSON.stringify(serialize(trainingStep()));
    expect(json).toContain(`"scope":"dense_1"`);
    expect(json).not.toContain("log1p");
    expectRoundTrip(trainingStep());
    expect(() => deserialize(JSON.parse(json))).toThrow(/nodes\[5\]: "softplus": is no primitive/);
  });

  test("bodies nest", () => {
    const x = input("x", "f32", [2]);
    const loop = scan({ carry: [x], length: 3 }, ([carry = x]) => ({
      carry: cond(
        carry.reduceSum().less(0),
        () => [carry],
        () => [carry.neg()],
      ),
    }));
    const [y = x] = loop.carry;
    expectRoundTrip(graphOf(y, x));
    expect(serialize(graphOf(y, x)).nodes.at(-1)?.graphs?.[0]?.nodes.at(-1)?.graphs).toHaveLength(2);
  });

  test("names: two keys of one input, odd ones, unused inputs, registers that are only updated", () => {
    const x = input("an input", "f32", [2]);
    const counter = register("counter", "i32", []);
    expectRoundTrip({
      inputs: { x, again: x, "": input("unused", "bool", []) },
      outputs: { "0": x, constructor: x, ...Object.fromEntries([["__proto__", x]]) },
      updates: [{ register: counter, next: constant(1, "i32") }],
    });
    expect(Object.keys(throughJson(graphOf(x, x)).inputs)).toEqual(["x0"]);
  });

  test("what JSON can't say is refused", () => {
    const x = input("x", "f32", [2]);
    expect(() => serialize(graphOf(note(x, { f: Math.sin }), x))).toThrow(
      /noted\.f: is a value of type function/,
    );
    expect(() => serialize(graphOf(note(x, JSON.parse('{"__proto__": 1}')), x))).toThrow(/"__proto__"/);
    expect(() => serialize(graphOf(note(x, { s: Symbol("s") }), x))).toThrow(AdjointError);
  });
});

describe("attributes", () => {
  test.each<[string, unknown]>([
    ["numbers", [0, -0, 1.5, 5e-324, 1e300, Number.NaN, Infinity, -Infinity]],
    ["bigints", [0n, -(2n ** 63n), 2n ** 64n]],
    ["strings", ["", "é 漢 🙂", "\ud800", "NaN"]],
    ["plain", [true, false, null]],
    ["nested", { list: [[], [{}]], "odd key": { a: { b: 1 } } }],
    [
      "records that look like tags",
      [{ bigint: "1" }, { number: { number: 1 } }, { tensor: 1 }, { record: { record: 2 } }],
    ],
    [
      "tensors",
      [valueOf("f32", [2], [-0, Number.NaN]), valueOf("i64", [], [2n ** 63n - 1n]), zeroValue("u8", [0])],
    ],
  ])("%s", (name, value) => {
    const x = input("x", "f32", [2]);
    const graph = graphOf(note(x, { [name]: value }), x);
    expect(throughJson(graph).outputs["y"]?.node.attributes).toStrictEqual({ [name]: value });
    expectRoundTrip(graph);
  });

  test("a record of one key that is a tag's name", () => {
    const x = input("x", "f32", [2]);
    expect(throughJson(graphOf(note(x, { bigint: 1 }), x)).outputs["y"]?.node.attributes).toEqual({
      bigint: 1,
    });
  });

  test("symbolic sizes say that they are; strings will do where the schema wants a size", () => {
    const x = input("x", "f32", [batch, dim("width")]);
    const graph = graphOf(x.pad({ low: [1, 0], high: [0, 2] }).reshape([-1]), x);
    const size = "batch*width + 2*batch + width + 2";
    const json = serialize(graph);
    expect(json.nodes.at(-1)).toMatchObject({
      attributes: { shape: [{ dim: size }] },
      types: [{ shape: [size] }],
    });
    expectRoundTrip(graph);
    const plain = JSON.parse(JSON.stringify(json).replaceAll(/\{"dim":("[^"]*")\}/g, "$1"));
    expect(print(deserialize(plain))).toBe(print(graph));
  });
});

describe("elements", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

  test.each(dtypes)("%s keeps its bits, payloads of NaNs among them", (dtype) => {
    fc.assert(
      fc.property(bytes, fc.boolean(), (raw, asInitial) => {
        const { array, bytes: width } = dtypeInfo[dtype];
        const value = tensorValue(
          dtype,
          [32 / width],
          new array(raw.map((byte) => (dtype === "bool" ? byte % 2 : byte)).buffer),
        );
        const made = asInitial
          ? register("w", dtype, value.shape, { initial: { kind: "data", value } })
          : constant(value);
        const node = throughJson(graphOf(made)).outputs["y"]?.node;
        if (node === undefined) throw new Error("no output");
        const initial =
          isNode(node, "register") &&
          node.attributes.initial.kind === "data" &&
          node.attributes.initial.value;
        const back = isNode(node, "constant") ? node.attributes.value : initial;
        expect(back && new Uint8Array(back.data.buffer)).toEqual(new Uint8Array(value.data.buffer));
      }),
    );
  });

  test("more than one chunk of base64", () => {
    const data = Float64Array.from({ length: 20_001 }, (_, index) => Math.sin(index));
    const graph = graphOf(constant(tensorValue("f64", [20_001], data)));
    const node = throughJson(graph).outputs["y"]?.node;
    expect(node !== undefined && isNode(node, "constant") && node.attributes.value.data).toEqual(data);
  });

  test("a view of a larger buffer", () => {
    const data = Float32Array.from([1, 2, 3, 4]).subarray(1, 3);
    const node = throughJson(graphOf(constant(tensorValue("f32", [2], data)))).outputs["y"]?.node;
    expect(node !== undefined && isNode(node, "constant") && node.attributes.value.data).toEqual(data);
  });
});

/** `y = x + 1`, to be spoiled. */
const valid = (): { [key: string]: unknown } => {
  const x = input("x", "f32", [2]);
  return JSON.parse(JSON.stringify(serialize(graphOf(x.add(constant([1, 1])).reduceSum(), x))));
};

/** The document with the value at a path replaced (or taken out). */
function spoiled(path: readonly (string | number)[], value: unknown): unknown {
  const document = valid();
  let place: unknown = document;
  for (const key of path.slice(0, -1)) place = Reflect.get(Object(place), key);
  const last = path.at(-1) ?? "";
  if (value === undefined) Reflect.deleteProperty(Object(place), last);
  else
    Object.defineProperty(Object(place), last, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return document;
}

describe("deserialize", () => {
  test.each<[readonly (string | number)[], unknown, RegExp]>([
    [["format"], "onnx", /format: expected an object with format "adjoint-graph"/],
    [["version"], 2, /version: this release reads version 1 and found 2/],
    [["version"], "1", /found string/],
    [["version"], undefined, /found undefined/],
    [["extra"], 1, /graph: .*extra/],
    [["__proto__"], { polluted: true }, /graph: .*__proto__/],
    [["nodes"], {}, /nodes: .*array/],
    [["nodes", 0], null, /nodes\[0\]: .*object/],
    [["nodes", 0, "operation"], "gelu", /nodes\[0\]: "gelu": is no primitive/],
    [["nodes", 0, "operation"], "__proto__", /"__proto__": is no primitive/],
    [["nodes", 0, "operation"], "toString", /"toString": is no primitive/],
    [["nodes", 0, "operation"], 1, /nodes\[0\]\.operation: .*string/],
    [["nodes", 0, "attributes"], undefined, /nodes\[0\]/],
    [["nodes", 0, "attributes"], [], /nodes\[0\]\.attributes: .*no record/],
    [["nodes", 0, "attributes", "dtype"], "f33", /nodes\[0\]: input: its attributes don't fit: dtype/],
    [["nodes", 0, "attributes", "shape"], ["2 +"], /input: its attributes don't fit: shape/],
    [["nodes", 0, "attributes", "extra"], 1, /extra/],
    [["nodes", 0, "attributes", "__proto__"], {}, /nodes\[0\]\.attributes: .*"__proto__" is reserved/],
    [["nodes", 0, "types", 0, "dtype"], "i32", /nodes\[0\]: input: is declared i32\[2\] and gives f32\[2\]/],
    [["nodes", 0, "types", 0, "shape"], [-1], /nodes\[0\]\.types\[0\]\.shape\[0\]/],
    [["nodes", 0, "types", 0, "shape"], ["2*"], /nodes\[0\]\.types\[0\]: .*"2\*" is not a size/],
    [["nodes", 0, "types"], [], /is declared nothing and gives f32\[2\]/],
    [["nodes", 0, "scope"], 1, /nodes\[0\]\.scope/],
    [["nodes", 0, "graphs"], [{ nodes: [], inputs: [], outputs: [], updates: [] }], /input: takes no bodies/],
    [["nodes", 0, "graphs"], [{}], /nodes\[0\]\.graphs\[0\]\.nodes: /],
    [["nodes", 1, "attributes", "value"], {}, /constant: its attributes don't fit: value/],
    [
      ["nodes", 1, "attributes", "value"],
      { dtype: "f32", shape: [2], data: [1, 1] },
      /nodes\[1\].*a record stands where a tensor value is wanted/,
    ],
    [
      ["nodes", 1, "attributes", "value"],
      { tensor: { dtype: "f32", shape: [2] } },
      /a tensor is \{ dtype, shape, data \}/,
    ],
    [
      ["nodes", 1, "attributes", "value", "tensor", "data"],
      "AAAA",
      /nodes\[1\]\.attributes: .*needs 12 characters/,
    ],
    [["nodes", 1, "attributes", "value", "tensor", "data"], "AAAAAAAAAAA\n", /not base64/],
    [["nodes", 1, "attributes", "value", "tensor", "shape"], [2 ** 50], /needs \d+ characters/],
    [["nodes", 1, "attributes", "value", "tensor", "dtype"], "u8", /needs 4 characters/],
    [["nodes", 1, "attributes", "value"], { bigint: "1.5" }, /a bigint is a string/],
    [
      ["nodes", 0, "attributes", "shape"],
      [{ dim: "" }],
      /nodes\[0\]\.attributes: .*a symbolic size is a string/,
    ],
    [["nodes", 0, "attributes", "shape"], [{ dim: "2*" }], /"2\*" is not a size/],
    [["nodes", 1, "attributes", "value"], { number: "one" }, /a number in words/],
    [["nodes", 2, "inputs", 0], [2, 0], /nodes\[2\]\.inputs\[0\]: node 2 is not before it/],
    [["nodes", 2, "inputs", 0], [9, 0], /node 9 is not before it/],
    [["nodes", 2, "inputs", 0], [0, 1], /node 0 has no output 1/],
    [["nodes", 2, "inputs", 0], [-1, 0], /nodes\[2\]\.inputs\[0\]\[0\]/],
    [["nodes", 2, "inputs", 0], [0], /nodes\[2\]\.inputs\[0\]/],
    [["nodes", 2, "inputs"], [[0, 0]], /add: takes 2 operands and got 1/],
    [["nodes", 3, "attributes", "axes"], ["0"], /nodes\[3\]: reduceSum: its attributes don't fit: axes\.0/],
    [["inputs", 0, "value"], [1, 0], /inputs: "x0" is constant, no input/],
    [["outputs", 0, "value"], [4, 0], /outputs\[0\]\.value: node 4 is not before it/],
    [["outputs", 1], { name: "y", value: [0, 0] }, /outputs\[1\]: "y" names two of them/],
    [["updates", 0], { register: [0, 0], next: [0, 0] }, /updates\[0\]: .*is not a register/],
  ])("%j = %j", (path, value, message) => {
    const document = spoiled(path, value);
    expect(() => deserialize(document)).toThrow(AdjointError);
    expect(() => deserialize(document)).toThrow(message);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test.each([undefined, null, 1, "graph", [], {}, () => 1])("%s is no graph", (json) => {
    expect(() => deserialize(json)).toThrow(/format: expected an object/);
  });

  test("nesting has a limit, in attributes and bodies", () => {
    const nested = (depth: number, wrap: (inner: unknown) => unknown, inner: unknown): unknown =>
      depth === 0 ? inner : nested(depth - 1, wrap, wrap(inner));
    const lists = nested(5000, (inner) => [inner], 1);
    expect(() => deserialize(spoiled(["nodes", 0, "attributes", "shape"], lists))).toThrow(
      /nested more than 64 deep/,
    );
    const body = (inner: readonly unknown[]): unknown => ({
      nodes: [{ operation: "if", attributes: {}, inputs: [], types: [], graphs: inner }],
      inputs: [],
      outputs: [],
      updates: [],
    });
    const bodies = nested(5000, (inner) => body([inner]), body([]));
    expect(() => deserialize(spoiled(["nodes", 0, "graphs"], [bodies]))).toThrow(
      /graphs are nested more than 64 deep/,
    );
  });

  test("documents with values replaced: read, or refused by an AdjointError", () => {
    const values = [
      null,
      true,
      0,
      -1,
      1.5,
      1e300,
      "",
      "x",
      "batch*batch",
      [],
      [0, 0],
      {},
      { data: 1 },
      { bigint: "1" },
    ];
    const paths = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, item]) => [[...path, key], ...paths(item, [...path, key])])
        : [];
    fc.assert(
      fc.property(
        graphs,
        fc.nat(),
        fc.constantFrom(...values),
        fc.boolean(),
        (graph, choice, value, drop) => {
          const document: unknown = JSON.parse(JSON.stringify(serialize(graph)));
          const all = paths(document);
          const path = all[choice % all.length] ?? [];
          let place: unknown = document;
          for (const key of path.slice(0, -1)) place = Reflect.get(Object(place), key);
          if (drop) Reflect.deleteProperty(Object(place), path.at(-1) ?? "");
          else Reflect.set(Object(place), path.at(-1) ?? "", value);
          try {
            print(deserialize(document, { composites }));
          } catch (error) {
            if (!(error instanceof AdjointError)) throw error;
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("any graph survives", () => {
  fc.assert(fc.property(graphs, expectRoundTrip), { numRuns: 300 });
});

test("what a pass rewrote survives as well", () => {
  expectRoundTrip(mapGraph(trainingStep(), (node, inputs) => (isNode(node, "neg") ? inputs : undefined)));
});
