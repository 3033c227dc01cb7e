import { describe, expect, test } from "vitest";
import {
  AdjointError,
  type CompositeFunction,
  type Tensor,
  evaluate,
  gradients,
  huber,
  input,
  parse,
  prelu,
  print,
  program,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import { nodesOf } from "@adjoint/ir/graph";
import { defineComposite } from "../src/composite.ts";
import { number, strictObject } from "@adjoint/ir/schema";

let checks = 0;

/** Two outputs, an operand that may be left out, and an attribute: scale·x + shift and |x|. */
const scaled: CompositeFunction<
  [x: Tensor, shift?: Tensor, options?: { readonly scale?: number }],
  { readonly y: Tensor; readonly size: Tensor }
> = defineComposite({
  name: "scaled",
  arity: [1, 2],
  attributes: strictObject({ scale: number() }),
  call: (x, shift, { scale = 3 } = {}) => [[x, shift], { scale }],
  result: ([y, size]) => {
    if (y === undefined || size === undefined) throw new Error("scaled has two outputs");
    return { y, size };
  },
  check: () => void checks++,
  build: ([x, shift], { scale }) => [shift === undefined ? x.mul(scale) : x.mul(scale).add(shift), x.abs()],
});
const composites = new Map([["scaled", scaled.operation]]);

const half: CompositeFunction<[x: Tensor]> = defineComposite({
  name: "half",
  arity: 1,
  call: (x) => [[x], {}],
  build: ([x]) => x.mul(0.5),
});

const x = input("x", "f64", [2]);
const refusalOf = (build: () => unknown): AdjointError => {
  try {
    build();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("a defined composite", () => {
  test("has several outputs, operands that may be left out, and defaults; its gradient is that of its body", () => {
    const shift = input("shift", "f64", [2]);
    const [plain, both] = [scaled(x), scaled(x, shift, { scale: -1 })];
    expect(plain.y.node.inputs).toEqual([x]);
    expect(plain.y.node.attributes).toEqual({ scale: 3 });
    const [byX] = gradients(plain.y.add(both.size).reduceSum(), [x]);
    const graph = program({
      inputs: { x, shift },
      outputs: { plain: plain.y, size: plain.size, both: both.y, byX: byX ?? x },
    });
    const feeds = { x: valueOf("f64", [2], [-2, 5]), shift: valueOf("f64", [2], [10, 20]) };
    const { outputs } = evaluate(graph, feeds);
    expect(Object.entries(outputs).map(([name, value]) => [name, toNumbers(value)])).toEqual([
      ["plain", [-6, 15]],
      ["size", [2, 5]],
      ["both", [12, 15]],
      ["byX", [2, 4]],
    ]);
  });

  test("is read from text by the operation that its function carries", () => {
    const text = print(program({ inputs: { x }, outputs: { y: scaled(x, undefined, { scale: 2 }).y } }));
    expect(text).toContain("scaled");
    expect(print(parse(text, { composites }))).toBe(text);
  });

  test("checks its operands once a node, those from text too", () => {
    checks = 0;
    const text = print(program({ inputs: { x }, outputs: { y: scaled(x).y } }));
    expect(checks).toBe(1);
    parse(text, { composites });
    expect(checks).toBe(2);
  });

  test("refuses integers by their names if it has no check of its own, those from text too", () => {
    expect(refusalOf(() => half(input("count", "i32", [2]))).message).toMatch(/half: .*"count"/);
    const text = print(program({ inputs: { count: x }, outputs: { y: half(x) } }));
    const integers = text.replaceAll("f64", "i32");
    expect(
      refusalOf(() => parse(integers, { composites: new Map([["half", half.operation]]) })).message,
    ).toMatch(/half: takes float tensors and got input "x"/);
  });

  test("refuses another number of operands and attributes that its schema refuses", () => {
    const missing = undefined as unknown as Tensor;
    expect(refusalOf(() => prelu(x, missing)).message).toContain("prelu: takes 2 operands and got 1");
    expect(refusalOf(() => scaled(missing)).message).toContain("scaled: takes 1 to 2 operands and got 0");
    const refusal = refusalOf(() => huber(x, x, { delta: -1 }));
    expect([refusal.code, refusal.message]).toEqual([
      "attribute",
      expect.stringContaining("huber: delta: Too small"),
    ]);
    const noSettings = defineComposite({
      name: "noSettings",
      arity: 1,
      attributes: strictObject({ scale: number() }),
      call: (y: Tensor) => [[y], {} as { scale: number }],
      build: ([y], { scale }) => y.mul(scale),
    });
    expect(refusalOf(() => noSettings(x)).message).toContain("noSettings: scale");
  });

  test("computes 16-bit floats in f32 and rounds once, unless it is exact", () => {
    const narrow = input("narrow", "f16", [2]);
    const dtypes = (y: Tensor): string[] =>
      y.node.graphs.flatMap((body) => nodesOf(Object.values(body.outputs)).map((node) => node.output.dtype));
    expect(half(narrow).dtype).toBe("f16");
    expect(dtypes(half(narrow))).toContain("f32");
    const exact = defineComposite({
      name: "exactHalf",
      arity: 1,
      exact: true,
      call: (y: Tensor) => [[y], {}],
      build: ([y]) => y.mul(0.5),
    });
    expect(dtypes(exact(narrow))).not.toContain("f32");
  });
});
