import { type State, evaluate, initialValue, registersOf } from "@adjoint/ir";
import { fromOnnx, inspectOnnx, toOnnx } from "@adjoint/onnx";
import { describe, expect, test } from "vitest";
import { difference } from "./check.ts";
import { sample } from "./composite-cases.ts";
import { mnistPrograms, models } from "./programs.ts";

const startOf = (graph: Parameters<typeof registersOf>[0]): State =>
  Object.fromEntries([...registersOf(graph)].map(([name, register]) => [name, initialValue(register, 5)]));

describe.for(Object.keys(models) as (keyof typeof models)[])("the %s", (name) => {
  const { predict, train } = mnistPrograms(models[name]());

  test.for([13, 17, 21])("exported, imported and exported again is the same file, opset %i", (opset) => {
    const bytes = toOnnx(predict, startOf(predict), { opset });
    expect(Buffer.compare(toOnnx(fromOnnx(bytes), {}, { opset }), bytes)).toBe(0);
  });

  test("imported predicts as before", () => {
    const images = sample([2, 28, 28]);
    const state = startOf(predict);
    const expected = evaluate(predict, { images }, { state }).outputs.output;
    const actual = evaluate(fromOnnx(toOnnx(predict, state)), { images }).outputs["output"];
    expect(difference(actual, expected)).toBeUndefined();
  });

  test("declared anew gives the same training step, whose import keeps inputs and outputs", () => {
    const bytes = toOnnx(train, {});
    expect(Buffer.compare(toOnnx(mnistPrograms(models[name]()).train, {}), bytes)).toBe(0);
    const imported = fromOnnx(bytes);
    const { inputs, outputs } = inspectOnnx(bytes);
    expect(Object.keys(imported.inputs)).toEqual(inputs.map((input) => input.name));
    expect(Object.keys(imported.outputs)).toEqual(outputs.map((output) => output.name));
  });
});
