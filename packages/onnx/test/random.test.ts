import { describe, expect, it } from "vitest";
import { type Evaluation, type Graph, evaluate, toNumbers, valueOf } from "@adjoint/ir";
import { fromOnnx } from "@adjoint/onnx";
import { floatAttribute, intAttribute, intsAttribute, modelBytes, node } from "./model.ts";

const COUNT = 4096;
const ones = valueOf("f32", [COUNT], new Float32Array(COUNT).fill(1));
const scalar = (name: string, dataType: number, value: number): object => ({
  name,
  dataType,
  dims: [],
  ...(dataType === 1 ? { floatData: [value] } : { int32Data: [value] }),
});

const numbers = ({ outputs }: Evaluation, name = "y"): readonly number[] => {
  const value = outputs[name];
  return value === undefined ? [] : toNumbers(value);
};
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Dropout", () => {
  const legacy = (opset: number, attributes: Parameters<typeof node>[3] = []): Graph =>
    fromOnnx(
      modelBytes({
        opset,
        inputs: { x: [COUNT] },
        outputs: { y: undefined, mask: undefined },
        nodes: [node("Dropout", ["x"], ["y", "mask"], attributes)],
      }),
    );

  it("before opset 7 drops unless is_test says otherwise", () => {
    const dropped = evaluate(legacy(6, [floatAttribute("ratio", 0.75)]), { x: ones }, { seed: 1 });
    expect(new Set(numbers(dropped))).toEqual(new Set([0, 4]));
    expect(numbers(dropped, "mask")).toEqual(numbers(dropped).map((value) => value / 4));
    expect(dropped.outputs["mask"]?.dtype).toBe("f32");
    const kept = evaluate(legacy(6, [intAttribute("is_test", 1)]), { x: ones });
    expect(new Set(numbers(kept))).toEqual(new Set([1]));
  });

  it("of opsets 7 to 11 is for inference alone", () => {
    const kept = evaluate(legacy(7, [floatAttribute("ratio", 0.75)]), { x: ones });
    expect(new Set(numbers(kept))).toEqual(new Set([1]));
    expect(evaluate(legacy(10), { x: ones }).outputs["mask"]?.dtype).toBe("bool");
  });

  const modern = fromOnnx(
    modelBytes({
      opset: 13,
      inputs: { x: [COUNT], ratio: [], flag: [] },
      outputs: { y: undefined, mask: undefined },
      nodes: [
        node("Cast", ["flag"], ["training"], [intAttribute("to", 9)]),
        node("Dropout", ["x", "ratio", "training"], ["y", "mask"]),
      ],
    }),
  );
  const run = (ratio: number, flag: number): Evaluation =>
    evaluate(modern, { x: ones, ratio: valueOf("f32", [], [ratio]), flag: valueOf("f32", [], [flag]) });

  it("takes ratio and mode at the run", () => {
    const dropped = run(0.25, 1);
    expect(mean(numbers(dropped, "mask"))).toBeCloseTo(0.75, 1);
    expect(mean(numbers(dropped))).toBeCloseTo(1, 1);
    expect(new Set(numbers(run(1, 1)))).toEqual(new Set([0]));
    expect(new Set(numbers(run(0.25, 0)))).toEqual(new Set([1]));
  });

  it("with known ratio and mode drops with the probability and keeps the mean", () => {
    const graph = fromOnnx(
      modelBytes({
        opset: 13,
        inputs: { x: [COUNT] },
        outputs: { y: undefined, mask: undefined },
        initializers: [scalar("ratio", 1, 0.25), scalar("training", 9, 1)],
        nodes: [node("Dropout", ["x", "ratio", "training"], ["y", "mask"])],
      }),
    );
    const result = evaluate(graph, { x: ones });
    const mask = numbers(result, "mask");
    expect(mean(mask)).toBeCloseTo(0.75, 1);
    expect(numbers(result)).toEqual(mask.map((kept) => Math.fround(kept / 0.75)));
  });
});

describe("random numbers", () => {
  const sampled = (operator: string, attributes: Parameters<typeof node>[3], second = attributes): Graph =>
    fromOnnx(
      modelBytes({
        opset: 22,
        outputs: { y: undefined, z: undefined },
        nodes: [
          node(operator, [], ["y"], [intsAttribute("shape", [COUNT]), ...(attributes ?? [])]),
          node(operator, [], ["z"], [intsAttribute("shape", [COUNT]), ...(second ?? [])]),
        ],
      }),
    );

  it("have the range and moments asked for", () => {
    const uniform = numbers(
      evaluate(sampled("RandomUniform", [floatAttribute("low", 2), floatAttribute("high", 4)])),
    );
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(4);
    expect(mean(uniform)).toBeCloseTo(3, 1);
    const normal = numbers(
      evaluate(sampled("RandomNormal", [floatAttribute("mean", 5), floatAttribute("scale", 2)])),
    );
    expect(mean(normal)).toBeCloseTo(5, 0);
    expect(mean(normal.map((value) => (value - 5) ** 2))).toBeCloseTo(4, 0);
  });

  it("differ by node and run, and agree for equal seeds", () => {
    const free = sampled("RandomUniform", []);
    const first = evaluate(free);
    expect(numbers(first)).not.toEqual(numbers(first, "z"));
    expect(numbers(evaluate(free))).toEqual(numbers(first));
    expect(numbers(evaluate(free, {}, { state: first.state }))).not.toEqual(numbers(first));
    const seeded = evaluate(sampled("RandomUniform", [floatAttribute("seed", 3)]));
    expect(numbers(seeded)).toEqual(numbers(seeded, "z"));
    const apart = evaluate(
      sampled("RandomUniform", [floatAttribute("seed", 3)], [floatAttribute("seed", 4)]),
    );
    expect(numbers(apart)).not.toEqual(numbers(apart, "z"));
  });

  it("Bernoulli and Multinomial follow their probabilities", () => {
    const graph = fromOnnx(
      modelBytes({
        opset: 22,
        inputs: { p: [COUNT], logits: [1, 3] },
        outputs: { y: undefined, z: undefined },
        nodes: [
          node("Bernoulli", ["p"], ["y"]),
          node("Multinomial", ["logits"], ["z"], [intAttribute("sample_size", COUNT)]),
        ],
      }),
    );
    const result = evaluate(graph, {
      p: valueOf("f32", [COUNT], new Float32Array(COUNT).fill(0.2)),
      logits: valueOf("f32", [1, 3], [Math.log(0.5), -Infinity, Math.log(1.5)]),
    });
    expect(mean(numbers(result))).toBeCloseTo(0.2, 1);
    const classes = numbers(result, "z");
    expect(result.outputs["z"]?.dtype).toBe("i32");
    expect(mean(classes.map((index) => Number(index === 0)))).toBeCloseTo(0.25, 1);
    expect(classes.filter((index) => index === 1)).toEqual([]);
  });
});
