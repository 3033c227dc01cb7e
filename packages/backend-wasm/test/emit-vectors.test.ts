import { describe, expect, it } from "vitest";
import {
  type Value,
  f32x4,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  select,
  v128,
} from "../src/emit/index.ts";
import { f32x4Codes, f64x2Codes, i32x4Codes } from "../src/emit/vector-opcodes.ts";
import {
  bytesOf,
  doubles,
  floats,
  four,
  halves,
  ints,
  longs,
  run,
  small,
  two,
  words,
} from "./emit-support.ts";

describe("vector operations", () => {
  const x = [1.5, -2.5, 3, -0];
  const y = [-1, 4, 0.5, 2];
  const pairs = (f: (a: number, b: number) => number): number[] =>
    x.map((value, lane) => f(value, y[lane] ?? 0));
  const mask = (f: (a: number, b: number) => boolean): number[] => pairs((a, b) => (f(a, b) ? -1 : 0));
  it("f32x4", () => {
    const arithmetic = {
      add: pairs((a, b) => a + b),
      sub: pairs((a, b) => a - b),
      mul: pairs((a, b) => a * b),
      div: pairs((a, b) => a / b),
      min: pairs(Math.min),
      max: pairs(Math.max),
      pmin: pairs((a, b) => (b < a ? b : a)),
      pmax: pairs((a, b) => (a < b ? b : a)),
    };
    for (const [name, expected] of Object.entries(arithmetic))
      expect([name, floats(() => f32x4[name as keyof typeof arithmetic](four(x), four(y)))]).toEqual([
        name,
        expected.map(Math.fround),
      ]);
    const compare = {
      eq: mask((a, b) => a === b),
      ne: mask((a, b) => a !== b),
      lt: mask((a, b) => a < b),
      gt: mask((a, b) => a > b),
      le: mask((a, b) => a <= b),
      ge: mask((a, b) => a >= b),
    };
    for (const [name, expected] of Object.entries(compare))
      expect([name, [...words(() => f32x4[name as keyof typeof compare](four(x), four(y)))]]).toEqual([
        name,
        expected,
      ]);
    const unary = {
      ceil: [2, -2, 3, -0],
      floor: [1, -3, 3, -0],
      trunc: [1, -2, 3, -0],
      nearest: [2, -2, 3, -0],
      abs: [1.5, 2.5, 3, 0],
      neg: [-1.5, 2.5, -3, 0],
      sqrt: [1.5, -2.5, 3, -0].map((v) => Math.fround(Math.sqrt(v))),
    };
    for (const [name, expected] of Object.entries(unary))
      expect([name, floats(() => f32x4[name as keyof typeof unary](four(x)))]).toEqual([name, expected]);
    expect(floats(() => f32x4.convertI32x4S(ints([1, -2, 3, -4])))).toEqual([1, -2, 3, -4]);
    expect(floats(() => f32x4.convertI32x4U(ints([1, 2, 3, -1])))).toEqual([1, 2, 3, 2 ** 32]);
    expect(floats(() => f32x4.demoteF64x2Zero(two([1.5, -2])))).toEqual([1.5, -2, 0, 0]);
    expect(Object.keys(f32x4Codes.unary).length + Object.keys(f32x4Codes.binary).length).toBe(10 + 14);
  });
  it("f64x2", () => {
    const [a, b] = [
      [1.5, -2.5],
      [-1, 4],
    ];
    const arithmetic = {
      add: [0.5, 1.5],
      sub: [2.5, -6.5],
      mul: [-1.5, -10],
      div: [-1.5, -0.625],
      min: [-1, -2.5],
      max: [1.5, 4],
      pmin: [-1, -2.5],
      pmax: [1.5, 4],
    };
    for (const [name, expected] of Object.entries(arithmetic))
      expect([name, doubles(() => f64x2[name as keyof typeof arithmetic](two(a), two(b)))]).toEqual([
        name,
        expected,
      ]);
    const compare = { eq: [0, 0], ne: [-1, -1], lt: [0, -1], gt: [-1, 0], le: [0, -1], ge: [-1, 0] };
    for (const [name, [low, high]] of Object.entries(compare))
      expect([name, [...words(() => f64x2[name as keyof typeof compare](two(a), two(b)))]]).toEqual([
        name,
        [low, low, high, high],
      ]);
    const unary = {
      ceil: [2, -2],
      floor: [1, -3],
      trunc: [1, -2],
      nearest: [2, -2],
      abs: [1.5, 2.5],
      neg: [-1.5, 2.5],
      sqrt: [Math.sqrt(1.5), NaN],
    };
    for (const [name, expected] of Object.entries(unary))
      expect([name, doubles(() => f64x2[name as keyof typeof unary](two(a)))]).toEqual([name, expected]);
    expect(doubles(() => f64x2.promoteLowF32x4(four(x)))).toEqual([1.5, -2.5]);
    expect(Object.keys(f64x2Codes.unary).length).toBe(8);
  });
  it("i32x4, with shifts, tests and lanes", () => {
    const [a, b] = [
      [1, -2, 300000, -4],
      [5, 6, -7, -8],
    ];
    const lanes = (f: (p: number, q: number) => number): number[] =>
      a.map((p, lane) => f(p, b[lane] ?? 0) | 0);
    const bool = (f: (p: number, q: number) => boolean): number[] => lanes((p, q) => (f(p, q) ? -1 : 0));
    const u = (value: number): number => value >>> 0;
    const table = {
      add: lanes((p, q) => p + q),
      sub: lanes((p, q) => p - q),
      mul: lanes(Math.imul),
      minS: lanes(Math.min),
      maxS: lanes(Math.max),
      minU: lanes((p, q) => Math.min(u(p), u(q))),
      maxU: lanes((p, q) => Math.max(u(p), u(q))),
      eq: bool((p, q) => p === q),
      ne: bool((p, q) => p !== q),
      ltS: bool((p, q) => p < q),
      ltU: bool((p, q) => u(p) < u(q)),
      gtS: bool((p, q) => p > q),
      gtU: bool((p, q) => u(p) > u(q)),
      leS: bool((p, q) => p <= q),
      leU: bool((p, q) => u(p) <= u(q)),
      geS: bool((p, q) => p >= q),
      geU: bool((p, q) => u(p) >= u(q)),
    } satisfies Record<keyof typeof i32x4Codes.binary, number[]>;
    for (const [name, expected] of Object.entries(table))
      expect([name, [...words(() => i32x4[name as keyof typeof table](ints(a), ints(b)))]]).toEqual([
        name,
        expected,
      ]);
    expect([...words(() => i32x4.shl(ints(a), i32.const(3)))]).toEqual(a.map((p) => p << 3));
    expect([...words(() => i32x4.shrS(ints(a), i32.const(3)))]).toEqual(a.map((p) => p >> 3));
    expect([...words(() => i32x4.shrU(ints(a), i32.const(3)))]).toEqual(a.map((p) => p >>> 3));
    expect([...words(() => i32x4.abs(ints(a)))]).toEqual(a.map(Math.abs));
    expect([...words(() => i32x4.neg(ints(a)))]).toEqual(a.map((p) => -p));
    expect([...words(() => i32x4.truncSatF32x4S(four([1.5, -2.5, 1e20, NaN])))]).toEqual([
      1, -2, 2147483647, 0,
    ]);
    expect([...words(() => i32x4.truncSatF32x4U(four([1.5, -2.5, 1e20, NaN])))]).toEqual([1, 0, -1, 0]);
    expect([...words(() => i32x4.extendLowI16x8S(small([1, -2, 3, -4, 5, 6, 7, -8])))]).toEqual([
      1, -2, 3, -4,
    ]);
    expect([...words(() => i32x4.extendLowI16x8U(small([1, -2, 3, -4, 5, 6, 7, -8])))]).toEqual([
      1, 65534, 3, 65532,
    ]);
    expect([...words(() => i32x4.shuffle(ints(a), ints(b), [0, 4, 3, 7]))]).toEqual([1, 5, -4, -8]);
    expect([
      ...words(() => i32x4.replaceLane(i32x4.splat(i32.const(9)), 2, i32x4.extractLane(ints(a), 1))),
    ]).toEqual([9, 9, -2, 9]);
  });
  it("i64x2, i16x8, i8x16 and bits", () => {
    const longWords = (write: () => Value<"v128">): bigint[] => [...new BigInt64Array(words(write).buffer)];
    const [p, q] = [
      [-5n, 7n],
      [3n, 7n],
    ];
    const wide = {
      add: [-2n, 14n],
      sub: [-8n, 0n],
      mul: [-15n, 49n],
    };
    for (const [name, expected] of Object.entries(wide))
      expect([name, longWords(() => i64x2[name as keyof typeof wide](longs(p), longs(q)))]).toEqual([
        name,
        expected,
      ]);
    expect(longWords(() => i64x2.shrU(longs(p), i32.const(60)))).toEqual([15n, 0n]);
    expect(longWords(() => i64x2.shl(longs(p), i32.const(1)))).toEqual([-10n, 14n]);
    expect(longWords(() => i64x2.shrS(longs(p), i32.const(1)))).toEqual([-3n, 3n]);
    expect(longWords(() => i64x2.neg(longs(p)))).toEqual([5n, -7n]);
    expect(longWords(() => i64x2.splat(i64.const(-9n)))).toEqual([-9n, -9n]);
    expect(run("i64", () => i64x2.extractLane(longs(q), 1))).toBe(7n);
    expect(halves(() => i16x8.narrowI32x4S(ints([1, -70000, 70000, 4]), ints([5, 6, 7, 8])))).toEqual([
      1, -32768, 32767, 4, 5, 6, 7, 8,
    ]);
    const extended = i16x8.extendLowI8x16S(v128.const([255, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0]));
    expect(halves(() => extended)).toEqual([-1, 1, 2, 3, 4, 5, 6, 7]);
    const counting = Array.from({ length: 16 }, (_, index) => index);
    expect(
      bytesOf(() =>
        i8x16.shuffle(
          v128.const(counting),
          v128.const(counting.map((v) => v + 50)),
          counting.map((v) => (v % 2 === 0 ? v : v + 16)),
        ),
      ),
    ).toEqual(counting.map((v) => (v % 2 === 0 ? v : v + 50)));
    expect(
      bytesOf(() => i8x16.narrowI16x8U(small([-1, 300, 3, 4, 5, 6, 7, 8]), small([0, 0, 0, 0, 0, 0, 0, 9]))),
    ).toEqual([0, -1, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9]);
    expect([...words(() => v128.and(ints([12, 1, 2, 3]), ints([10, 1, 1, 1])))]).toEqual([8, 1, 0, 1]);
    expect([...words(() => v128.andnot(ints([12, 1, 2, 3]), ints([10, 1, 1, 1])))]).toEqual([4, 0, 2, 2]);
    expect([...words(() => v128.or(ints([12, 1, 2, 3]), ints([10, 1, 1, 1])))]).toEqual([14, 1, 3, 3]);
    expect([...words(() => v128.xor(v128.not(ints([12, 1, 2, 3])), ints([-1, -1, -1, 0])))]).toEqual([
      12, 1, 2, -4,
    ]);
    expect([
      ...words(() => v128.bitselect(ints([1, 2, 3, 4]), ints([5, 6, 7, 8]), ints([-1, 0, -1, 0]))),
    ]).toEqual([1, 6, 3, 8]);
    expect(run("i32", () => v128.anyTrue(ints([0, 0, 4, 0])))).toBe(1);
    expect([...words(() => select(i32.const(1), ints([1, 2, 3, 4]), ints([0, 0, 0, 0])))]).toEqual([
      1, 2, 3, 4,
    ]);
  });
});

describe("bytes in lanes", () => {
  it("compare and splat", () => {
    const bytes = (value: Value<"v128">): Value<"i32"> => i32x4.extractLane(value, 0);
    const a = v128.const([1, 2, 3, 200, ...Array.from({ length: 12 }, () => 0)]);
    expect(run("i32", () => bytes(i8x16.eq(a, i8x16.splat(i32.const(2))))) as number).toBe(0xff00);
    expect((run("i32", () => bytes(i8x16.ne(a, i8x16.splat(i32.const(2))))) as number) >>> 0).toBe(
      0xffff00ff,
    );
    expect(run("i32", () => bytes(i8x16.ltU(a, i8x16.splat(i32.const(3))))) as number).toBe(0xffff);
  });
});
