import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import { type Graph, input, matMul, program, register, take } from "@adjoint/ir";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Body, ModuleBuilder, type Value, call, i32 } from "../src/emit/index.ts";
import { Arena } from "../src/memory-layout.ts";
import { emitBarrier } from "../src/threads/barrier.ts";
import { control } from "../src/threads/control.ts";
import type { Code } from "../src/threads/pool.ts";
import { Pool } from "../src/threads/pool.ts";

const until = async (isDone: () => boolean): Promise<void> => {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 1));
};

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
    for (const threads of [1, 2, 3]) {
      // All kernels are shared, however small.
      const backend = await wasm({ threads, shareFrom: 0 });
      backends.push(backend);
      await until(() => backend.threads === threads);
    }
  });
  afterAll(() => {
    for (const backend of backends) backend[Symbol.dispose]();
  });

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

  it("reports a lookup out of range that a worker meets, and runs on", async () => {
    const [table, at] = [input("x", "f32", [4, 3]), input("at", "i32", [40_000])];
    const main = program({ inputs: { table, at }, outputs: { y: take(table, at, 0).mul(2) } });
    for (const backend of backends) {
      await using session = await compile({ main }, { backend });
      const places = new Int32Array(40_000);
      places[39_999] = 9;
      const rows = noise(12);
      await expect(session.run("main", { table: rows, at: places })).rejects.toThrow(
        /index 9 lies outside an axis of size 4/,
      );
      places[39_999] = 3;
      const { y } = await session.run("main", { table: rows, at: places });
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

describe("a pool", () => {
  /** A function that all threads call, with what one of them does first. */
  async function poolWith(
    write: (body: Body, thread: Value<"i32">) => void,
  ): Promise<{ readonly pool: Pool; readonly run: () => number; readonly memory: WebAssembly.Memory }> {
    const arena = new Arena(true);
    const module = new ModuleBuilder();
    module.importMemory("adjoint", "memory", arena.type);
    const barrier = emitBarrier(module, module.importFunction("adjoint", "now", [], "f64"));
    module.export(
      "run",
      module.function(["i32", "i32"], "i32", (body, thread, threads) => {
        write(body, thread);
        return call(barrier, thread, threads);
      }),
    );
    const compiled = await WebAssembly.compile(module.finish());
    const { exports } = await WebAssembly.instantiate(compiled, {
      adjoint: { memory: arena.memory, now: () => performance.now() },
    });
    const pool = new Pool(arena.memory, 2);
    const code = exports["run"] as Code;
    const pooled = pool.add(compiled, ["run"]);
    await until(() => pool.isReady);
    await pool.settle(pooled);
    return { pool, run: () => pool.run(pooled, 0, code), memory: arena.memory };
  }

  it("reports a worker that crashes in a step instead of waiting for it", async () => {
    const { pool, run } = await poolWith((body, thread) => {
      body.if(i32.eq(thread, i32.const(1)), () => body.unreachable());
    });
    expect(run).toThrow(/a worker stopped/);
    expect(run).toThrow(/Open a new backend/);
    pool[Symbol.dispose]();
  });

  it("runs every step on all threads", async () => {
    const counter = control.received + 4 * 60;
    const { pool, run, memory } = await poolWith((body) => {
      body.run(i32.atomicRmw.add(i32.const(counter), i32.const(1)));
    });
    for (let step = 0; step < 2000; step++) expect(run()).toBe(0);
    expect(new Int32Array(memory.buffer)[counter >> 2]).toBe(2 * 2000);
    pool[Symbol.dispose]();
    expect(run).toThrow(/closed/);
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
