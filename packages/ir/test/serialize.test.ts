import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, type Tensor, cond, constant, input, register, scan } from "@adjoint/ir";
import { isNode, mapGraph } from "@adjoint/ir/graph";
import { AdjointError, dim, dtypeInfo, dtypes, tensorValue, valueOf, zeroValue } from "@adjoint/ir/values";
import { print } from "../src/text/print.ts";
import { deserialize, serialize } from "../src/text/serialize.ts";
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
    expect(() => deserialize(JSON.parse(json))).toThrow(/nodes\[5\]: "softplus": is not a primitive/);
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

test("any graph survives", () => {
  fc.assert(fc.property(graphs, expectRoundTrip), { numRuns: 300 });
});

test("what a pass rewrote survives as well", () => {
  expectRoundTrip(mapGraph(trainingStep(), (node, inputs) => (isNode(node, "neg") ? inputs : undefined)));
});
