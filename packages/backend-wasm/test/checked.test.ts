import "./relaxed.ts";
import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { type Feeds, compile } from "@adjoint/compiler";
import { type Graph, input, program, register } from "@adjoint/ir";
import { AdjointError } from "@adjoint/ir/values";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, type Local, call, f32, i32, v128 } from "../src/emit/index.ts";
import type { KernelEnvironment } from "../src/kernels/environment.ts";
import type { Ranged } from "../src/kernels/ranged.ts";
import { CONTROL_END } from "../src/threads/control.ts";

/** Code that a kernel's units begin with, and what it may know. */
type Plant = (
  body: Body,
  at: {
    readonly address: (buffer: number) => number;
    readonly stores: number;
    readonly first: Local<"i32">;
    readonly workspace: number;
  },
) => void;

const planted = vi.hoisted(() => ({ map: [] as Plant[], reduce: [] as Plant[] }));

function withPlant(
  plants: readonly Plant[],
  { module, addressing }: KernelEnvironment,
  buffer: number | undefined,
  workspace: number,
  ranged: Ranged,
): Ranged {
  const [plant] = plants;
  if (plant === undefined || buffer === undefined) return ranged;
  const callee = module.function(["i32", "i32"], "void", (body, first, last) => {
    plant(body, { address: addressing.address, stores: addressing.address(buffer), first, workspace });
    body.run(call(ranged.callee, first, last));
  });
  return { ...ranged, callee };
}

vi.mock(import("../src/kernels/map.ts"), async (original) => {
  const { mapKernel } = await original();
  return {
    mapKernel: (environment, kernel) =>
      withPlant(planted.map, environment, kernel.stores[0]?.buffer, 0, mapKernel(environment, kernel)),
  };
});
vi.mock(import("../src/kernels/reduce.ts"), async (original) => {
  const actual = await original();
  return {
    ...actual,
    reduceKernel: (environment, kernel, workspace = 0, gap) =>
      withPlant(
        planted.reduce,
        environment,
        kernel.stores[0]?.buffer,
        workspace,
        actual.reduceKernel(environment, kernel, workspace, gap),
      ),
  };
});

afterEach(() => {
  planted.map = [];
  planted.reduce = [];
  vi.restoreAllMocks();
});

const x = input("x", "f32", [400, 10]);
const doubled = program({ inputs: { x }, outputs: { y: x.mul(2) } });
const feeds = { x: Float32Array.from({ length: 4000 }, (_, index) => index) };

async function failure(main: Graph, own: Feeds = feeds, backend?: WasmBackend): Promise<AdjointError> {
  const opened = backend ?? (await wasm({ checked: true, threads: 3 }));
  await using session = await compile({ main }, { backend: opened });
  const error: unknown = await session.run("main", own).catch((thrown: unknown) => thrown);
  if (!(error instanceof AdjointError)) throw new Error(`no AdjointError but ${String(error)}`);
  expect([error.code, error.operation]).toEqual(["backend", "wasm"]);
  return error;
}

describe("checked memory names", () => {
  it("a store behind a result", async () => {
    planted.map = [(body, { stores }) => body.run(f32.store(i32.const(stores), f32.const(1), 16_000))];
    const { message } = await failure(doubled);
    expect(message).toMatch(
      /^wasm: kernel 0 \(map \[4000\] mul; writes result 1 \(slot \d\)\): a store of 4 bytes at \d+ is in none of its regions: 0 bytes behind result 1/,
    );
  });

  it("a store that begins in a result and ends behind it", async () => {
    const lanes = v128.const(new Uint8Array(16));
    planted.map = [(body, { stores }) => body.run(v128.store(i32.const(stores + 15_988), lanes))];
    expect((await failure(doubled)).message).toMatch(
      /a store of 16 bytes at \d+ is in none of its regions: 15988 bytes from the start of the 16000 of result 1/,
    );
  });

  it("a store into what a kernel only reads", async () => {
    planted.map = [(body, { address }) => body.run(f32.store(i32.const(address(1)), f32.const(1)))];
    const row = input("row", "f32", [10]);
    const main = program({ inputs: { x, row }, outputs: { y: x.mul(row) } });
    expect((await failure(main, { ...feeds, row: new Float32Array(10) })).message).toMatch(
      /a store of 4 bytes .* of input "row" \(slot \d\), which it only reads/,
    );
  });

  it("an address that would wrap", async () => {
    planted.map = [(body) => void body.let(f32.load(i32.const(-8), 16))];
    expect((await failure(doubled)).message).toMatch(/a load of 4 bytes at 4294967304 is in none/);
  });

  it("a load from another session's memory", async () => {
    const backend = await wasm({ checked: true });
    const other = register("other", "f32", [64], { initial: { kind: "constant", value: 7 } });
    await using session = await compile(
      { own: program({ inputs: {}, outputs: { y: other.mul(1) } }) },
      { backend },
    );
    planted.map = [(body) => void body.let(f32.load(i32.const(CONTROL_END + 128)))];
    expect((await failure(doubled, feeds, backend)).message).toMatch(
      /a load of 4 bytes at \d+ is in none of its regions: .*, in the memory of register "other"/,
    );
    planted.map = [];
    const { y } = await session.run("own", {});
    expect(y.data).toEqual(new Float32Array(64).fill(7));
  });

  it("a store one vector too far into a workspace part", async () => {
    const main = program({ inputs: { x: input("x", "f32", [40_000]) }, outputs: {} });
    const { x: line } = main.inputs;
    const sum = program({ inputs: { x: line }, outputs: { y: line.reduceSum() } });
    const own = { x: new Float32Array(40_000) };
    planted.reduce = [
      // Four parts or more of one sum, for which there is room for a vector of four doubles.
      (body, { workspace }) =>
        body.run(v128.store(i32.const(workspace), v128.const(new Uint8Array(16)), 4 * 32)),
    ];
    expect((await failure(sum, own)).message).toMatch(
      /kernel 0 \(reduce .*a store of 16 bytes at \d+ is in none of its regions: 0 bytes behind workspace part "partial 0"/,
    );
  });

  it("parts that write one element", async () => {
    planted.map = [(body, { stores }) => body.run(f32.store(i32.const(stores), f32.const(1)))];
    const { message } = await failure(doubled);
    expect(message).toMatch(
      /a part that another thread may compute at the same time has touched what a store of 4 bytes at \d+ takes in result 1 \(slot \d\) \(parts 0\)/,
    );
  });

  it("a part that reads what another one writes", async () => {
    planted.map = [
      (body, { stores, first }) => body.if(first, () => void body.let(f32.load(i32.const(stores)))),
    ];
    expect((await failure(doubled)).message).toMatch(
      /a part .* has written what a load of 4 bytes at \d+ takes in result 1 \(slot \d\) \(parts 0\)/,
    );
  });

  it("a part that writes what others have read", async () => {
    // In place: the last part's own store meets what all have read.
    const state = register("state", "f32", [4000], { initial: { kind: "constant", value: 1 } });
    const main = program({
      inputs: {},
      outputs: {},
      updates: [{ register: state, next: state.mul(2) }],
    });
    planted.map = [(body, { stores }) => void body.let(f32.load(i32.const(stores), 15_996))];
    expect((await failure(main, {})).message).toMatch(
      /has touched what a store of 16 bytes at \d+ takes in register "state" \(parts \d, several\)/,
    );
  });

  it("a write between regions that no guard has seen", async () => {
    planted.map = [
      (body, { stores }) =>
        body.under(undefined, () => body.run(f32.store(i32.const(stores), f32.const(1), 16_000 + 16))),
    ];
    expect((await failure(doubled)).message).toMatch(
      /kernel 0 \(map .*: the byte at \d+, which belongs to no region, has changed: 1[68] bytes behind result 1/,
    );
  });

  it("a write into the gap behind another session's register", async () => {
    const backend = await wasm({ checked: true });
    const other = register("other", "f32", [10], { initial: { kind: "constant", value: 7 } });
    await using session = await compile(
      { own: program({ inputs: {}, outputs: { y: other.mul(1) } }) },
      { backend },
    );
    planted.map = [
      (body) => body.under(undefined, () => body.run(f32.store(i32.const(CONTROL_END + 44), f32.const(1)))),
    ];
    expect((await failure(doubled, feeds, backend)).message).toMatch(
      /the byte at \d+, which belongs to no region, has changed: .*, in the memory of register "other"/,
    );
    // Its own value is whole.
    planted.map = [];
    expect((await session.run("own", {})).y.data).toEqual(new Float32Array(10).fill(7));
  });
});

describe("checked memory", () => {
  it("shows results that a kernel does not write", async () => {
    const run = async (main: Graph): Promise<ArrayLike<number | bigint> | undefined> => {
      await using session = await compile({ main }, { backend: await wasm({ checked: true }) });
      return (await session.run("main", feeds))["y"]?.data;
    };
    const turned = program({ inputs: { x }, outputs: { y: x.transpose().mul(2) } });
    expect((await run(turned))?.[3999]).toBe(7998);
    // The kernel leaves all its work undone.
    planted.map = [(body) => body.return()];
    expect(Array.from((await run(turned)) ?? [], Number)).toEqual(Array.from({ length: 4000 }, () => NaN));
  });

  it("gives the bits that the same code gives unchecked, and the backend goes on after a fault", async () => {
    const backend = await wasm({ checked: true, threads: 2 });
    planted.map = [(body, { stores }) => body.run(f32.store(i32.const(stores), f32.const(1), 16_000))];
    await failure(doubled, feeds, backend);
    planted.map = [];
    const w = input("w", "f32", [10, 7]);
    const main = program({
      inputs: { x, w },
      outputs: {
        y: x
          .sin()
          .matMul(w)
          .tanh()
          .reduceSum({ axes: [0] }),
      },
    });
    const own = { ...feeds, w: Float32Array.from({ length: 70 }, (_, index) => Math.cos(index)) };
    const results: unknown[] = [];
    for (const each of [backend, await wasm({ threads: 1 })]) {
      await using session = await compile({ main }, { backend: each });
      results.push((await session.run("main", own)).y.data.slice());
    }
    expect(results[0]).toEqual(results[1]);
    expect(backend.threads).toBe(2);
  });
});
