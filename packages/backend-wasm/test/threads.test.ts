import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import { type Graph, gradients, input, matMul, program, register, scan, take } from "@adjoint/ir";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { allTakePart, until } from "./threads-support.ts";

const noise = (length: number): Float32Array =>
  new Float32Array(length).map((_, index) => Math.fround(Math.sin(index * 12.9898) * 1.5));

async function outputOf(backend: WasmBackend, main: Graph, feeds: Feeds, steps = 1): Promise<Float32Array> {
  await using session = await compile({ main }, { backend });
  for (let step = 1; step < steps; step++) await session.run("main", feeds);
  const { y } = await session.run("main", feeds);
  return Float32Array.from(y?.data as Float32Array);
}

describe("several threads", () => {
  const backends: WasmBackend[] = [];
  beforeAll(async () => {
    for (const threads of [1, 2, 3, 5, 8]) {
      // All kernels are shared, however small.
      const backend = await wasm({ threads, shareFrom: 0 });
      backends.push(backend);
      await until(() => backend.threads === threads);
    }
  });
  afterAll(() => {
    for (const backend of backends) backend[Symbol.dispose]();
  });
  beforeEach(allTakePart);
  afterEach(() => void vi.restoreAllMocks());

  const x = input("x", "f32", [301, 203]);
  const w = input("w", "f32", [203, 97]);
  const feeds = { x: noise(301 * 203), w: noise(203 * 97) };
  const graphs: { readonly [name: string]: Graph } = {
    elementwise: program({ inputs: { x }, outputs: { y: x.mul(3).tanh().add(x.exp()) } }),
    rows: program({ inputs: { x }, outputs: { y: x.reduceSum({ axes: 1 }).add(1) } }),
    columns: program({ inputs: { x }, outputs: { y: x.reduceSum({ axes: 0 }) } }),
    everything: program({ inputs: { x }, outputs: { y: x.mul(x).reduceSum().reshape([1]) } }),
    product: program({ inputs: { x, w }, outputs: { y: matMul(x, w).max(0) } }),
    chain: program({
      inputs: { x, w },
      outputs: { y: matMul(matMul(x, w).tanh(), matMul(x, w).transpose()).reduceSum({ axes: 1 }).sin() },
    }),
    cumulative: program({ inputs: { x }, outputs: { y: x.cumSum({ axis: 1 }) } }),
  };

  it.for(Object.entries(graphs))("%s: the same bits as one thread gives", async ([, graph]) => {
    const own = Object.fromEntries(Object.keys(graph.inputs).map((name) => [name, feeds[name as "x" | "w"]]));
    const [one, ...others] = await Promise.all(
      // Several steps, so that shares of different steps could mix if threads did not wait.
      backends.map((backend) => outputOf(backend, graph, own, 20)),
    );
    for (const other of others) expect(other).toEqual(one);
  });

  it("sessions of one backend, run by turns, come to the same bits as on one thread", async () => {
    const y = input("y", "f32", [100, 24]);
    const images = input("images", "f32", [100, 40]);
    const start = { kind: "uniform", low: -0.3, high: 0.3 } as const;
    const [first, second] = [
      register("first", "f32", [40, 64], { initial: start }),
      register("second", "f32", [64, 24], { initial: start }),
    ];
    const miss = matMul(matMul(images, first).tanh(), second).sub(y);
    const loss = miss.mul(miss).reduceMean();
    const learned = [first, second].map((weight, index) => ({
      register: weight,
      next: weight.sub((gradients(loss, [first, second])[index] ?? weight).mul(0.1)),
    }));
    const memory = register("memory", "f32", [33, 48], { initial: start });
    const mix = register("mix", "f32", [48, 48], { initial: start });
    const { carry } = scan({ carry: [memory], length: 7 }, ([h = memory]) => ({
      carry: [matMul(h, mix).sin().add(h.mul(0.5))],
    }));
    const entries: readonly Graph[] = [
      program({ inputs: { images, y }, outputs: { loss }, updates: learned }),
      program({ inputs: {}, outputs: {}, updates: [{ register: memory, next: carry[0] ?? memory }] }),
      program({ inputs: { y }, outputs: { sums: y.cumSum({ axis: 0 }).reduceMax({ axes: 0 }) } }),
    ];
    const all = { images: noise(4000), y: noise(2400) };
    const results = await Promise.all(
      backends.map(async (backend) => {
        const sessions = await Promise.all(entries.map((main) => compile({ main }, { backend, seed: 3 })));
        const losses: unknown[] = [];
        for (let step = 0; step < 60; step++)
          for (const [index, session] of sessions.entries()) {
            const names = Object.keys(entries[index]?.inputs ?? {});
            const own = Object.fromEntries(names.map((name) => [name, all[name as keyof typeof all]]));
            const outputs = await session.run("main", own);
            losses.push(Object.values(outputs).map(({ data }) => Array.from(data as Float32Array)));
          }
        const states = await Promise.all(sessions.map((session) => session.state()));
        for (const session of sessions) await session.close();
        return { losses, states };
      }),
    );
    const [one, ...others] = results;
    for (const other of others) expect(other).toEqual(one);
  });

  it("reports a lookup out of range that a worker meets, and runs on", async () => {
    const [table, at] = [input("x", "f32", [4, 3]), input("at", "i32", [40_000])];
    const main = program({ inputs: { table, at }, outputs: { y: take(table, at, 0).mul(2) } });
    for (const backend of backends) {
      await using session = await compile({ main }, { backend });
      const indices = new Int32Array(40_000);
      indices[39_999] = 9;
      const rows = noise(12);
      await expect(session.run("main", { table: rows, at: indices })).rejects.toThrow(
        /index 9 lies outside an axis of size 4/,
      );
      indices[39_999] = 3;
      const { y } = await session.run("main", { table: rows, at: indices });
      expect(y.data.at(-1)).toBe(2 * (rows[11] ?? 0));
    }
  });

  it("keeps registers through steps of several threads", async () => {
    const count = register("count", "f32", [50_000]);
    const step = program({
      inputs: {},
      outputs: { y: count.mul(1) },
      updates: [{ register: count, next: count.add(1) }],
    });
    const state = { count: { dtype: "f32", shape: [50_000], data: new Float32Array(50_000) } as const };
    for (const backend of backends) {
      await using session = await compile({ step }, { backend, state });
      for (let index = 0; index < 200; index++) await session.run("step", {});
      expect((await session.state())["count"]?.data).toEqual(new Float32Array(50_000).fill(200));
    }
  });

  it("uses the memory of closed sessions again", async () => {
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    const big = register("big", "f32", [1_000_000]);
    const step = program({ inputs: {}, outputs: {}, updates: [{ register: big, next: big.add(1) }] });
    for (const backend of backends) {
      const grown: number[] = [];
      for (let turn = 0; turn < 4; turn++) {
        grow.mockClear();
        await using session = await compile({ step }, { backend });
        await session.run("step", {});
        grown.push(grow.mock.calls.length);
      }
      expect(grown.slice(1)).toEqual([0, 0, 0]);
    }
    grow.mockRestore();
  });
});

describe("where workers can't be started", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("one thread runs everything", async () => {
    const told = vi.fn<() => void>();
    vi.stubGlobal(
      "Worker",
      class {
        readonly postMessage = told;
        readonly terminate = told;
        addEventListener(type: string, listener: (event: { readonly message: string }) => void): void {
          if (type === "error") setTimeout(() => listener({ message: "forbidden by the page" }), 0);
        }
      },
    );
    using backend = await wasm({ threads: 2, shareFrom: 0 });
    const x = input("x", "f32", [5000]);
    const main = program({ inputs: { x }, outputs: { y: x.mul(2) } });
    const y = await outputOf(backend, main, { x: noise(5000) }, 3);
    await until(() => told.mock.calls.length > 1);
    expect(await outputOf(backend, main, { x: noise(5000) })).toEqual(y);
    expect(y[7]).toBe(2 * (noise(8)[7] ?? 0));
    expect(backend.threads).toBe(1);
  });
});

describe("a process", () => {
  it("ends although workers sleep", { timeout: 20_000 }, async () => {
    const [run, script] = ["../../../test/from-sources.mjs", "ends.ts"].map((file) =>
      fileURLToPath(new URL(file, import.meta.url)),
    );
    const child = spawn(process.execPath, [run ?? "", script ?? ""], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, out.trim()]).toEqual([0, "2 threads, sum 3000000"]);
  });
});
