import { cpu } from "@adjoint/backend-cpu";
import { webgpu } from "@adjoint/backend-webgpu";
import { type Backend, type Session, compile, explain } from "@adjoint/compiler";
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
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuTitle, missingGpu, nodeGpu } from "../gpu.ts";
import { trainingStep } from "./webgpu-training.ts";

/** Counts the calls of a method of an object from here on. */
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

  it(
    "submits once a step, and makes nothing on the device in 10,000 of them",
    { timeout: 180_000 },
    async () => {
      const own = await newDevice();
      const { train, feeds } = trainingStep();
      await using session = await compile({ train }, { backend: await webgpu({ device: own }), seed: 1 });
      const first = (await session.run("train", feeds))["loss"]?.item() as number;
      const submits = countCalls(own.queue, "submit");
      const made = [
        countCalls(own, "createBuffer"),
        countCalls(own, "createBindGroup"),
        countCalls(own, "createBindGroupLayout"),
        countCalls(own, "createComputePipelineAsync"),
        countCalls(own, "createShaderModule"),
        countCalls(own, "createQuerySet"),
      ];
      let last = first;
      for (let step = 0; step < 10_000; step++)
        last = (await session.run("train", feeds))["loss"]?.item() as number;
      expect(submits()).toBe(10_000);
      expect(made.map((count) => count())).toEqual(made.map(() => 0));
      expect(last).toBeLessThan(first / 10);
      own.destroy();
    },
  );

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

  it("folds many lines of thousands by blocks where a CPU computes them, sums as near as a tree's", async () => {
    const [lines, length] = [40, 5003];
    const x = input("x", "f32", [lines, length]);
    const axes = [1];
    const main = program({
      inputs: { x },
      outputs: {
        sum: x.reduceSum({ axes }),
        top: x.reduceMax({ axes }),
        bottom: x.reduceMin({ axes }),
        product: x.reduceProd({ axes }),
        first: x.argMax({ axis: 1 }),
        last: x.argMin({ axis: 1 }),
      },
    });
    const data = Float32Array.from({ length: lines * length }, (_, index) =>
      Math.fround(1 + Math.sin(index * 1.7) / 4096),
    );
    // Equal extremes in two blocks, in a line of its own each, and NaN in the middle of another.
    for (const at of [100, 4000]) data[3 * length + at] = 2;
    for (const at of [64, 65]) data[4 * length + at] = 0.5;
    data[5 * length + 2500] = NaN;
    // One after another, these drift: each addition rounds the same way for long.
    data.fill(Math.fround(0.1), 7 * length, 8 * length);
    const [expected, found] = await both(main, async (session) => {
      const outputs = await session.run("main", { x: data });
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toNumbers(value)]));
    });
    const { sum = [], product = [], ...exact } = found;
    expect(exact).toEqual({
      top: expected["top"],
      bottom: expected["bottom"],
      first: expected["first"],
      last: expected["last"],
    });
    expect([found["first"]?.[3], found["last"]?.[4], found["first"]?.[5]]).toEqual([100, 64, 2500]);
    const finite = Array.from({ length: lines }, (_, line) => line).filter((line) => line !== 5);
    expect([sum[5], product[5]]).toEqual([NaN, NaN]);
    for (const line of finite) {
      const inDoubles = data
        .subarray(line * length, (line + 1) * length)
        .reduce((all, value) => all + value, 0);
      // A tree over 5,003 elements rounds 13 times; blocks are a few times that in the worst case.
      expect(Math.abs((sum[line] ?? NaN) / inDoubles - 1)).toBeLessThan(24 * 2 ** -24);
      expect(product[line]).toBeCloseTo(expected["product"]?.[line] ?? NaN, 3);
    }
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
      /output "y" needs 268435456 bytes.*maxStorageBufferBindingSize is 134217728/,
    );
  });

  it("measures its kernels where the session profiles", async () => {
    const x = input("x", "f32", [16, 256]);
    const main = program({ inputs: { x }, outputs: { y: x.exp().reduceSum() } });
    await using session = await compile({ main }, { backend, profile: true });
    await session.run("main", { x: new Float32Array(4096).fill(1) });
    expect(explain(session)[0]?.kernels[0]?.milliseconds).toBeGreaterThan(0);
  });

  it("says that its device was lost, and ends on a new one with the weights of an undisturbed training", async () => {
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
    const runs = async (on: Session<{ train: Graph }>, count: number): Promise<void> => {
      for (let step = 0; step < count; step++) await on.run("train", feeds);
    };
    await using undisturbed = await compile({ train }, { backend, seed: 1 });
    await runs(undisturbed, 20);
    await using session = await compile({ train }, { backend: lossy, seed: 1 });
    await runs(session, 8);
    const checkpoint = await session.state();
    await runs(session, 3);
    // While a step is under way.
    const lost = session.run("train", feeds);
    own?.destroy();
    await expect(lost).rejects.toThrow(/device is lost.*checkpoint/);
    await expect(session.state()).rejects.toMatchObject({ name: "AdjointError", code: "backend" });
    await session.recover(checkpoint);
    await runs(session, 12);
    expect(await session.state()).toEqual(await undisturbed.state());
    lossy[Symbol.dispose]?.();
  });
});
