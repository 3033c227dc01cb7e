import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { type Output, type Session, compile, explain } from "@adjoint/compiler";
import {
  type Tensor,
  constant,
  dim,
  evaluate,
  gradients,
  input,
  program,
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

describe("sizes", () => {
  const batch = dim("batch");
  const x = input("x", "f32", [batch, 3]);
  const w = register("w", "f32", [3, 2], { initial: { kind: "normal", mean: 0, standardDeviation: 1 } });
  const loss = x.matMul(w).tanh().reduceSum();
  const [slope = w] = gradients(loss, [w]);
  const train = program({
    inputs: { x },
    outputs: { loss, rows: x.add(1) },
    updates: [{ register: w, next: w.sub(slope.mul(0.1)) }],
  });

  it("change from run to run, over the same registers", async () => {
    await using session = await compile({ train }, { backend: cpu(), seed: 2 });
    let state = await session.state();
    for (const rows of [4, 7, 4, 1, 7]) {
      const feeds = {
        x: tensorValue(
          "f32",
          [rows, 3],
          Float32Array.from({ length: rows * 3 }, (_, index) => Math.sin(index + rows)),
        ),
      };
      const expected = evaluate(train, feeds, { state });
      const actual = await session.run("train", feeds);
      expect(actual.rows.shape).toEqual([rows, 3]);
      expect(actual.loss.item()).toBeCloseTo(Number(expected.outputs.loss.data[0]), 5);
      const next = await session.state();
      toNumbers(expected.state["w"] ?? actual.loss).forEach((element, index) =>
        expect(next["w"]?.data[index]).toBeCloseTo(element, 5),
      );
      state = next;
    }
    expect(explain(session).map(({ inputs }) => inputs[0])).toEqual([
      "x: f32[4, 3]",
      "x: f32[1, 3]",
      "x: f32[7, 3]",
    ]);
  });

  it("may be zero", async () => {
    await using session = await compile({ train }, { backend: cpu(), seed: 2 });
    const before = await session.state();
    const { loss: none, rows } = await session.run("train", { x: f32() });
    expect([none.item(), rows.shape, rows.data.length]).toEqual([0, [0, 3], 0]);
    expect(await session.state()).toEqual(before);
  });
});

describe("programs at their edges", () => {
  const x = input("x", "f32", [3]);
  const run = async (
    inputs: { readonly [name: string]: Tensor },
    outputs: { readonly [name: string]: Tensor },
    feeds: { readonly [name: string]: Float32Array },
  ): Promise<{ readonly [name: string]: readonly number[] }> => {
    await using session = await compile({ main: program({ inputs, outputs }) }, { backend: cpu() });
    await session.run("main", feeds);
    return numbers(await session.run("main", feeds));
  };

  it("may have updates and no outputs, or neither", async () => {
    const a = r("a", 3);
    const main = program({ inputs: { x }, outputs: {}, updates: [{ register: a, next: a.add(x) }] });
    await using session = await compile(
      { main, nothing: program({ inputs: {}, outputs: {} }) },
      { backend: cpu() },
    );
    await session.run("main", { x: f32(1, 2, 3) });
    expect(await session.run("nothing", {})).toEqual({});
    expect(await stateOf(session, "a")).toEqual([1, 2, 3]);
  });

  it("may have an input that nothing reads, which is fed all the same", async () => {
    const unused = input("unused", "f32", [2]);
    expect(await run({ x, unused }, { y: x.add(1) }, { x: f32(1, 2, 3), unused: f32(0, 0) })).toEqual({
      y: [2, 3, 4],
    });
    await expect(run({ x, unused }, { y: x.add(1) }, { x: f32(1, 2, 3) })).rejects.toThrow(
      'input "unused" (f32[2]) was not fed',
    );
  });

  it("may give an input, one tensor twice, and a constant", async () => {
    const y = x.mul(2);
    const outputs = {
      x,
      y,
      again: y,
      turned: y.reshape([3, 1]),
      seven: constant(7),
      table: constant([1, 2, 3]),
      filled: constant(4).broadcast([2, 2]),
      mirrored: x.flip([0]),
    };
    expect(await run({ x }, outputs, { x: f32(1, 2, 3) })).toEqual({
      x: [1, 2, 3],
      y: [2, 4, 6],
      again: [2, 4, 6],
      turned: [2, 4, 6],
      seven: [7],
      table: [1, 2, 3],
      filled: [4, 4, 4, 4],
      mirrored: [3, 2, 1],
    });
  });

  it("may give tensors without elements", async () => {
    const none = input("none", "f32", [0, 2]);
    const outputs = {
      none,
      y: none.exp(),
      sum: none.reduceSum({ axes: [0] }),
      product: none.matMul(constant([[1], [2]])),
    };
    expect(await run({ none }, outputs, { none: f32() })).toEqual({
      none: [],
      y: [],
      sum: [0, 0],
      product: [],
    });
  });

  it("give outputs of their own: what a caller writes into one reaches no one", async () => {
    const [a, y] = [r("a", 3, 1), x.add(1)];
    await using session = await compile(
      { main: program({ inputs: { x }, outputs: { a, y, x, table: constant([1, 2, 3]) } }) },
      { backend: cpu() },
    );
    const feeds = { x: f32(1, 2, 3) };
    const first = await session.run("main", feeds);
    for (const output of Object.values<Output>(first)) output.data.fill(99 as never);
    expect(numbers(await session.run("main", feeds))).toEqual({
      a: [1, 1, 1],
      y: [2, 3, 4],
      x: [1, 2, 3],
      table: [1, 2, 3],
    });
    expect(feeds.x).toEqual(f32(1, 2, 3));
    const state = await session.state();
    state["a"]?.data.fill(5 as never);
    expect(await stateOf(session, "a")).toEqual([1, 1, 1]);
  });
});

describe("profiles", () => {
  it("give a time for each kernel, which the text shows", async () => {
    const x = input("x", "f32", [200, 200]);
    const main = program({ inputs: { x }, outputs: { y: x.matMul(x).exp(), s: x.tanh().reduceSum() } });
    await using session = await compile({ main }, { backend: cpu(), profile: true });
    for (let run = 0; run < 3; run++) await session.run("main", { x: new Float32Array(40000).fill(0.01) });
    const [explanation] = explain(session);
    expect(explanation?.kernels).toHaveLength(2);
    for (const { milliseconds } of explanation?.kernels ?? []) expect(milliseconds).toBeGreaterThan(0);
    expect(explanation?.text).toMatch(
      /\n {4}0 {2}\d+\.\d{3} ms {2}(contract|reduce) .*\n {4}1 {2}\d+\.\d{3} ms {2}/,
    );
    expect(explanation?.workspaceBytes).toBe(737280);
    await using plain = await compile({ main }, { backend: cpu() });
    expect(explain(plain)[0]?.kernels.every((kernel) => !("milliseconds" in kernel))).toBe(true);
  });
});
