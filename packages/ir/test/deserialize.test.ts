import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AdjointError, type Graph, type Tensor, constant, input } from "@adjoint/ir";
import { print } from "../src/text/print.ts";
import { deserialize, serialize } from "../src/text/serialize.ts";
import { composites, graphs } from "./text-graphs.ts";

const graphOf = (y: Tensor, ...inputs: readonly Tensor[]): Graph => ({
  inputs: Object.fromEntries(inputs.map((tensor, index) => [`x${index}`, tensor])),
  outputs: { y },
  updates: [],
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
    [["nodes", 0, "operation"], "gelu", /nodes\[0\]: "gelu": is not a primitive/],
    [["nodes", 0, "operation"], "__proto__", /"__proto__": is not a primitive/],
    [["nodes", 0, "operation"], "toString", /"toString": is not a primitive/],
    [["nodes", 0, "operation"], 1, /nodes\[0\]\.operation: .*string/],
    [["nodes", 0, "attributes"], undefined, /nodes\[0\]/],
    [["nodes", 0, "attributes"], [], /nodes\[0\]\.attributes: .*not a record/],
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

  test("documents with values replaced: read, or refused by an AdjointError", { timeout: 60_000 }, () => {
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
