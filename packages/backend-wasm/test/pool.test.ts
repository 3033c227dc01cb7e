import process from "node:process";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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
import { BROKEN, type Code, Pool } from "../src/threads/pool.ts";
import { type SharedKernel, Team } from "../src/threads/team.ts";
import { allTakePart, until } from "./threads-support.ts";

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

describe("a pool", () => {
  beforeEach(allTakePart);
  afterEach(() => void vi.restoreAllMocks());

  it("starts in Node also if a library has made Node's workers the global ones", async () => {
    vi.stubGlobal("Worker", Worker);
    try {
      const { pool, run } = await poolOf(2, (team) => (body) => {
        shared(body, team, { parts: 2, wakes: true, write: () => undefined });
      });
      expect(run()).not.toBe(BROKEN);
      pool[Symbol.dispose]();
    } finally {
      vi.unstubAllGlobals();
    }
  });

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
