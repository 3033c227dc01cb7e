import { buildArtifact, wasm } from "@adjoint/backend-wasm";
import { openArtifact } from "@adjoint/backend-wasm/artifact";
import { compile, explain } from "@adjoint/compiler";
import { type Graph, type State, constant, input, program, register, take } from "@adjoint/ir";
import { AdjointError, dim, tensorValue } from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { checksum } from "../src/artifact/checksum.ts";
import { Pool } from "../src/threads/pool.ts";
import { relaxed } from "./relaxed.ts";

const rows = dim("rows");
const x = input("x", "f32", [rows, 3]);
const w = register("w", "f32", [3, 2], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });
const count = register("count", "i64", [], { initial: { kind: "constant", value: 0 } });
const table = constant(tensorValue("f32", [4], Float32Array.of(0.5, -1.25, 3, 7)));
const scores = x.matMul(w).tanh();

/** A step that moves its registers, reads a constant, and looks up by data. */
const step = program({
  inputs: { x },
  outputs: { scores, mean: scores.reduceMean() },
  updates: [
    { register: w, next: w.sub(w.mul(0.125)) },
    { register: count, next: count.add(1) },
  ],
});
const indices = input("indices", "i32", [rows]);
const pick = program({
  inputs: { indices },
  outputs: { picked: take(table, indices).mul(count.cast("f32")) },
});
const entries = { step, pick };
const sizes = [{ rows: 5 }, { rows: 2 }];

const feed = (size: number): { x: { data: Float32Array; shape: number[] } } => ({
  x: {
    data: Float32Array.from({ length: 3 * size }, (_, index) => Math.sin(index + size)),
    shape: [size, 3],
  },
});

/** Runs both entries for both sizes. */
async function results(session: Awaited<ReturnType<typeof compile<typeof entries>>>): Promise<unknown> {
  const found: unknown[] = [];
  for (const size of [5, 2, 5]) {
    const { scores: values, mean } = await session.run("step", feed(size));
    found.push(values.data, values.shape, mean.item());
    const { picked } = await session.run("pick", {
      indices: Int32Array.from({ length: size }, (_, i) => i % 4),
    });
    found.push(picked.data);
  }
  return [found, await session.state()];
}

/** The error that a promise ends in. */
async function errorOf(promise: Promise<unknown>): Promise<AdjointError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AdjointError) return error;
  throw new Error(`ended with ${String(error)}`);
}

describe("an artifact", () => {
  it.for([false, true].filter((fused) => relaxed || !fused))(
    "gives what the backend gives, bit for bit, for all its sizes (fused: %s)",
    async (fused) => {
      await using artifact = await openArtifact<typeof entries>(buildArtifact(entries, { sizes, fused }), {
        seed: 7,
      });
      using backend = await wasm({ threads: 1, deterministic: !fused });
      await using session = await compile(entries, { backend, seed: 7 });
      expect(await results(artifact)).toEqual(await results(session));
      expect([artifact.backend, explain(artifact)]).toEqual(["wasm", []]);
    },
  );

  it("is the same file every time, with data of two entries once", () => {
    const values = Float32Array.from({ length: 1000 }, (_, index) => Math.sin(index));
    const y = input("y", "f32", [1000]);
    const main = program({
      inputs: { y },
      outputs: { sum: y.mul(constant(tensorValue("f32", [1000], values))) },
    });
    const file = buildArtifact({ one: main, two: main });
    expect(buildArtifact({ one: main, two: main })).toEqual(file);
    expect(file.length).toBeGreaterThan(4000);
    expect(file.length).toBeLessThan(8000);
  });

  it("starts from given state, gives it back, and goes on from it in another", async () => {
    const file = buildArtifact(entries, { sizes });
    await using first = await openArtifact<typeof entries>(file, { seed: 3 });
    await results(first);
    const state = await first.state();
    await using second = await openArtifact<typeof entries>(file, { state });
    expect(await second.state()).toEqual(state);
    expect(await results(second)).toEqual(await results(first));
    await second.writeState(state);
    expect(await second.state(["count"])).toEqual({ count: state["count"] });
    await second.recover(state);
    expect(await second.state()).toEqual(state);
    const wrong: State = { count: tensorValue("f32", [], Float32Array.of(1)) };
    expect((await errorOf(openArtifact(file, { state: wrong }))).message).toContain('register "count"');
  });

  it("keeps first values that JSON has no word for", async () => {
    const start = (name: string, value: number): ReturnType<typeof register> =>
      register(name, "f32", [2], { initial: { kind: "constant", value } });
    const values = tensorValue("u8", [3], Uint8Array.of(1, 2, 255));
    const registers = {
      nan: start("nan", NaN),
      low: start("low", -Infinity),
      zero: start("zero", -0),
      data: register("data", "u8", [3], { initial: { kind: "data", value: values } }),
    };
    await using session = await openArtifact(
      buildArtifact({ main: program({ inputs: {}, outputs: registers }) }),
    );
    const { nan, low, zero, data } = await session.state();
    expect([nan?.data, low?.data, zero?.data, data]).toEqual([
      Float32Array.of(NaN, NaN),
      Float32Array.of(-Infinity, -Infinity),
      Float32Array.of(-0, -0),
      values,
    ]);
  });

  it("is read from any bytes, which stay as they are", async () => {
    const values = tensorValue("f32", [3], Float32Array.of(1, 2, 3));
    const start = register("start", "f32", [3], { initial: { kind: "data", value: values } });
    const file = buildArtifact(
      { main: program({ inputs: {}, outputs: { sum: start.reduceSum() } }) },
      { threads: 2, shareFrom: 0 },
    );
    // A Buffer's slices share its memory, and it may begin anywhere.
    const padded = new Uint8Array(file.length + 1);
    padded.set(file, 1);
    const inside = Buffer.from(padded.buffer, 1);
    const given = [file, file.slice().buffer, inside, inside];
    for (const bytes of given) {
      await using session = await openArtifact<{ main: Graph<never, "sum"> }>(bytes, { threads: 1 });
      expect((await session.run("main", {})).sum.item()).toBe(6);
    }
    expect(padded.subarray(1)).toEqual(file);
  });

  it("says where an index of data was out of range, and goes on", async () => {
    await using session = await openArtifact<typeof entries>(buildArtifact(entries, { sizes }));
    const fault = await errorOf(session.run("pick", { indices: Int32Array.of(1, 4) }));
    expect(fault.message).toContain("index 4 lies outside an axis of size 4");
    await session.run("step", feed(2));
    const { picked } = await session.run("pick", { indices: Int32Array.of(1, 3) });
    expect(picked.data).toEqual(Float32Array.of(-1.25, 7));
  });

  it("refuses sizes it was not built for, and feeds that don't fit", async () => {
    await using session = await openArtifact<typeof entries>(buildArtifact(entries, { sizes }));
    const other = await errorOf(session.run("step", feed(4)));
    expect(other.message).toMatchInlineSnapshot(
      `"run "step": was fed x [4, 3] and is built for [5, 3] or [2, 3]. Build the artifact for these sizes too: buildArtifact(entries, { sizes })."`,
    );
    const unfit = await errorOf(session.run("pick", { indices: Float32Array.of(1, 2) as never }));
    expect(unfit.message).toContain("wants a Int32Array");
    expect((await errorOf(session.run("other" as "step", feed(2)))).message).toContain("is not an entry");
  });

  it.for([
    [[], "sizes"],
    [[{ rows: 2 }, {}], 'entry "step" has no size for rows'],
    [[{ rows: 2, columns: 3 }], 'no entry has the symbol "columns"'],
    [[{ rows: -1 }], "Too small: expected ≥ 0"],
    [[{ rows: 1.5 }], "whole number"],
  ] as const)("is not built for sizes %j", ([wrong, message]) => {
    expect(() => buildArtifact(entries, { sizes: wrong })).toThrow(AdjointError);
    expect(() => buildArtifact(entries, { sizes: wrong })).toThrow(message);
  });
});

it("is not built for more memory than code reaches", () => {
  const big = register("big", "f64", [2 ** 30]);
  expect(() => buildArtifact({ main: program({ inputs: {}, outputs: { sum: big.reduceSum() } }) })).toThrow(
    "code reaches 2³²",
  );
});

describe("an artifact for threads", () => {
  const file = buildArtifact(entries, { sizes, threads: 3, shareFrom: 0 });

  /** Opens it, and waits until its threads are there. */
  async function openReady(
    threads: number,
  ): Promise<Awaited<ReturnType<typeof openArtifact<typeof entries>>>> {
    const add = vi.spyOn(Pool.prototype, "add");
    try {
      const session = await openArtifact<typeof entries>(file, { seed: 7, threads });
      for (const pool of add.mock.contexts) {
        if (!(pool instanceof Pool)) throw new Error("of another class");
        expect(pool.size).toBe(Math.min(threads, 3));
        while (!pool.isReady) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(add.mock.contexts.length > 0).toBe(threads > 1);
      return session;
    } finally {
      add.mockRestore();
    }
  }

  it.for([1, 2, 3, 5])("gives the bits of one thread on %s", async (threads) => {
    await using session = await openReady(threads);
    await using alone = await openArtifact<typeof entries>(buildArtifact(entries, { sizes }), { seed: 7 });
    expect(await results(session)).toEqual(await results(alone));
  });

  it("says where an index was out of range on several threads", async () => {
    await using session = await openReady(2);
    const fault = await errorOf(session.run("pick", { indices: Int32Array.of(1, 4) }));
    expect(fault.message).toContain("index 4 lies outside an axis of size 4");
    const { picked } = await session.run("pick", { indices: Int32Array.of(1, 3) });
    expect(picked.shape).toEqual([2]);
  });

  it("opens on a page without shared memory, on one thread", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const make = vi.spyOn(Pool.prototype, "add");
    try {
      await using session = await openArtifact<typeof entries>(file, { seed: 7 });
      await using alone = await openArtifact<typeof entries>(buildArtifact(entries, { sizes }), { seed: 7 });
      expect(await results(session)).toEqual(await results(alone));
      expect(make).not.toHaveBeenCalled();
    } finally {
      vi.unstubAllGlobals();
      make.mockRestore();
    }
  });

  it("opens with as many threads as it is built for where the machine has more than a pool may", async () => {
    vi.stubGlobal("navigator", { hardwareConcurrency: 96 });
    const add = vi.spyOn(Pool.prototype, "add");
    try {
      await using session = await openArtifact<typeof entries>(file, { seed: 7 });
      expect(add.mock.contexts[0]).toMatchObject({ size: 3 });
      expect((await session.run("step", feed(2))).scores.shape).toEqual([2, 2]);
    } finally {
      add.mockRestore();
      vi.unstubAllGlobals();
    }
  });

  it("tells of threads that stopped, not of the code", async () => {
    const add = vi.spyOn(Pool.prototype, "add").mockImplementation(() => {
      throw new AdjointError("backend", "wasm", "a worker stopped");
    });
    try {
      expect((await errorOf(openArtifact(file, { threads: 2 }))).message).toBe("wasm: a worker stopped.");
    } finally {
      add.mockRestore();
    }
  });

  it("ends its threads with the session", async () => {
    const end = vi.spyOn(Pool.prototype, Symbol.dispose);
    try {
      const session = await openReady(2);
      expect(end).not.toHaveBeenCalled();
      await session.close();
      expect(end).toHaveBeenCalledTimes(1);
    } finally {
      end.mockRestore();
    }
  });

  it.for([0, 65, 1.5])("is not built or opened for %s of them", async (threads) => {
    expect(() => buildArtifact(entries, { sizes, threads })).toThrow("not a whole number from 1 to 64");
    expect((await errorOf(openArtifact(file, { threads }))).message).toContain(
      "not a whole number from 1 to 64",
    );
  });
});

describe("a broken artifact is a typed error", () => {
  const file = buildArtifact(entries, { sizes });
  const headerEnd = 16 + new DataView(file.buffer).getUint32(12, true);
  /** With the checksum of what it holds now: what a broken builder would write. */
  const sealed = (other: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    new DataView(other.buffer).setUint32(8, checksum(other.subarray(12)), true);
    return other;
  };

  it("whichever bit of it is another", async () => {
    // A weight, a constant and code among them: none of these would be noticed otherwise.
    for (let bit = 0; bit < 8 * file.length; bit += bit < 256 ? 1 : 101) {
      const other = file.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { code, message } = await errorOf(openArtifact(other));
      expect(code).toBe("state");
      // The first eight bytes say what file it is.
      expect(message).toMatch(bit < 64 ? /no artifact|its layout is/ : /its checksum is another/);
    }
  });

  it("or an older one", async () => {
    const other = file.slice();
    other[7] = 0;
    expect((await errorOf(openArtifact(other))).message).toMatchInlineSnapshot(
      `"openArtifact: the file is broken: its layout is 0, and this release reads 2. Build it again."`,
    );
  });

  it("sums as others do", () => {
    // RFC 3720, appendix B.4; and the check value of the catalogue of CRCs.
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(checksum(bytes)).toBe(0x46dd794e);
    expect(checksum(bytes.toReversed())).toBe(0x113fdb5c);
    expect(checksum(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(checksum(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });

  it("wherever it ends", async () => {
    for (let end = 0; end < file.length; end += end < 16 ? 1 : 97)
      expect((await errorOf(openArtifact(file.subarray(0, end)))).code).toBe("state");
  });

  it("where it is something else", async () => {
    const page = new TextEncoder().encode("<!doctype html><title>404</title>");
    expect((await errorOf(openArtifact(page))).message).toContain("no artifact");
  });

  it("or a session that works, where a byte of its header is another", async () => {
    const outcomes = { refused: 0, opened: 0 };
    const outcomeOf = async (other: Uint8Array): Promise<keyof typeof outcomes> => {
      try {
        await using session = await openArtifact<typeof entries>(other);
        await session.run("step", feed(2));
        return "opened";
      } catch (error) {
        if (error instanceof AdjointError) return "refused";
        throw error;
      }
    };
    const offset = fc.integer({ min: 12, max: headerEnd - 1 });
    await fc.assert(
      fc.asyncProperty(offset, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const other = file.slice();
        other[at] = (other[at] ?? 0) ^ flip;
        outcomes[await outcomeOf(sealed(other))]++;
      }),
      { numRuns: 300 },
    );
    expect(outcomes.refused).toBeGreaterThan(outcomes.opened);
  });

  it.for([
    ["an address beyond the memory", '"address":960', '"address":9600000960'],
    ["a section beyond the file", '"code":{"offset":0', '"code":{"offset":99999999'],
    ["an address that no element can have", '"address":960', '"address":961'],
    ["more pages than there are", '"pages":1', '"pages":99999'],
    ["another version", '"version":2', '"version":1'],
  ] as const)("with %s", async ([, from, to]) => {
    const text = new TextDecoder().decode(file.subarray(16, headerEnd));
    expect(text).toContain(from);
    const header = new TextEncoder().encode(text.replace(from, to));
    const other = new Uint8Array(16 + header.length + file.length - headerEnd);
    other.set(file.subarray(0, 16));
    new DataView(other.buffer).setUint32(12, header.length, true);
    other.set(header, 16);
    other.set(file.subarray(headerEnd), 16 + header.length);
    const { code, message } = await errorOf(openArtifact(sealed(other)));
    expect(code).toBe("state");
    expect(message).not.toContain("checksum");
  });

  it("where its code is no code", async () => {
    const { offset } = JSON.parse(new TextDecoder().decode(file.subarray(16, headerEnd))).entries[0]
      .programs[0].code;
    const other = file.slice();
    other[headerEnd + offset + 4] = 99;
    expect((await errorOf(openArtifact(sealed(other)))).message).toContain("this engine refuses the code");
  });
});
