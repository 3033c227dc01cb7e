import { AdjointError, type Tensor, evaluate, input, program, toNumbers, valueOf } from "@adjoint/ir";
import { toOnnx } from "@adjoint/onnx";
import { expect, test } from "vitest";
import { load, runtimes } from "./runtime.ts";

const x = input("x", "f32", [5, 2]);
const at = input("at", "i64", [4, 1]);
const rows = input("rows", "f32", [4, 2]);
const none = input("none", "f32", [0, 3]);
const feeds = {
  x: valueOf("f32", [5, 2], [1, -2, 3, 4, -5, 6, 7, 8, 9, -10]),
  at: valueOf("i64", [4, 1], [4n, 0n, 4n, 2n]),
  rows: valueOf("f32", [4, 2], [2, 3, -4, 5, 6, -7, 0.5, 9]),
  none: valueOf("f32", [0, 3], []),
};

/** Forms that an operator set has only from a version on, with the inputs that they take. */
const cases: readonly (readonly [string, number, Tensor, ("x" | "at" | "rows" | "none")[]])[] = [
  ["a scatter with a sum", 16, x.scatter(at, rows, "add"), ["x", "at", "rows"]],
  ["a scatter with a product", 16, x.scatter(at, rows, "mul"), ["x", "at", "rows"]],
  ["a scatter with a maximum", 18, x.scatter(at, rows, "max"), ["x", "at", "rows"]],
  ["a scatter with a minimum", 18, x.scatter(at, rows, "min"), ["x", "at", "rows"]],
  ["a reshape without elements", 14, none.reshape([3, 0]), ["none"]],
];

test.each(cases)(
  "%s is refused before opset %i, and from it on is ours in ONNX Runtime",
  async (_, since, y, names) => {
    const all = { x, at, rows, none };
    const inputs = Object.fromEntries(names.map((name) => [name, all[name]]));
    const given = Object.fromEntries(names.map((name) => [name, feeds[name]]));
    const graph = program({ inputs, outputs: { y } });
    for (let opset = 13; opset < since; opset++) {
      expect(() => toOnnx(graph, {}, { opset }), `opset ${opset}`).toThrow(AdjointError);
      expect(() => toOnnx(graph, {}, { opset }), `opset ${opset}`).toThrow(String(since));
    }
    const expected = evaluate(graph, given).outputs.y;
    for (let opset = since; opset <= 21; opset++) {
      const model = await load(toOnnx(graph, {}, { opset }), await runtimes.node());
      const { y: actual } = await model.run(given);
      expect(actual?.shape, `opset ${opset}`).toEqual(expected.shape);
      expect(actual && toNumbers(actual), `opset ${opset}`).toEqual(toNumbers(expected));
    }
  },
);
