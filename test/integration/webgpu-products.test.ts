import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, compile } from "@adjoint/compiler";
import {
  type Graph,
  type TensorValue,
  conv,
  evaluate,
  gradients,
  input,
  mul,
  program,
  valueOf,
} from "@adjoint/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

/** A value for each input of a graph. */
const wavesFor = ({ inputs }: Graph): { readonly [input: string]: TensorValue } =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => {
      const sizes = shape.map(Number);
      const length = sizes.reduce((product, size) => product * size, 1);
      const waves = Float32Array.from({ length }, (_, index) => Math.sin(index * index + name.length));
      return [name, valueOf("f32", sizes, waves)];
    }),
  );

/** Every output is what the oracle gives, within what the order of a sum in f32 allows. */
async function expectOracle(main: Graph, backend: Backend): Promise<void> {
  const feeds = wavesFor(main);
  await using session = await compile({ main }, { backend });
  const found = await session.run("main", feeds);
  for (const [name, { data }] of Object.entries(evaluate(main, feeds).outputs)) {
    const expected = [...data].map(Number);
    const allowed = 1e-6 * Math.max(...expected.map(Math.abs));
    expected.forEach((value, at) => {
      const off = Math.abs(Number(found[name]?.data[at]) - value);
      expect(off, `${name}[${at}]`).toBeLessThanOrEqual(allowed);
    });
  }
}

describe.skipIf(missingGpu !== undefined).each([
  ["in tiles", false],
  ["in blocks, as on a software adapter", true],
])(`${gpuTitle("products on WebGPU %s")}`, (_, isFallbackAdapter) => {
  let device: GPUDevice | undefined;
  let backend: Backend;
  beforeAll(async () => {
    const adapter = await (await nodeGpu()).requestAdapter();
    device = await adapter?.requestDevice();
    if (device === undefined) throw new Error("no device");
    // The sizes that decide between the two.
    Object.defineProperty(device, "adapterInfo", { value: { isFallbackAdapter } });
    backend = await webgpu({ device });
  });
  afterAll(() => device?.destroy());

  it.for([
    ["aligned", [36, 40, 20]],
    ["ragged", [33, 37, 19]],
    ["large", [68, 20, 132]],
  ] as const)("of %s matrices, on either side turned", { timeout: 60_000 }, async ([, [m, k, n]]) => {
    const [x, y] = [input("x", "f32", [2, m, k]), input("y", "f32", [2, k, n])];
    const [tx, ty] = [input("tx", "f32", [k, m]), input("ty", "f32", [n, k])];
    const main = program({
      inputs: { x, y, tx, ty },
      outputs: { plain: x.matMul(y), turned: tx.transpose([1, 0]).matMul(ty.transpose([1, 0])) },
    });
    await expectOracle(main, backend);
  });

  it.for([7, 1000, 20_000])(
    "of K = %i terms are within K roundings of the sum of their magnitudes",
    async (terms) => {
      const [x, y] = [input("x", "f32", [3, terms]), input("y", "f32", [terms, 5])];
      const main = program({ inputs: { x, y }, outputs: { y: x.matMul(y) } });
      // All of one sign in the last row: their roundings don't cancel.
      const a = Float32Array.from({ length: 3 * terms }, (__, at) =>
        at < 2 * terms ? Math.sin(at * at) : 0.1,
      );
      const b = Float32Array.from({ length: 5 * terms }, (__, at) => 0.7 + Math.cos(at * at) / 9);
      await using session = await compile({ main }, { backend });
      const { data } = (await session.run("main", { x: a, y: b })).y;
      for (let at = 0; at < 15; at++) {
        let [sum, size] = [0, 0];
        for (let k = 0; k < terms; k++) {
          const term = (a[Math.floor(at / 5) * terms + k] ?? NaN) * (b[k * 5 + (at % 5)] ?? NaN);
          [sum, size] = [sum + term, size + Math.abs(term)];
        }
        expect(Math.abs(Number(data[at]) - sum)).toBeLessThanOrEqual(1.001 * terms * 2 ** -24 * size);
      }
    },
  );

  it("of a padded image's windows, and of both gradients", { timeout: 60_000 }, async () => {
    const [x, w] = [input("x", "f32", [2, 3, 9, 7]), input("w", "f32", [20, 3, 3, 3])];
    const y = conv(x, w, {
      strides: [2, 1],
      padLow: [1, 0],
      padHigh: [1, 2],
    });
    const [dx = x, dw = w] = gradients(mul(y, y).reduceSum(), [x, w]);
    const main = program({ inputs: { x, w }, outputs: { y, dx, dw } });
    await expectOracle(main, backend);
  });
});
