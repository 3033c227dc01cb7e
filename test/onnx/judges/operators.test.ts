import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { type Graph, type State, input, program } from "@adjoint/ir";
import { primitives } from "@adjoint/ir/graph";
import { tensorValue, typeText } from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difference, runExported } from "../check.ts";
import { runtimes } from "../runtime.ts";
import { inFull } from "../../in-full.ts";
import { Draw, seed } from "./draw.ts";
import type { OperatorCase } from "./makers.ts";
import { operators } from "./operators.ts";
import { products } from "./products.ts";

/** Graphs of each operator. */
const GRAPHS = inFull ? 40 : 2;

/** Times as many of products, whose kernels have the most ways. */
const PRODUCTS = inFull ? 5 : 1;

/** Primitives without an operator of their own to be drawn, and why. */
const apart: { readonly [primitive: string]: string } = {
  input: "a part of every graph",
  register: "a part of the training steps",
  constant: "a part of most graphs",
  bitcast: "an operator of opset 26, which the runtime lacks",
  scan: "the LSTM among the training steps",
  if: "among the conformance cases that run there",
  commit: "taken out before a graph is exported",
};

await runtimes.node();
const backends: { readonly [name: string]: Backend } = { cpu: cpu(), wasm: await wasm({ threads: 1 }) };

function graphOf({ feeds, build }: OperatorCase): Graph {
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  return program({ inputs, outputs: { y: build(inputs) } });
}

async function problemsOf({ feeds, build }: OperatorCase): Promise<readonly string[]> {
  const graph = graphOf({ feeds, build });
  const expected = (await runExported(graph, feeds, {}, { opset: 18 })).outputs["y"];
  if (expected === undefined) return ["the runtime gave nothing"];
  const problems: string[] = [];
  for (const [name, backend] of Object.entries(backends)) {
    await using session = await compile({ main: graph }, { backend });
    const { y } = await session.run("main", feeds);
    const problem = difference(y && tensorValue(y.dtype, y.shape, y.data), expected);
    if (problem !== undefined) problems.push(`${name}: ${problem}`);
  }
  return problems;
}

const typesOf = (feeds: State): string =>
  Object.entries(feeds)
    .map(([name, value]) => `${name}: ${typeText(value)}`)
    .join(", ");

describe(`random graphs of one operator give what ONNX Runtime gives, ${GRAPHS} of each (seed ${seed}; N2)`, () => {
  test("every primitive is among them, or it says why not", () => {
    const drawn = new Set(Object.keys(operators));
    expect(Object.keys(primitives).filter((name) => !drawn.has(name) && !Object.hasOwn(apart, name))).toEqual(
      [],
    );
  });

  test.for(Object.keys(operators))("%s", { timeout: 60_000 }, async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (from) => {
        const maker = operators[name];
        const drawn = maker?.(new Draw(from));
        if (drawn === undefined) throw new Error(`no operator ${name}`);
        const problems = await problemsOf(drawn);
        expect([typesOf(drawn.feeds), ...problems]).toEqual([typesOf(drawn.feeds)]);
      }),
      { seed, numRuns: Object.hasOwn(products, name) ? PRODUCTS * GRAPHS : GRAPHS },
    );
  });
});
