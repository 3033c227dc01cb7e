import { type State, evaluate } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { initialValue, valueOf } from "@adjoint/ir/values";
import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import { fromOnnx, inspectOnnx, toOnnx } from "@adjoint/onnx";
import { describe, expect, test } from "vitest";
import { difference, returns } from "./check.ts";
import { sample } from "./composite-cases.ts";
import { mnistPrograms, models } from "./programs.ts";

const startOf = (graph: Parameters<typeof registersOf>[0]): State =>
  Object.fromEntries([...registersOf(graph)].map(([name, register]) => [name, initialValue(register, 5)]));

describe.for(Object.keys(models) as (keyof typeof models)[])("the %s", (name) => {
  const { predict, train } = mnistPrograms(models[name]());

  test.for([13, 17, 21])("exported, imported and exported again is the same file, opset %i", (opset) => {
    for (const program of [predict, train]) expect(returns(program, startOf(program), { opset })).toBe(true);
  });

  test("imported predicts as before", () => {
    const images = sample([2, 28, 28]);
    const state = startOf(predict);
    const expected = evaluate(predict, { images }, { state }).outputs.output;
    const actual = evaluate(fromOnnx(toOnnx(predict, state)), { images }).outputs["output"];
    expect(difference(actual, expected)).toBeUndefined();
  });

  test("imported trains as before", async () => {
    const feeds = { images: sample([2, 28, 28]), labels: valueOf("i32", [2], [3, 7]) };
    const state = startOf(train);
    const [before, after] = [train, fromOnnx(toOnnx(train, {}))].map(async (graph) => {
      await using session = await compile({ graph }, { backend: cpu(), state });
      const { loss } = await session.run("graph", feeds);
      return { loss: loss?.item(), state: await session.state() };
    });
    const [expected, actual] = [await before, await after];
    expect(actual?.loss).toBeCloseTo(Number(expected?.loss), 5);
    expect(Object.keys(actual?.state ?? {})).toEqual([...registersOf(train).keys()]);
    const different = Object.entries(expected?.state ?? {}).filter(
      ([register, value]) => difference(actual?.state[register], value) !== undefined,
    );
    expect(different).toEqual([]);
  });

  test("declared anew gives the same training step, whose import may keep inputs and outputs", () => {
    const bytes = toOnnx(train, {});
    expect(Buffer.compare(toOnnx(mnistPrograms(models[name]()).train, {}), bytes)).toBe(0);
    const imported = fromOnnx(bytes, { registers: false });
    const { inputs, outputs } = inspectOnnx(bytes);
    expect(Object.keys(imported.inputs)).toEqual(inputs.map((input) => input.name));
    expect(Object.keys(imported.outputs)).toEqual(outputs.map((output) => output.name));
  });
});
