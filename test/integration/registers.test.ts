import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { type Output, type Session, compile } from "@adjoint/compiler";
import {
  type Tensor,
  concat,
  constant,
  evaluate,
  gradients,
  input,
  program,
  randomKey,
  randomUniform,
  register,
  tensorValue,
  toNumbers,
} from "@adjoint/ir";

const f32 = (...elements: number[]): Float32Array<ArrayBuffer> => Float32Array.from(elements);
const r = (name: string, size: number, value = 0): Tensor =>
  register(name, "f32", [size], { initial: { kind: "constant", value } });
const numbers = (values: {
  readonly [name: string]: Output;
}): { readonly [name: string]: readonly number[] } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toNumbers(value)]));
const stateOf = async (session: Session, name: string): Promise<readonly number[]> => {
  const { [name]: value } = await session.state([name]);
  return value === undefined ? [] : toNumbers(value);
};

describe("registers", () => {
  it("are shared by the entries of a session, from run to run", async () => {
    const [count, x] = [r("count", 2, 1), input("x", "f32", [2])];
    const train = program({
      inputs: { x },
      outputs: { before: count },
      updates: [{ register: count, next: count.mul(x) }],
    });
    const predict = program({ inputs: {}, outputs: { y: count.add(100) } });
    const reset = program({
      inputs: {},
      outputs: {},
      updates: [{ register: count, next: constant([1, 1]) }],
    });
    await using session = await compile({ train, predict, reset }, { backend: cpu() });
    expect(numbers(await session.run("train", { x: f32(2, 3) }))).toEqual({ before: [1, 1] });
    expect(numbers(await session.run("train", { x: f32(2, 3) }))).toEqual({ before: [2, 3] });
    expect(numbers(await session.run("predict", {}))).toEqual({ y: [104, 109] });
    await session.writeState({ count: tensorValue("f32", [2], f32(-1, 0)) });
    expect(numbers(await session.run("predict", {}))).toEqual({ y: [99, 100] });
    expect(numbers(await session.run("reset", {}))).toEqual({});
    expect(await stateOf(session, "count")).toEqual([1, 1]);
  });

  it.each([3, 100])("of %i elements are swapped", async (size) => {
    const [a, b] = [r("a", size, 1), r("b", size, 2)];
    const updates = [
      { register: a, next: b },
      { register: b, next: a },
    ];
    await using session = await compile(
      { swap: program({ inputs: {}, outputs: { sum: a.sub(b).reduceSum() }, updates }) },
      { backend: cpu() },
    );
    for (const sign of [-1, 1, -1]) expect((await session.run("swap", {})).sum.item()).toBe(sign * size);
    expect(new Set(await stateOf(session, "a"))).toEqual(new Set([2]));
  });

  it("go round in a ring, and mirror themselves", async () => {
    const ring = [r("a", 70, 1), r("b", 70, 2), r("c", 70, 3)];
    const [a = r("a", 70), b = a, c = a] = ring;
    const m = register("m", "f32", [70], {
      initial: {
        kind: "data",
        value: tensorValue(
          "f32",
          [70],
          Float32Array.from({ length: 70 }, (_, index) => index),
        ),
      },
    });
    const updates = [
      { register: a, next: b },
      { register: b, next: c },
      { register: c, next: a },
      { register: m, next: m.flip([0]).add(a) },
    ];
    const graph = program({ inputs: {}, outputs: { all: concat([a, b, c, m], 0) }, updates });
    await using session = await compile({ graph }, { backend: cpu() });
    let state = {};
    for (let run = 0; run < 4; run++) {
      const expected = evaluate(graph, {}, { state });
      expect(toNumbers((await session.run("graph", {})).all)).toEqual(toNumbers(expected.outputs.all));
      ({ state } = expected);
    }
    expect(await stateOf(session, "m")).toEqual(toNumbers((state as { m: Output }).m));
  });

  it("that are read and updated in one step show what they were", async () => {
    const [w, x] = [r("w", 80, 1), input("x", "f32", [80])];
    const next = w.add(x);
    const graph = program({
      inputs: { x },
      outputs: {
        old: w,
        next,
        mirrored: w.flip([0]),
        both: w.add(next),
        sum: w.reduceSum(),
        flat: w.reshape([8, 10]),
      },
      updates: [{ register: w, next }],
    });
    await using session = await compile({ graph }, { backend: cpu() });
    let state = {};
    for (let run = 0; run < 3; run++) {
      const feeds = {
        x: tensorValue(
          "f32",
          [80],
          Float32Array.from({ length: 80 }, (_, index) => index + run),
        ),
      };
      const expected = evaluate(graph, feeds, { state });
      expect(numbers(await session.run("graph", feeds))).toEqual(
        Object.fromEntries(Object.entries(expected.outputs).map(([name, value]) => [name, toNumbers(value)])),
      );
      ({ state } = expected);
    }
  });

  it("stay as they were where an index of the run lies outside", async () => {
    const [table, hits, x] = [r("table", 5, 1), r("hits", 3), input("x", "i32", [3, 1])];
    const looked = table.gather(x);
    const [slope = table] = gradients(looked.mul(looked).reduceSum(), [table]);
    const graph = program({
      inputs: { x },
      outputs: { sum: looked.reduceSum() },
      updates: [
        { register: table, next: table.sub(slope.mul(0.25)) },
        { register: hits, next: hits.add(looked) },
      ],
    });
    await using session = await compile({ graph }, { backend: cpu() });
    await session.run("graph", { x: Int32Array.of(0, 1, 1) });
    const before = [await stateOf(session, "table"), await stateOf(session, "hits")];
    expect(before).toEqual([
      [0.5, 0, 1, 1, 1],
      [1, 1, 1],
    ]);
    for (const index of [5, -1]) {
      await expect(session.run("graph", { x: Int32Array.of(2, 3, index) })).rejects.toThrow(
        `gather: index ${index} lies outside an axis of size 5`,
      );
      expect([await stateOf(session, "table"), await stateOf(session, "hits")]).toEqual(before);
    }
    await session.run("graph", { x: Int32Array.of(2, 2, 2) });
    expect(await stateOf(session, "table")).toEqual([0.5, 0, -0.5, 1, 1]);
  });

  it("hold the random counter, so that a run that goes on gives what one run gives", async () => {
    const x = input("x", "f32", [4]);
    const noisy = randomUniform(randomKey("noise"), [4]);
    const graph = program({ inputs: { x }, outputs: { y: x.add(noisy) } });
    const feeds = { x: f32(0, 0, 0, 0) };
    const draw = async (
      session: Session<{ graph: typeof graph }>,
      count: number,
    ): Promise<(readonly number[])[]> => {
      const drawn: (readonly number[])[] = [];
      for (let run = 0; run < count; run++) drawn.push(toNumbers((await session.run("graph", feeds)).y));
      return drawn;
    };
    await using whole = await compile({ graph }, { backend: cpu(), seed: 5 });
    const all = await draw(whole, 4);
    expect(new Set(all.map(String)).size).toBe(4);
    await using first = await compile({ graph }, { backend: cpu(), seed: 5 });
    const start = await draw(first, 2);
    await using second = await compile({ graph }, { backend: cpu(), seed: 6, state: await first.state() });
    expect([...start, ...(await draw(second, 2))]).toEqual(all);
  });
});
