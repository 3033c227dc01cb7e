import { describe, expect, it } from "vitest";
import { input, program } from "@adjoint/ir";
import { AdjointError, dim, f16ToNumber, mulDims, tensorValue } from "@adjoint/ir/values";
import { type Feeds, type Session, compile } from "@adjoint/compiler";
import { stub } from "./stub-backend.ts";

const [batch, time] = [dim("batch"), dim("time")];
const graph = program({
  inputs: {
    x: input("x", "f32", [batch, 2]),
    y: input("y", "f32", [batch]),
    n: input("n", "i32", []),
    fixed: input("fixed", "f64", [2, 2]),
  },
  outputs: {},
});
const good = {
  x: new Float32Array(6),
  y: new Float32Array(3),
  n: 5,
  fixed: new Float64Array(4),
};

async function opened(): Promise<{ session: Session; fed: (feeds: Feeds) => Promise<readonly unknown[]> }> {
  const backend = stub();
  const session: Session = await compile({ main: graph }, { backend });
  return {
    session,
    fed: async (feeds) => {
      await session.run("main", feeds);
      return backend.fed.at(-1) ?? [];
    },
  };
}

describe("feeds", () => {
  it("reach the backend in the order of the inputs, as they are", async () => {
    const { fed } = await opened();
    const { n, y, fixed, x } = good;
    const given = await fed({ n, y, fixed, x });
    expect(given).toEqual([x, y, Int32Array.of(5), fixed]);
    expect(given[0]).toBe(x);
  });

  it("are arrays where the declared shape and the length leave no doubt, and values with a shape", async () => {
    const { fed } = await opened();
    const shaped: readonly Feeds[] = [
      { ...good, x: { data: new Float32Array(6), shape: [3, 2] } },
      { ...good, x: tensorValue("f32", [3, 2], new Float32Array(6)) },
      { ...good, x: new Float32Array(0), y: new Float32Array(0) },
    ];
    for (const feeds of shaped) expect(await fed(feeds)).toHaveLength(4);
  });

  const bad: readonly (readonly [string, Feeds, string])[] = [
    ["missing", { x: good.x, y: good.y, n: 1 }, 'run "main": input "fixed" (f64[2, 2]) was not fed.'],
    ["extra", { ...good, z: 1 }, 'run "main": "z" is not an input. The inputs are x, y, n, fixed.'],
    ["named like a method", { ...good, toString: 1 }, '"toString" is not an input'],
    [
      "another class",
      { ...good, x: new Float64Array(6) },
      'input "x": is f32[batch, 2], which wants a Float32Array, and was fed Float64Array.',
    ],
    ["an array of numbers", { ...good, x: [1, 2] as never }, "was fed Array."],
    ["null", { ...good, x: null as never }, "was fed null."],
    [
      "text",
      { ...good, n: "5" as never },
      'input "n": is i32[], which wants a Int32Array, and was fed String.',
    ],
    ["no data", { ...good, x: {} as never }, "was fed Object."],
    [
      "another dtype",
      { ...good, fixed: { dtype: "f32", shape: [2, 2], data: new Float64Array(4) } },
      'input "fixed": is f64[2, 2] and was fed f32[2, 2].',
    ],
    [
      "another size",
      { ...good, fixed: new Float64Array(5) },
      'input "fixed": was fed 5 elements for shape [2, 2].',
    ],
    [
      "another shape",
      { ...good, fixed: { shape: [4, 1], data: new Float64Array(4) } },
      'input "fixed": is declared [2, 2] and was fed [4, 1]: axis 0 should be 2.',
    ],
    [
      "another rank",
      { ...good, fixed: { shape: [4], data: new Float64Array(4) } },
      "is declared [2, 2] and was fed [4]",
    ],
    [
      "a shape that is not its data's",
      { ...good, x: { shape: [2, 2], data: good.x } },
      'input "x": was fed 6 elements for shape [2, 2].',
    ],
    [
      "half a row",
      { ...good, x: new Float32Array(5) },
      'input "x": is [batch, 2] and 5 elements don\'t tell its shape. Feed { data, shape }.',
    ],
    [
      "a contradiction",
      { ...good, y: new Float32Array(4) },
      'input "y": is declared [batch] and was fed [4]: axis 0 should be batch = 3.',
    ],
    ["a negative size", { ...good, x: { shape: [-3, -2], data: good.x } }, "[-3, -2]"],
    ["a number for a vector", { ...good, y: 3 }, 'input "y": is f32[batch] and was fed the number 3.'],
    [
      "a fraction for an integer",
      { ...good, n: 1.5 },
      'input "n": is i32[] and was fed 1.5. Feed a whole number from -2147483648 to 2147483647.',
    ],
    ["too large an integer", { ...good, n: 2 ** 31 }, "was fed 2147483648."],
    ["NaN for an integer", { ...good, n: Number.NaN }, "was fed NaN."],
  ];
  it.each(bad)("that are %s are refused, and nothing runs", async (_, feeds, message) => {
    const { session, fed } = await opened();
    const refused = session.run("main", feeds);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(AdjointError);
    // The session goes on as before.
    await expect(fed(good)).resolves.toHaveLength(4);
  });

  it("of two symbols in one input want their shape", async () => {
    const x = input("x", "f32", [batch, time]);
    const backend = stub();
    await using session = await compile(
      { main: program({ inputs: { x }, outputs: { y: x.add(1) } }) },
      { backend },
    );
    await expect(session.run("main", { x: new Float32Array(6) })).rejects.toThrow(
      "6 elements don't tell its shape",
    );
    const { y } = await session.run("main", { x: { data: new Float32Array(6), shape: [2, 3] } });
    expect(y.shape).toEqual([2, 3]);
  });

  it("of a composed size fit what the symbols are", async () => {
    const [x, both] = [input("x", "f32", [batch]), input("both", "f32", [mulDims(2, batch)])];
    const main = program({ inputs: { x, both }, outputs: { y: both.add(1) } });
    await using session = await compile({ main }, { backend: stub() });
    const { y } = await session.run("main", {
      x: new Float32Array(3),
      both: { data: new Float32Array(6), shape: [6] },
    });
    expect(y.shape).toEqual([6]);
    const odd = { x: new Float32Array(3), both: { data: new Float32Array(5), shape: [5] } };
    await expect(session.run("main", odd)).rejects.toThrow(
      'input "both": is declared [2*batch] and was fed [5]: axis 0 should be 2*batch = 6.',
    );
  });

  it.each([
    ["f32", 0.1, Math.fround(0.1)],
    ["i64", 5, 5n],
    ["u64", 2n ** 63n, 2n ** 63n],
    ["u8", 255, 255],
    ["bool", 1, 1],
    ["f64", 3n, 3],
  ] as const)("of a scalar %s may be the number %s", async (dtype, number, stored) => {
    const backend = stub();
    const x = input("x", dtype, []);
    await using session = await compile({ main: program({ inputs: { x }, outputs: {} }) }, { backend });
    await session.run("main", { x: number });
    expect(backend.fed[0]?.[0]?.[0]).toBe(stored);
  });

  it("of a scalar f16 are stored as its bits", async () => {
    const backend = stub();
    const x = input("x", "f16", []);
    await using session = await compile({ main: program({ inputs: { x }, outputs: {} }) }, { backend });
    await session.run("main", { x: 1.5 });
    expect(f16ToNumber(Number(backend.fed[0]?.[0]?.[0]))).toBe(1.5);
  });
});
