import { cpu } from "@adjoint/backend-cpu";
import { compile } from "@adjoint/compiler";
import {
  type Graph,
  type State,
  evaluate,
  gradients,
  input,
  layerNormalization,
  program,
  softmaxCrossEntropy,
} from "@adjoint/ir";
import { type Pass, optimize, registersOf } from "@adjoint/ir/graph";
import { initialValue, valueOf } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";
import { checkCase, subjects } from "../conformance/check.ts";

/** No passes, each alone, and all but one: what a pass brings must not be what the compiler needs. */
const choices: readonly (readonly [string, readonly Pass[]])[] = [
  ["no pass", []],
  ...optimize.flatMap((pass): (readonly [string, readonly Pass[]])[] => [
    [`${pass.name} alone`, [pass]],
    [`all but ${pass.name}`, optimize.filter((other) => other !== pass)],
  ]),
];

/** A few cases of each subject; those of thousands of elements take long in closures. */
const sample = subjects
  .filter(([subject]) => subject !== "sums of 16-bit floats")
  .flatMap(([subject, items]) =>
    items
      .filter((_, index) => index % Math.ceil(items.length / 2) === 0)
      .map((item) => [`${subject}: ${item.name}`, item] as const),
  );

describe.each(choices)("kernels of the CPU backend after %s:", (_, passes) => {
  const run = async (graph: Graph, feeds: State, state: State) => {
    const backend = cpu({ kernels: "closures" });
    await using session = await compile({ main: graph }, { backend, passes, state });
    return { outputs: await session.run("main", feeds), state: await session.state() };
  };

  test("a sample of the conformance cases", async () => {
    const problems: string[] = [];
    for (const [name, item] of sample) {
      try {
        await checkCase(item, run);
      } catch (error) {
        problems.push(`${name}: ${String(error)}`);
      }
    }
    expect(problems).toEqual([]);
  });

  test("composites and their gradients", async () => {
    const x = input("x", "f32", [3, 5]);
    const labels = input("labels", "i32", [3]);
    const normal = layerNormalization(x, x.slice([{ end: 1 }]).reshape([5]));
    const loss = softmaxCrossEntropy(normal, labels).reduceMean();
    const [g = x] = gradients(loss, [x]);
    const graph = program({ inputs: { x, labels }, outputs: { normal, loss, g } });
    const feeds = {
      x: valueOf(
        "f32",
        [3, 5],
        Array.from({ length: 15 }, (_2, index) => Math.sin(index * 1.7)),
      ),
      labels: valueOf("i32", [3], [4, 0, 2]),
    };
    const state: State = Object.fromEntries(
      [...registersOf(graph)].map(([name, attributes]) => [name, initialValue(attributes, 0)]),
    );
    const wanted = evaluate(graph, feeds).outputs;
    const { outputs } = await run(graph, feeds, state);
    for (const [name, value] of Object.entries(wanted)) {
      const actual = outputs[name];
      value.data.forEach((element: number | bigint, at: number) =>
        expect(Number(actual?.data[at])).toBeCloseTo(Number(element), 5),
      );
    }
  });
});
