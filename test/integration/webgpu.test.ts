import { cpu } from "@adjoint/backend-cpu";
import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, type Feeds, type Session, compile } from "@adjoint/compiler";
import {
  type Graph,
  add,
  cond,
  constant,
  gather,
  input,
  iota,
  program,
  register,
  toNumbers,
  valueOf,
} from "@adjoint/ir";
import { dense, meanSquaredError, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";

/** A small training step, and what it is fed. Its products are too narrow for tiles, whose pipelines take a second to create here. */
function trainingStep([batch, features, units]: readonly [number, number, number] = [8, 4, 6]): {
  readonly train: Graph;
  readonly feeds: Feeds;
} {
  const x = input("x", "f32", [batch, features]);
  const y = input("y", "f32", [batch, 1]);
  const model = sequential([dense({ units }), relu(), dense({ units: 1 })]);
  const loss = meanSquaredError(model(x), y);
  return {
    train: program({ inputs: { x, y }, outputs: { loss }, updates: adam({ learningRate: 1e-2 })(loss) }),
    feeds: {
      x: Float32Array.from({ length: batch * features }, (_, index) => Math.sin(index * index)),
      y: Float32Array.from({ length: batch }, (_, index) => Math.cos(index)),
    },
  };
}

/** How often a method of an object is called from here on. */
function countCalls<K extends string>(
  object: { [N in K]: (...given: never[]) => unknown },
  name: K,
): () => number {
  let count = 0;
  const original = object[name];
  Object.defineProperty(object, name, {
    configurable: true,
    value: (...given: never[]) => {
      count++;
      return original.apply(object, given);
    },
  });
  return () => count;
}

describe.skipIf(missingGpu !== undefined)(`${gpuTitle("the WebGPU backend")}`, () => {
  let gpu: GPU;
  let device: GPUDevice;
  let backend: Backend;

  /** A device of the limits that every WebGPU has. */
  const newDevice = async (): Promise<GPUDevice> => {
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error("no adapter");
    return adapter.requestDevice({ requiredFeatures: ["timestamp-query"] });
  };

  beforeAll(async () => {
    gpu = await nodeGpu();
    device = await newDevice();
    backend = await webgpu({ device });
  });
  afterAll(() => device?.destroy());

  /** The same runs on the CPU and here. */
  async function both<T>(
    graph: Graph,
    use: (session: Session<{ main: Graph }>) => Promise<T>,
  ): Promise<readonly [T, T]> {
    const results: T[] = [];
    for (const each of [cpu(), backend]) {
      await using session = await compile({ main: graph }, { backend: each, seed: 1 });
      results.push(await use(session));
    }
    // One of each.
    return results as unknown as readonly [T, T];
  }

  it("trains as the CPU does, on a device that binds eight buffers to a kernel", async () => {
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
    const { train, feeds } = trainingStep([32, 20, 40]);
    const [expected, losses] = await both(train, async (session) => {
      const found: number[] = [];
      for (let step = 0; step < 10; step++)
        found.push((await session.run("main", feeds))["loss"]?.item() as number);
      return found;
    });
    losses.forEach((loss, step) => expect(loss).toBeCloseTo(expected[step] ?? NaN, 5));
  });

  it.for([
    ["aligned", [36, 40, 20]],
    ["ragged", [33, 37, 19]],
  ] as const)(
    "multiplies %s matrices in tiles, on either side turned",
    { timeout: 20_000 },
    async ([, [m, k, n]]) => {
      const x = input("x", "f32", [m, k]);
      const y = input("y", "f32", [k, n]);
      const [tx, ty] = [input("tx", "f32", [k, m]), input("ty", "f32", [n, k])];
      const main = program({
        inputs: { x, y, tx, ty },
        outputs: { plain: x.matMul(y), turned: tx.transpose([1, 0]).matMul(ty.transpose([1, 0])) },
      });
      const wave = (length: number): Float32Array<ArrayBuffer> =>
        Float32Array.from({ length }, (_, index) => Math.sin(index * index));
      const fed = { x: wave(m * k), y: wave(k * n), tx: wave(m * k), ty: wave(k * n) };
      const [expected, found] = await both(main, async (session) => {
        const { plain, turned } = await session.run("main", fed);
        return [...(plain?.data ?? []), ...(turned?.data ?? [])].map(Number);
      });
      found.forEach((sum, index) => expect(sum).toBeCloseTo(expected[index] ?? NaN, 5));
    },
  );

  it("submits once a step, and makes no buffer after the first", async () => {
    const { train, feeds } = trainingStep();
    await using session = await compile({ train }, { backend, seed: 1 });
    await session.run("train", feeds);
    const submits = countCalls(device.queue, "submit");
    const made = [
      countCalls(device, "createBuffer"),
      countCalls(device, "createBindGroup"),
      countCalls(device, "createComputePipelineAsync"),
    ];
    for (let step = 0; step < 200; step++) await session.run("train", feeds);
    expect(submits()).toBe(200);
    expect(made.map((count) => count())).toEqual([0, 0, 0]);
  });

  it("frees on close every buffer that a session made", async () => {
    const own = await newDevice();
    const make = own.createBuffer.bind(own);
    let alive = 0;
    own.createBuffer = (descriptor) => {
      const buffer = make(descriptor);
      alive++;
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        alive--;
        return destroy();
      };
      return buffer;
    };
    const { train, feeds } = trainingStep();
    const session = await compile({ train }, { backend: await webgpu({ device: own }), seed: 1 });
    await session.run("train", feeds);
    await session.state();
    expect(alive).toBeGreaterThan(10);
    await session.close();
    expect(alive).toBe(0);
    own.destroy();
  });

  it("creates a pipeline once for kernels of one text", async () => {
    const own = await newDevice();
    const pipelines = countCalls(own, "createComputePipelineAsync");
    const shared = await webgpu({ device: own });
    const { train } = trainingStep();
    await using first = await compile({ train }, { backend: shared, seed: 1 });
    const before = pipelines();
    await using second = await compile({ train }, { backend: shared, seed: 2 });
    expect(before).toBeGreaterThan(3);
    expect(pipelines()).toBe(before);
    expect([...second.registers.keys()]).toEqual([...first.registers.keys()]);
    own.destroy();
  });

  it("runs more workgroups than one dimension of a dispatch holds", async () => {
    const count = 65_535 * 64 + 1000;
    const x = input("x", "f32", [1]);
    const wide = add(iota("f32", [count]), x.broadcast([count]));
    const main = program({
      inputs: { x },
      outputs: { last: wide.slice([{ start: count - 1 }]), largest: wide.reduceMax(), wide },
    });
    await using session = await compile({ main }, { backend });
    const { last, largest, wide: all } = await session.run("main", { x: Float32Array.of(1) });
    expect(last?.data[0]).toBe(count);
    expect(largest?.item()).toBe(count);
    expect(all?.data.at(-1)).toBe(count);
    expect(all?.data[65_535 * 64]).toBe(65_535 * 64 + 1);
  });

  it("folds a long line in two passes, in the same order every time", async () => {
    const x = input("x", "f32", [3, 50_000]);
    const main = program({
      inputs: { x },
      outputs: {
        sum: x.reduceSum({ axes: [1] }),
        top: x.reduceMax({ axes: [1] }),
        at: x.argMax({ axis: 1 }),
      },
    });
    const data = Float32Array.from({ length: 150_000 }, (_, index) => Math.fround(Math.sin(index * 1.7) + 1));
    const [expected, found] = await both(main, async (session) => {
      const runs = [await session.run("main", { x: data }), await session.run("main", { x: data })];
      return runs.map(({ sum, top, at }) => [sum, top, at].map((output) => [...(output?.data ?? [])]));
    });
    expect(found[1]).toEqual(found[0]);
    found[0]?.[0]?.forEach((sum, line) =>
      expect(Number(sum) / Number(expected[0]?.[0]?.[line])).toBeCloseTo(1, 6),
    );
    expect(found[0]?.slice(1)).toEqual(expected[0]?.slice(1));
  });

  describe("an index that lies outside its axis", () => {
    const table = register("table", "f32", [3], { initial: { kind: "constant", value: 3 } });
    const place = input("place", "i32", [1]);
    const read = gather(table, place.reshape([1, 1]));
    const main = program({
      inputs: { place },
      outputs: { read },
      updates: [{ register: table, next: add(table, read.broadcast([3])) }],
    });

    it("is the error that the CPU gives, and changes no register", async () => {
      const [expected, found] = await both(main, async (session) => {
        const message = await session
          .run("main", { place: Int32Array.of(5) })
          .catch(({ message: text }: Error) => text);
        return { message, state: toNumbers((await session.state())["table"] ?? valueOf("f32", [], [0])) };
      });
      expect(found.message).toMatch(/index 5 lies outside an axis of size 3/);
      expect(found).toEqual(expected);
    });

    it("is forgotten in the next run", async () => {
      await using session = await compile({ main }, { backend });
      await expect(session.run("main", { place: Int32Array.of(-1) })).rejects.toThrow("index -1");
      expect((await session.run("main", { place: Int32Array.of(2) })).read.data[0]).toBe(3);
    });

    it("does not count in a branch that is not taken", async () => {
      const choose = input("choose", "bool", []);
      const [y] = cond(
        choose,
        () => [gather(constant([7, 8]), place.reshape([1, 1]))],
        () => [constant([0])],
      );
      if (y === undefined) throw new Error("cond has a result");
      const graph = program({
        inputs: { choose, place },
        outputs: { y },
      });
      await using session = await compile({ main: graph }, { backend });
      const run = (taken: number): Promise<unknown> =>
        session.run("main", { choose: Uint8Array.of(taken), place: Int32Array.of(9) });
      await expect(run(0)).resolves.toBeDefined();
      await expect(run(1)).rejects.toThrow("index 9");
    });
  });

  it("refuses f64 with the cast to make, and integers that need more than 32 bits", async () => {
    const wide = input("x", "f64", [2]);
    await expect(
      compile({ main: program({ inputs: { x: wide }, outputs: { y: add(wide, wide) } }) }, { backend }),
    ).rejects.toThrow(/no f64.*cast\("f32"\)/);
    const x = input("x", "i64", [1]);
    await using session = await compile(
      { main: program({ inputs: { x }, outputs: { y: add(x, x) } }) },
      { backend },
    );
    expect((await session.run("main", { x: BigInt64Array.of(-3n) })).y.data).toEqual(BigInt64Array.of(-6n));
    await expect(session.run("main", { x: BigInt64Array.of(2n ** 31n) })).rejects.toThrow("held in 32 bits");
  });

  it("names the sizes of a program that the device can't hold, before it runs", async () => {
    const x = input("x", "f32", [1]);
    const main = program({ inputs: { x }, outputs: { y: x.broadcast([2 ** 26]) } });
    await expect(compile({ main }, { backend })).rejects.toThrow(
      /268435456 bytes is planned.*binds 134217728/,
    );
  });

  it("measures its kernels where the session profiles", async () => {
    const x = input("x", "f32", [16, 256]);
    const main = program({ inputs: { x }, outputs: { y: x.exp().reduceSum() } });
    await using session = await compile({ main }, { backend, profile: true });
    await session.run("main", { x: new Float32Array(4096).fill(1) });
    expect(session.explain()[0]?.kernels[0]?.milliseconds).toBeGreaterThan(0);
  });

  it("says that its device was lost, and goes on with a new one from a state that was read", async () => {
    let own: GPUDevice | undefined;
    const lossy = await webgpu({
      gpu: {
        requestAdapter: async () => {
          const adapter = await gpu.requestAdapter();
          if (adapter !== null) {
            const request = adapter.requestDevice.bind(adapter);
            adapter.requestDevice = async (wanted) => (own = await request(wanted));
          }
          return adapter;
        },
      } as GPU, // The one method that the backend calls.
    });
    const { train, feeds } = trainingStep();
    await using session = await compile({ train }, { backend: lossy, seed: 1 });
    for (let step = 0; step < 3; step++) await session.run("train", feeds);
    const state = await session.state();
    const next = (await session.run("train", feeds))["loss"]?.item();
    own?.destroy();
    await expect(session.run("train", feeds)).rejects.toThrow(/AdjointError|the device is lost/);
    await expect(session.state()).rejects.toMatchObject({ name: "AdjointError", code: "backend" });
    await session.recover(state);
    expect((await session.run("train", feeds))["loss"]?.item()).toBe(next);
    lossy[Symbol.dispose]?.();
  });
});
