import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, type Feeds, type Kernel, compile, compileProgram } from "@adjoint/compiler";
import {
  type DType,
  type Graph,
  type State,
  type Tensor,
  type TensorValue,
  add,
  cond,
  input,
  program,
  scan,
  valueOf,
} from "@adjoint/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at } from "../conformance/case.ts";
import { startOf, subjects } from "../conformance/suite.ts";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

/** Lines longer than this are folded by a workgroup's invocations together. */
const SHORT = 32;

/** A backend on a device of its own, and the shaders that it was given. */
interface Host {
  readonly backend: Backend;
  readonly device: GPUDevice;
  readonly shaders: string[];
}

/** @param subgroupMinSize what the adapter says of its subgroups; by default what is so. */
async function openHost(features: readonly GPUFeatureName[], subgroupMinSize?: number): Promise<Host> {
  const adapter = await (await nodeGpu()).requestAdapter();
  // As many buffers as the backend asks for on a device of its own.
  const { maxStorageBuffersPerShaderStage = 8 } = adapter?.limits ?? {};
  const device = await adapter?.requestDevice({
    requiredFeatures: [...features],
    requiredLimits: { maxStorageBuffersPerShaderStage },
  });
  if (device === undefined) throw new Error("no device");
  if (subgroupMinSize !== undefined)
    Object.defineProperty(device, "adapterInfo", { value: { isFallbackAdapter: true, subgroupMinSize } });
  const shaders: string[] = [];
  const make = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    shaders.push(descriptor.code);
    return make(descriptor);
  };
  return { backend: await webgpu({ device }), device, shaders };
}

/** Bytes of every output and register after a run: equal where all bits are. */
async function bitsOn({ backend }: Host, graph: Graph, feeds: Feeds, state?: State): Promise<unknown> {
  await using session = await compile(
    { main: graph },
    { backend, ...(state === undefined ? {} : { state }) },
  );
  const results = { outputs: await session.run("main", feeds), state: await session.state() };
  return Object.fromEntries(
    Object.entries(results).map(([kind, values]) => [
      kind,
      Object.entries(values).map(([name, { data }]) => [
        name,
        [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)].join(" "),
      ]),
    ]),
  );
}

/** Barriers that a workgroup of each shader comes to. */
const barriersOf = (shaders: readonly string[]): number =>
  shaders.reduce((sum, text) => {
    const [, from, to] = /half = (\d+)u; half >= (\d+)u/.exec(text) ?? [];
    return from === undefined ? sum : sum + 2 + Math.log2(Number(from) / Number(to));
  }, 0);

const hasTree = (kernels: readonly Kernel[]): boolean =>
  kernels.some((kernel) => {
    if (kernel.form === "scan") return hasTree(kernel.body);
    if (kernel.form === "if") return hasTree(kernel.branches.flat());
    return kernel.form === "reduce" && kernel.inner.reduce((product, size) => product * size, 1) > SHORT;
  });

const conformance = subjects.flatMap(([subject, items]) =>
  items
    .filter((item) => {
      const graph = item.graph();
      return (
        Object.values(graph.inputs).every(({ shape }) => shape.every((size) => typeof size === "number")) &&
        hasTree(compileProgram(graph).kernels)
      );
    })
    .map((item) => ({ name: `${subject}: ${item.name}`, item })),
);

const waves = (dtype: DType, shape: readonly number[]): TensorValue => {
  const length = shape.reduce((product, size) => product * size, 1);
  return valueOf(
    dtype,
    shape,
    Array.from(
      { length },
      (_, index) => 2 + Math.trunc(1e4 * Math.sin(index * index)) / (dtype === "i32" ? 1 : 97),
    ),
  );
};

const reductions = (x: Tensor): { readonly [name: string]: Tensor } => ({
  sum: x.reduceSum({ axes: [1] }),
  // Odd numbers, and numbers near one, whose products tell.
  product: (x.dtype === "i32" ? x.mul(2).add(1) : x.div(1e5).add(1)).reduceProd({ axes: [1] }),
  largest: x.reduceMax({ axes: [1] }),
  least: x.reduceMin({ axes: [1] }),
  atLargest: x.argMax({ axis: 1 }),
  atLeast: x.argMin({ axis: 1 }),
});

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("reductions with subgroups")}`, () => {
  let plain: Host;
  let grouped: Host;
  /** Its subgroups are larger than it says. */
  let narrow: Host;
  beforeAll(async () => {
    plain = await openHost([]);
    grouped = await openHost(["subgroups"]);
    narrow = await openHost(["subgroups"], 2);
  });
  afterAll(() => [plain, grouped, narrow].forEach((host) => host?.device.destroy()));

  /** The same bits on all devices. */
  async function expectSameBits(graph: Graph, feeds: Feeds, state?: State): Promise<void> {
    const found: unknown[] = [];
    for (const host of [plain, grouped, narrow]) {
      host.shaders.length = 0;
      found.push(await bitsOn(host, graph, feeds, state));
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  }

  it.for([33, 1000, 9000])("fold lines of %i elements of f32 and i32 to the same bits", async (length) => {
    for (const dtype of ["f32", "i32"] as const) {
      const x = input("x", dtype, [3, length]);
      const main = program({ inputs: { x }, outputs: reductions(x) });
      await expectSameBits(main, { x: waves(dtype, [3, length]) });
      const [none = 0, some = 0, fewer = 0] = [plain, narrow, grouped].map(({ shaders }) =>
        barriersOf(shaders),
      );
      expect(some).toBeLessThan(none);
      expect(fewer).toBeLessThan(some);
    }
  });

  it("fold NaN, infinities and zeros of both signs to the same bits", async () => {
    const special = [NaN, Infinity, -Infinity, -0, 0];
    const data = valueOf(
      "f32",
      [10, 300],
      Array.from({ length: 3000 }, (_, index) => {
        const line = Math.floor(index / 300);
        return line < 5 && index % 37 === line ? (special[line] ?? 0) : line === 5 ? -0 : index % 11;
      }),
    );
    const x = input("x", "f32", [10, 300]);
    await expectSameBits(program({ inputs: { x }, outputs: reductions(x) }), { x: data });
  });

  it("fold in the branch that runs, and in every step of a loop", async () => {
    const [x, choose] = [input("x", "f32", [3, 500]), input("choose", "bool", [])];
    const branch = cond(
      choose,
      () => [x.reduceSum({ axes: [1] })],
      () => [x.reduceMax({ axes: [1] })],
    );
    const { carry } = scan({ carry: [x], length: 3 }, ([last = x]) => ({
      carry: [add(last, last.sub(last.reduceSum({ axes: [1], keepDims: true }).div(500)))],
    }));
    const main = program({ inputs: { x, choose }, outputs: { y: at(branch, 0), z: at(carry, 0) } });
    for (const taken of [0, 1])
      await expectSameBits(main, { x: waves("f32", [3, 500]), choose: valueOf("bool", [], [taken]) });
  });

  it.for(conformance)("give the bits of $name", async ({ item }) => {
    const graph = item.graph();
    await expectSameBits(graph, item.feeds, startOf(item, graph));
  });
});
