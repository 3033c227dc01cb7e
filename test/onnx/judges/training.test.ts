import { cpu } from "@adjoint/backend-cpu";
import { wasm } from "@adjoint/backend-wasm";
import { type Backend, compile } from "@adjoint/compiler";
import { type Graph, type State, type TensorValue, input, program } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { inspectOnnx, onnxTrainingLoop, toOnnx } from "@adjoint/onnx";
import { adam, momentum } from "@adjoint/optimizers";
import { describe, expect, test } from "vitest";
import { load, runtimes, valueOf } from "../runtime.ts";
import { inFull } from "../../in-full.ts";
import { Draw, seed } from "./draw.ts";
import { type Network, networks } from "./networks.ts";

const STEPS = 20;
/** Draws of each network with each optimizer. */
const DRAWS = inFull ? 30 : 1;

/** Adam's epsilon is large: if a gradient is all rounding noise, no two machines would step alike. */
const optimizers = {
  adam: adam({ learningRate: 5e-3, epsilon: 1e-2 }),
  momentum: momentum({ learningRate: 0.02 }),
} as const;

/** Differences of a parameter after all steps, relative to its largest element. */
const TOLERANCE = 1e-3;

const runtime = await runtimes.node();
const backends: { readonly [name: string]: Backend } = { cpu: cpu(), wasm: await wasm({ threads: 1 }) };

function stepOf({ feeds, loss }: Network, optimizer: keyof typeof optimizers): Graph {
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const value = loss(inputs);
  return program({ inputs, outputs: { loss: value }, updates: optimizers[optimizer](value) });
}

/** The parameters after all steps in ONNX Runtime. */
async function foreign(train: Graph, start: State, feeds: State): Promise<State> {
  const bytes = toOnnx(train, start);
  const { tensor, session } = await load(bytes, runtime);
  const tensors = (state: State): { [name: string]: ReturnType<typeof tensor> } =>
    Object.fromEntries(Object.entries(state).map(([name, value]) => [name, tensor(value)]));
  const loop = onnxTrainingLoop(
    { run: (given) => session.run(given) },
    inspectOnnx(bytes).metadata,
    tensors(start),
  );
  const fed = tensors(feeds);
  for (let step = 0; step < STEPS; step++) await loop.step(fed);
  const state = Object.entries(loop.state()).map(([name, value]) => [name, valueOf(value)] as const);
  await session.release();
  return Object.fromEntries(state);
}

function distance({ data: actual }: TensorValue, { data: expected }: TensorValue): number {
  let [largest, scale] = [0, 1e-3];
  for (let index = 0; index < expected.length; index++) {
    const value = Number(expected[index]);
    const difference = Math.abs(value - Number(actual[index]));
    // NaN must count.
    if (!(difference <= largest)) largest = difference;
    scale = Math.max(scale, Math.abs(value));
  }
  return largest / scale;
}

/** The differences after the steps, with the first step of each backend that differs. */
async function problemsOf(network: Network, optimizer: keyof typeof optimizers): Promise<readonly string[]> {
  const train = stepOf(network, optimizer);
  const parameters = [...registersOf(train)].filter(([, { trainable }]) => trainable).map(([name]) => name);
  let expected: State | undefined;
  const problems: string[] = [];
  for (const [name, backend] of Object.entries(backends)) {
    await using session = await compile({ train }, { backend, seed: 1 });
    expected ??= await foreign(train, await session.state(), network.feeds);
    for (let step = 0; step < STEPS; step++) await session.run("train", network.feeds);
    const state = await session.state();
    for (const parameter of parameters) {
      const [ours, theirs] = [state[parameter], expected[parameter]];
      const off = ours && theirs ? distance(ours, theirs) : Number.NaN;
      if (!(off <= TOLERANCE)) problems.push(`${name}: ${parameter} is off by ${off.toExponential(1)}`);
    }
  }
  return problems;
}

describe(`${STEPS} training steps are ONNX Runtime's at ${DRAWS} random sizes (seed ${seed}; N1)`, () => {
  test.for(
    Object.keys(networks).flatMap((network) =>
      Object.keys(optimizers).map((optimizer) => [network, optimizer] as const),
    ),
  )("%s with %s", { timeout: 120_000 }, async ([name, optimizer]) => {
    const found: string[] = [];
    for (let index = 0; index < DRAWS; index++) {
      const network = networks[name]?.(new Draw(seed + 1000 * index + name.length));
      if (network === undefined) throw new Error(`no network ${name}`);
      // The keys of the table that the test runs over.
      const problems = await problemsOf(network, optimizer as keyof typeof optimizers);
      found.push(...problems.map((problem) => `draw ${index}, ${network.sizes}: ${problem}`));
    }
    expect(found).toEqual([]);
  });
});
