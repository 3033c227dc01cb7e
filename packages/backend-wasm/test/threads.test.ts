import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import { type Graph, gradients, input, matMul, program, register, scan, take } from "@adjoint/ir";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  type Callee,
  type Local,
  ModuleBuilder,
  type Value,
  call,
  f64,
  i32,
  select,
} from "../src/emit/index.ts";
import { Arena } from "../src/memory-layout.ts";
import { WORK, control } from "../src/threads/control.ts";
import { Pace } from "../src/threads/pace.ts";
import { BROKEN, type Code, Pool } from "../src/threads/pool.ts";
import { type SharedKernel, Team } from "../src/threads/team.ts";

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

/** A program of a pool: its functions are written by `write`, in which threads share kernels. */
async function poolOf(
  threads: number,
  write: (team: Team, end: Callee<readonly ["f64"], "i32">) => (body: Body) => void,
  programs = 1,
): Promise<{
  readonly pool: Pool;
  /** Runs one of the programs. */
  readonly run: (which?: number) => number;
  readonly words: Int32Array<ArrayBufferLike>;
}> {
  const arena = new Arena(true);
  const module = new ModuleBuilder();
  module.importMemory("adjoint", "memory", arena.type);
  // A dying worker ends where it calls this.
  const end = module.importFunction("adjoint", "isLost", ["f64"], "i32");
  const team = new Team(module);
  const statements = write(team, end);
  const code = module.function([], "i32", (body) => {
    statements(body);
    return i32.const(0);
  });
  module.export("run", code);
  module.export(WORK, team.finish());
  const compiled = await WebAssembly.compile(module.finish());
  const pool = new Pool(arena.memory, threads);
  const { exports } = await WebAssembly.instantiate(compiled, {
    adjoint: {
      memory: arena.memory,
      now: () => performance.now(),
      isLost: (waited: number) => (pool.isLost(waited) ? 1 : 0),
    },
  });
  const own = exports["run"] as Code;
  const numbers = Array.from({ length: programs }, () => pool.add(compiled));
  await until(() => pool.isReady);
  const run = (which = 0): number => pool.run(numbers[which] ?? 0, own);
  return { pool, run, words: new Int32Array(arena.memory.buffer, 0, 16384) };
}

/** Statements that wait until a word is not 0. */
const waitFor = (body: Body, address: number): void =>
  body.loop((again) => body.jumpIf(again, i32.eqz(i32.atomicLoad(i32.const(address)))));

const shared = (body: Body, team: Team, kernel: SharedKernel): void =>
  body.if(team.share(kernel), () => body.return(i32.const(-1)));

/** Workers start from this file. @returns those that have. */
function workersFrom(file: string): readonly Worker[] {
  const started: Worker[] = [];
  const url = new URL(file, import.meta.url);
  const builtin = process.getBuiltinModule;
  class Known extends Worker {
    constructor() {
      super(url);
      started.push(this);
    }
  }
  vi.spyOn(process, "getBuiltinModule").mockImplementation((name: string) =>
    name === "node:worker_threads" ? { ...builtin(name), Worker: Known } : builtin(name),
  );
  return started;
}

/** Words of the test behind those of the threads. */
const OWN = 2048;

/** All threads are offered every job, on machines of few processors too. */
const allTakePart = (): void =>
  void vi.spyOn(Pace.prototype, "threads").mockImplementation(() => 2 + (turn++ % 8));
let turn = 0;

describe("a pool", () => {
  beforeEach(allTakePart);
  afterEach(() => void vi.restoreAllMocks());

  it("reports a worker that crashes in a step instead of waiting for it", async () => {
    const { pool, run } = await poolOf(2, (team) => (body) => {
      shared(body, team, {
        parts: 2,
        wakes: true,
        // The owner leaves the other part to the worker.
        write: (inner, thread) =>
          inner.if(
            thread,
            () => inner.unreachable(),
            () => waitFor(inner, control.broken),
          ),
      });
    });
    expect(run()).toBe(BROKEN);
    expect(run()).toBe(BROKEN);
    expect(String(await pool.failure())).toMatch(/a worker stopped: unreachable\. Open a new backend/);
    pool[Symbol.dispose]();
  });

  it("tells within two seconds of a worker that ends in the middle of a step, and every program of it", async () => {
    workersFrom("./dying-worker.mjs");
    const { pool, run } = await poolOf(
      2,
      (team, end) => (body) => {
        shared(body, team, {
          parts: 2,
          wakes: true,
          write: (inner, thread) =>
            inner.if(
              thread,
              () => {
                inner.run(i32.atomicStore(i32.const(OWN), i32.const(1)));
                inner.run(call(end, f64.const(0)));
              },
              () => waitFor(inner, OWN),
            ),
        });
      },
      2,
    );
    const began = performance.now();
    expect(run()).toBe(BROKEN);
    expect(String(await pool.failure())).toContain("a worker stopped: it exited with code 7");
    expect(performance.now() - began).toBeLessThan(2000);
    expect(run(1)).toBe(BROKEN);
    pool[Symbol.dispose]();
  });

  it("goes on without a worker that ends between two steps", async () => {
    const workers = workersFrom("../worker.js");
    const { pool, run, words } = await poolOf(2, (team) => (body) => {
      shared(body, team, {
        parts: 8,
        wakes: true,
        write: (inner, _, from, to) => inner.run(i32.atomicRmw.add(i32.const(OWN), i32.sub(to, from))),
      });
    });
    expect([pool.size, run()]).toEqual([2, 0]);
    await workers[0]?.terminate();
    await until(() => pool.size === 1);
    expect([run(), words[OWN >> 2]]).toEqual([0, 16]);
    pool[Symbol.dispose]();
  });

  it("says that it has been closed", async () => {
    const { pool, run } = await poolOf(2, (team) => (body) => {
      shared(body, team, { parts: 2, wakes: true, write: () => {} });
    });
    expect(run()).toBe(0);
    pool[Symbol.dispose]();
    expect(run()).toBe(BROKEN);
    expect(String(await pool.failure())).toMatch(/closed/);
  });

  it.for([2, 3, 5, 8])(
    "every part is done once, before the next kernel, by %i threads that come late",
    { timeout: 30_000 },
    async (threads) => {
      const PARTS = 13;
      const word = (row: number, column: Value<"i32">): Value<"i32"> =>
        i32.add(i32.const(OWN + 64 * 4 * row), i32.shl(column, i32.const(2)));
      const seed = i32.const(OWN - 4);
      /** Threads take turns at being late, by some microseconds or, rarely, far longer. */
      const dawdle = (body: Body, thread: Value<"i32">, part: Value<"i32">): void => {
        const hash = body.let(i32.add(i32.mul(thread, i32.const(0x9e3779b1)), i32.load(seed)));
        body.set(hash, i32.mul(i32.xor(hash, part), i32.const(0x85ebca6b)));
        body.set(hash, i32.shrU(hash, i32.const(20)));
        body.set(
          hash,
          select(i32.ltU(hash, i32.const(4080)), i32.shrU(hash, i32.const(6)), i32.mul(hash, i32.const(16))),
        );
        const turns = body.let(i32.const(0));
        const sum = i32.const(OWN - 8);
        body.for(turns, hash, 1, () => body.run(i32.atomicLoad(sum)));
      };
      const overParts =
        (write: (body: Body, part: Local<"i32">, next: Value<"i32">) => void): SharedKernel["write"] =>
        (body, thread, from, to) => {
          const part = body.let(from);
          body.for(part, to, 1, () => {
            dawdle(body, thread, part);
            const next = body.let(i32.remU(i32.add(part, i32.const(1)), i32.const(PARTS)));
            write(body, part, next);
          });
        };
      const plus = (a: Value<"i32">, b: Value<"i32">): Value<"i32"> => i32.add(i32.mul(a, i32.const(3)), b);
      const { pool, run, words } = await poolOf(
        threads,
        (team) => (body) => {
          const counter = body.let(i32.const(0));
          body.for(counter, i32.const(3), 1, () => {
            // Each reads what others have just written.
            for (const [from, to] of [
              [0, 1],
              [1, 0],
            ] as const)
              shared(body, team, {
                parts: PARTS,
                wakes: true,
                write: overParts((inner, part, next) =>
                  inner.run(
                    i32.store(
                      word(to, part),
                      plus(i32.load(word(from, next)), plus(i32.load(word(to, part)), part)),
                    ),
                  ),
                ),
              });
          });
        },
        2,
      );
      const rows = [0, 1].map(() => new Int32Array(PARTS));
      // On a busy machine it can take long until a worker gets a turn.
      const deadline = performance.now() + 20_000;
      for (let step = 0; step < 400 || (pool.helped === 0 && performance.now() < deadline); step++) {
        words[(OWN - 4) >> 2] = step;
        expect(run(step % 3 === 0 ? 1 : 0)).toBe(0);
        for (let turns = 0; turns < 3; turns++)
          for (const [from, to] of [
            [0, 1],
            [1, 0],
          ] as const) {
            const [source, target] = [rows[from] ?? new Int32Array(), rows[to] ?? new Int32Array()];
            target.forEach((old, part) => {
              const next = source[(part + 1) % PARTS] ?? 0;
              target[part] = Math.imul(next, 3) + (Math.imul(old, 3) + part);
            });
          }
      }
      for (const row of [0, 1]) {
        const start = (OWN + 64 * 4 * row) >> 2;
        expect(words.slice(start, start + PARTS)).toEqual(rows[row]);
      }
      expect(pool.helped).toBeGreaterThan(0);
      pool[Symbol.dispose]();
    },
  );
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
