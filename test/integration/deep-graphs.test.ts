import { afterAll, describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import {
  type Evaluation,
  type Graph,
  type Tensor,
  composite,
  concat,
  cond,
  deserialize,
  evaluate,
  gradients,
  input,
  parse,
  print,
  program,
  register,
  scan,
  serialize,
} from "@adjoint/ir";
import { check, registersOf, runPasses } from "@adjoint/ir/graph";
import { initialValue } from "@adjoint/ir/values";
import { fromOnnx, toOnnx } from "@adjoint/onnx";
import { difference } from "./random-graphs.ts";

// Walks that recurse ended at 1,000 to 2,000 of these.
const DEEP = 1200;
/** Wide graphs have their own growth, and no depth. */
const WIDE = 600;
/** A busy machine may take long; the work is a few hundred milliseconds each. */
const PATIENCE = 60_000;

const x = input("x", "f32", [2, 2]);
const repeat = (count: number, next: (y: Tensor, index: number) => Tensor, from: Tensor = x): Tensor => {
  let y = from;
  for (let index = 0; index < count; index++) y = next(y, index);
  return y;
};
const one = (y: Tensor): Graph => program({ inputs: { x }, outputs: { y } });
const parameter = (index: number): Tensor =>
  register(`p${index}`, "f32", [2, 2], { initial: { kind: "constant", value: index % 7 } });

const chain = (): Graph =>
  one(repeat(DEEP, (y, index) => (index % 2 === 0 ? y.mul(0.75) : y.max(x).add(index % 5))));
const registers = (): Graph => one(repeat(2000, (y, index) => y.add(parameter(index))));
const joined = (): Graph =>
  one(
    concat(
      Array.from({ length: DEEP }, (_, index) => (index % 2 === 0 ? x : x.mul(index))),
      0,
    ),
  );
function loop(): Graph {
  const { carry } = scan({ carry: [x], length: 2 }, ([h = x]) => ({
    carry: [repeat(DEEP, (y, index) => (index % 2 === 0 ? y.mul(0.5) : y.add(x)), h)],
  }));
  return program({ inputs: { x }, outputs: { y: carry[0] ?? x } });
}

const deep: { readonly [name: string]: () => Graph } = {
  "elementwise operations": chain,
  "transposes and additions": () => one(repeat(DEEP, (y, index) => y.transpose([1, 0]).add(index % 3))),
  "reshapes that no index map can follow": () =>
    one(
      repeat(
        200,
        (y) => y.transpose([1, 0]).reshape([2, 3]).add(1),
        concat([x, x.slice([{}, { end: 1 }])], 1),
      ).slice([{}, { end: 2 }]),
    ),
  "paddings of one another": () =>
    one(
      repeat(100, (y) =>
        y
          .pad({ low: [1, 0], high: [0, 1], value: 1 })
          .slice([{ start: 0, end: 2 }, {}])
          .mul(0.5)
          .slice([{}, { end: 2 }]),
      ),
    ),
  "additions of registers": registers,
  "a chain inside a loop": loop,
  branches: () =>
    one(
      repeat(
        40,
        (y, index) =>
          cond(
            y.reduceSum().greater(index),
            () => [y.mul(0.5)],
            () => [y.add(1)],
          )[0] ?? y,
      ),
    ),
  "branches inside one another": () => {
    const nested = (y: Tensor, depth: number): Tensor =>
      depth === 0
        ? y
        : (cond(
            y.reduceSum().less(1000),
            () => [nested(y.add(1), depth - 1)],
            () => [y],
          )[0] ?? y);
    return one(nested(x, 24));
  },
  products: () => one(repeat(300, (y, index) => (index % 2 === 0 ? y.matMul(x) : y.mul(0.25).add(0.5)))),
  "a gradient": () => {
    const [gradient = x] = gradients(repeat(300, (y) => y.mul(0.999).add(x).tanh()).reduceSum(), [x]);
    return one(gradient);
  },
};

const wide: { readonly [name: string]: () => Graph } = {
  "operands of a concatenation": joined,
  outputs: () => {
    const outputs = Array.from({ length: WIDE }, (_, index) => [`y${index}`, x.mul(index % 9)] as const);
    return program({ inputs: { x }, outputs: Object.fromEntries(outputs) });
  },
  reductions: () => {
    const sums = Array.from({ length: WIDE }, (_, index) => x.mul(index % 11).reduceSum());
    return one(sums.reduce((a, b) => a.add(b)));
  },
  "registers that change": () => {
    const updates = Array.from({ length: WIDE }, (_, index) => {
      const own = parameter(index);
      return { register: own, next: own.mul(0.5).add(x) };
    });
    return program({ inputs: { x }, outputs: { y: x.add(1) }, updates });
  },
};

const feeds = { x: { dtype: "f32", shape: [2, 2], data: Float32Array.of(0.5, -0.25, 0.125, 0.75) } } as const;

async function run(graph: Graph, backend: Backend): Promise<Evaluation> {
  await using session = await compile({ main: graph }, { backend });
  const outputs = await session.run("main", feeds);
  return { outputs, state: await session.state() };
}

describe("as many as no call stack holds", { timeout: PATIENCE }, () => {
  const wasmBackend = wasm({ threads: 2 });
  afterAll(async () => (await wasmBackend)[Symbol.dispose]?.());

  it.each(Object.entries({ ...deep, ...wide }))("%s give what the oracle gives", async (_, build) => {
    const graph = build();
    const expected = evaluate(graph, feeds);
    for (const backend of [cpu(), await wasmBackend])
      expect(difference(graph, expected, await run(graph, backend))).toBeUndefined();
  });

  it("give it as closures too", async () => {
    const graph = chain();
    const result = await run(graph, cpu({ kernels: "closures" }));
    expect(difference(graph, evaluate(graph, feeds), result)).toBeUndefined();
  });

  it.each([
    ["a chain", chain],
    ["a loop", loop],
    ["a concatenation", joined],
  ])("%s of them is written and read again", (_, build) => {
    const graph = build();
    const text = print(graph, { constants: "full" });
    expect(print(parse(text), { constants: "full" })).toBe(text);
    const json: unknown = JSON.parse(JSON.stringify(serialize(graph)));
    expect(print(deserialize(json), { constants: "full" })).toBe(text);
    check(graph);
  });

  it.each([
    ["a chain", chain],
    ["a sum of registers", registers],
  ])("%s of them goes to ONNX and comes back", (_, build) => {
    const graph = build();
    const state = Object.fromEntries(
      [...registersOf(graph)].map(([key, own]) => [key, initialValue(own, 0)]),
    );
    const again = fromOnnx(toOnnx(graph, state));
    expect(difference(again, evaluate(graph, feeds), evaluate(again, feeds))).toBeUndefined();
  });

  it("are refused with the bound where bodies lie inside one another", () => {
    const nested = (depth: number): Tensor => {
      let level = (y: Tensor): Tensor => y;
      for (let index = 0; index < depth; index++) {
        const inner = level;
        level = composite("level", (y) => inner(y).add(1));
      }
      return level(x);
    };
    const graph = one(nested(200));
    expect(evaluate(graph, feeds).outputs["y"]?.data[0]).toBe(200.5);
    expect(evaluate(runPasses(graph), feeds).outputs["y"]?.data[0]).toBe(200.5);
    expect(() => nested(300)).toThrow("more than 256 levels of bodies inside one another");
  });
});
