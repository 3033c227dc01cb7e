import { describe, expect, it } from "vitest";
import { input, program, register } from "@adjoint/ir";
import { AdjointError, dim, dtypeInfo, tensorValue } from "@adjoint/ir/values";
import { Output, type Session, compile, explain } from "@adjoint/compiler";
import { stub } from "./stub-backend.ts";

const batch = dim("batch");
const x = input("x", "f32", [batch, 2]);
const open = program({ inputs: { x }, outputs: { y: x.add(1), sum: x.reduceSum() } });
const weight = register("weight", "f32", [2], { initial: { kind: "constant", value: 3 } });
const step = program({
  inputs: {},
  outputs: { total: weight.reduceSum() },
  updates: [{ register: weight, next: weight.mul(2) }],
});
const f32 = (...elements: number[]): Float32Array<ArrayBuffer> => Float32Array.from(elements);
const of = (rows: number): Float32Array => new Float32Array(2 * rows);

describe("a session's cache", () => {
  it("compiles what has all its sizes at once, and what has symbols at its first run", async () => {
    const backend = stub();
    await using session = await compile({ open, step }, { backend });
    expect(backend.programs.map((compiled) => compiled.outputs.map(({ name }) => name))).toEqual([["total"]]);
    await session.run("open", { x: of(3) });
    expect(backend.programs[1]?.inputs.map(({ shape }) => shape)).toEqual([[3, 2]]);
  });

  it("has one program for each set of sizes", async () => {
    const backend = stub();
    await using session = await compile({ open }, { backend });
    for (const rows of [3, 5, 3, 5, 3]) {
      const { y } = await session.run("open", { x: of(rows) });
      expect(y.shape).toEqual([rows, 2]);
    }
    expect(backend.programs).toHaveLength(2);
    expect(backend.events.filter((event) => event.startsWith("start"))).toEqual(
      [1, 2, 1, 2, 1].map((number) => `start ${number}`),
    );
    expect(explain(session).map(({ inputs }) => inputs)).toEqual([["x: f32[5, 2]"], ["x: f32[3, 2]"]]);
  });

  it("keeps 16 of an entry, and lets the one go that was not used for longest", async () => {
    const backend = stub();
    await using session = await compile({ open }, { backend });
    for (let rows = 1; rows <= 16; rows++) await session.run("open", { x: of(rows) });
    await session.run("open", { x: of(1) });
    expect(backend.programs).toHaveLength(16);
    await session.run("open", { x: of(17) });
    expect(backend.events.filter((event) => event.startsWith("dispose"))).toEqual(["dispose 2"]);
    await session.run("open", { x: of(1) });
    expect(backend.programs).toHaveLength(17);
    await session.run("open", { x: of(2) });
    expect(backend.programs).toHaveLength(18);
    expect(explain(session)).toHaveLength(16);
  });

  it("is not touched by a compilation that failed", async () => {
    let broken = true;
    const backend = stub({ fails: (call) => call === "compile" && broken });
    await using session = await compile({ open }, { backend });
    await expect(session.run("open", { x: of(1) })).rejects.toThrow("compile failed");
    broken = false;
    await session.run("open", { x: of(1) });
    expect(backend.programs).toHaveLength(1);
  });
});

describe("a session's runs", () => {
  it("happen one after the other, in the order in which they were asked for", async () => {
    const backend = stub({ turns: 5 });
    await using session = await compile({ open, step }, { backend });
    const runs = [
      session.run("open", { x: of(1) }),
      session.state(),
      session.run("step", {}),
      session.writeState({ weight: tensorValue("f32", [2], f32(1, 2)) }),
      session.run("open", { x: of(1) }),
    ];
    await Promise.all(runs);
    const [, , ...events] = backend.events;
    expect(events).toEqual([
      "compile 2",
      "start 2",
      "end 2",
      "read weight",
      "start 1",
      "end 1",
      "write weight",
      "start 2",
      "end 2",
    ]);
  });

  it("go on after one that failed", async () => {
    let broken = true;
    const backend = stub({ fails: (call) => call === "run" && broken });
    await using session = await compile({ step }, { backend });
    const failed = session.run("step", {});
    const next = session.state();
    await expect(failed).rejects.toThrow("run failed");
    await expect(next).resolves.toHaveProperty("weight");
    broken = false;
    await expect(session.run("step", {})).resolves.toHaveProperty("total");
  });

  it("give outputs that later runs don't change", async () => {
    const backend = stub();
    await using session = await compile({ open }, { backend });
    const first = await session.run("open", { x: of(2) });
    const second = await session.run("open", { x: of(2) });
    expect([...first.y.data, first.sum.item()]).toEqual([1, 1, 1, 1, 1]);
    expect([...second.y.data, second.sum.item()]).toEqual([2, 2, 2, 2, 2]);
    expect(first.y).toMatchObject({ dtype: "f32", shape: [2, 2] });
    expect(first.sum).toMatchObject({ dtype: "f32", shape: [], data: f32(1) });
    // The array of a single element is made once it is asked for, and stays.
    expect(first.sum.data).toBe(first.sum.data);
    expect(() => first.y.item()).toThrow("item: f32[2, 2] has 4 elements. Read .data.");
  });

  it.each([
    ["f16", 0x3c00, 1],
    ["bf16", 0x4000, 2],
    ["i64", 7n, 7],
    ["bool", 1, 1],
  ] as const)("give the number of one element of %s", (dtype, stored, expected) => {
    const view = new dtypeInfo[dtype].array(1);
    view[0] = stored;
    const output = new Output(dtype, [1], view);
    view[0] = typeof stored === "bigint" ? 0n : 0;
    expect(output.item()).toBe(expected);
    expect(output.data[0]).toBe(stored);
  });

  it("refuse an entry that is not there", async () => {
    await using session: Session = await compile({ step, open }, { backend: stub() });
    await expect(session.run("train", {})).rejects.toThrow(
      'run "train": is not an entry of this session. The entries are step, open.',
    );
    await expect(session.run("toString", {})).rejects.toThrow("is not an entry");
  });
});

describe("a session's state", () => {
  it("starts from initial values, those given, and the seed", async () => {
    const noise = register("noise", "f32", [4], {
      initial: { kind: "normal", mean: 0, standardDeviation: 1 },
    });
    const entry = program({ inputs: {}, outputs: { y: noise.add(1), w: weight.add(0) } });
    const start = async (seed?: number): Promise<readonly number[]> => {
      await using session = await compile(
        { entry },
        { backend: stub(), ...(seed === undefined ? {} : { seed }) },
      );
      const state = await session.state();
      expect([...(state["weight"]?.data ?? [])]).toEqual([3, 3]);
      return [...(state["noise"]?.data ?? [])].map(Number);
    };
    expect(await start(1)).toEqual(await start(1));
    expect(await start(1)).not.toEqual(await start(2));
    expect(await start()).toEqual(await start(0));
    const state = { weight: tensorValue("f32", [2], f32(8, 9)) };
    await using session = await compile({ entry }, { backend: stub(), state });
    expect([...((await session.state(["weight"]))["weight"]?.data ?? [])]).toEqual([8, 9]);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN, Infinity])("has no seed %s", async (seed) => {
    await expect(compile({ step }, { backend: stub(), seed })).rejects.toThrow(
      `compile: seed ${seed} is no whole number from 0 to 2³²−1.`,
    );
  });

  it("takes the largest seed", async () => {
    await expect(compile({ step }, { backend: stub(), seed: 0xffffffff })).resolves.toBeDefined();
  });

  it("has the registers of all entries, one for a name", async () => {
    const other = program({
      inputs: {},
      outputs: { y: weight.add(register("more", "i32", []).cast("f32")) },
    });
    await using session = await compile({ step, other }, { backend: stub() });
    expect([...session.registers.keys()].toSorted()).toEqual(["more", "weight"]);
    expect(Object.keys(await session.state()).toSorted()).toEqual(["more", "weight"]);
    expect(Object.keys(await session.state(["more"]))).toEqual(["more"]);
  });

  it("refuses entries whose registers of one name start differently", async () => {
    const entry = (value: number) =>
      program({
        inputs: {},
        outputs: { y: register("w", "f32", [2], { initial: { kind: "constant", value } }) },
      });
    await expect(compile({ a: entry(1), b: entry(2) }, { backend: stub() })).rejects.toThrow(
      /compile: two registers are named "w" that start from constant\(value 1\) and constant\(value 2\): .*session\.test\.ts/,
    );
    await using session = await compile({ a: entry(1), b: entry(1) }, { backend: stub() });
    expect([...session.registers.keys()]).toEqual(["w"]);
  });

  it("refuses entries whose registers of one name differ", async () => {
    const clash = program({ inputs: {}, outputs: { y: register("weight", "f32", [3]).add(1) } });
    await expect(compile({ step, clash }, { backend: stub() })).rejects.toThrow(
      /two registers are named "weight": register "weight": f32\[2\] \(.*\) and register "weight": f32\[3\]/,
    );
  });

  it.each([
    [
      "an unknown name",
      { other: filled32([2]) },
      'session: has no register "other". The registers are weight.',
    ],
    [
      "another shape",
      { weight: filled32([3]) },
      'register "weight": is f32[2] (2 elements in a Float32Array) and was given f32[3]',
    ],
    [
      "another dtype",
      { weight: tensorValue("i32", [2], Int32Array.of(1, 2)) },
      "was given i32[2] (2 in a Int32Array)",
    ],
    [
      "another array",
      { weight: { dtype: "f32", shape: [2], data: Float64Array.of(1, 2) } },
      "was given f32[2] (2 in a Float64Array)",
    ],
    [
      "too few elements",
      { weight: { dtype: "f32", shape: [2], data: f32(1) } },
      "was given f32[2] (1 in a Float32Array)",
    ],
  ] as const)("refuses %s, before anything is written", async (_, state, message) => {
    const backend = stub();
    await using session = await compile({ step }, { backend });
    await expect(session.writeState(state)).rejects.toThrow(message);
    await expect(session.writeState(state)).rejects.toThrow(AdjointError);
    await expect(compile({ step }, { backend, state })).rejects.toThrow(message);
    expect(backend.events.filter((event) => event.startsWith("write"))).toEqual(["write weight"]);
  });

  it("has no register of a name that no entry uses", async () => {
    await using session = await compile({ step }, { backend: stub() });
    await expect(session.state(["weight", "other"])).rejects.toThrow('has no register "other"');
    await using none = await compile({ open }, { backend: stub() });
    await expect(none.state(["other"])).rejects.toThrow("The registers are none.");
  });
});

function filled32(shape: readonly number[]): { dtype: "f32"; shape: readonly number[]; data: Float32Array } {
  return { dtype: "f32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

describe("closing a session", () => {
  it("releases executables and the device, once, after the runs that were asked for", async () => {
    const backend = stub({ turns: 5 });
    const session = await compile({ open, step }, { backend });
    const run = session.run("open", { x: of(1) });
    await Promise.all([session.close(), session.close(), session[Symbol.asyncDispose]()]);
    await expect(run).resolves.toHaveProperty("y");
    expect(backend.events.slice(-4)).toEqual(["end 2", "dispose 1", "dispose 2", "dispose device"]);
  });

  it("refuses what is asked for afterwards", async () => {
    const session = await compile({ step }, { backend: stub() });
    const closing = session.close();
    for (const ask of [
      () => session.run("step", {}),
      () => session.state(),
      () => session.writeState({ weight: filled32([2]) }),
    ]) {
      await expect(ask()).rejects.toThrow("session: is closed. Compile again.");
    }
    await closing;
    await expect(session.run("step", {})).rejects.toThrow("is closed");
  });

  it("happens at the end of a block, also of one that throws", async () => {
    const backend = stub();
    const block = async (): Promise<void> => {
      await using session = await compile({ step }, { backend });
      await session.run("step", {});
      throw new Error("thrown inside");
    };
    await expect(block()).rejects.toThrow("thrown inside");
    expect(backend.events.at(-1)).toBe("dispose device");
  });

  it.each(["writeState", "compile"] as const)(
    "happens to the device where %s fails on opening",
    async (failing) => {
      const backend = stub({ fails: (call) => call === failing });
      await expect(compile({ step }, { backend })).rejects.toThrow(`${failing} failed`);
      expect(backend.events.at(-1)).toBe("dispose device");
    },
  );

  it("is not needed where the device did not open", async () => {
    const backend = stub({ fails: (call) => call === "open" });
    await expect(compile({ step }, { backend })).rejects.toThrow("open failed");
    expect(backend.events).toEqual([]);
  });
});
