import { describe, expect, it } from "vitest";
import {
  Body,
  type Value,
  type ValueType,
  ModuleBuilder,
  call,
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  memory,
  select,
  v128,
} from "../src/emit/index.ts";
import { i32Codes, i64Codes, f32Codes, f64Codes, conversions } from "../src/emit/opcodes.ts";
import { f32x4Codes, f64x2Codes, i32x4Codes } from "../src/emit/vector-opcodes.ts";

type Exports = Record<string, (...values: (number | bigint)[]) => number | bigint>;

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Exports {
  // Exports of these modules are functions over numbers and bigints.
  return new WebAssembly.Instance(new WebAssembly.Module(module.finish()), imports).exports as Exports;
}

/** Runs one function of no parameters. */
function run<T extends ValueType>(type: T, write: (body: Body) => Value<T>): number | bigint {
  const module = new ModuleBuilder();
  const callee = module.declare([], type as ValueType);
  module.define(callee, (body) => write(body));
  module.export("run", callee);
  return instantiate(module)["run"]?.() ?? NaN;
}

/** The lanes of a vector expression, as 32-bit integers. */
function words(vector: (body: Body) => Value<"v128">): Int32Array {
  const bytes = new WebAssembly.Memory({ initial: 1 });
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  module.export(
    "run",
    module.function([], "void", (body) => body.run(v128.store(i32.const(16), vector(body)))),
  );
  instantiate(module, { env: { memory: bytes } })["run"]?.();
  return new Int32Array(bytes.buffer, 16, 4).slice();
}
const floats = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Float32Array(words(vector).buffer),
];
const doubles = (vector: (body: Body) => Value<"v128">): number[] => [
  ...new Float64Array(words(vector).buffer),
];
const bytesOf = (vector: (body: Body) => Value<"v128">): number[] => [...new Int8Array(words(vector).buffer)];
const halves = (vector: (body: Body) => Value<"v128">): number[] => [...new Int16Array(words(vector).buffer)];

const four = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Float32Array(values).buffer));
const two = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Float64Array(values).buffer));
const ints = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Int32Array(values).buffer));
const longs = (values: readonly bigint[]): Value<"v128"> =>
  v128.const(new Uint8Array(new BigInt64Array(values).buffer));
const small = (values: readonly number[]): Value<"v128"> =>
  v128.const(new Uint8Array(new Int16Array(values).buffer));

describe("scalar operations", () => {
  const [a, b] = [-1234567, 19];
  const expectedI32: { readonly [N in keyof typeof i32Codes.binary]: number } = {
    add: a + b,
    sub: a - b,
    mul: Math.imul(a, b),
    divS: Math.trunc(a / b),
    divU: Math.trunc((a >>> 0) / b) | 0,
    remS: a % b,
    remU: (a >>> 0) % b,
    and: a & b,
    or: a | b,
    xor: a ^ b,
    shl: a << b,
    shrS: a >> b,
    shrU: (a >>> b) | 0,
    rotl: (a << b) | (a >>> (32 - b)),
  };
  it.each(Object.entries(expectedI32))("i32.%s", (name, expected) => {
    // Object.entries forgets that the keys are the table's.
    const operation = i32[name as keyof typeof expectedI32];
    expect(run("i32", () => operation(i32.const(a), i32.const(b)))).toBe(expected);
  });
  const big = (name: keyof typeof i64Codes.binary): bigint => {
    const [x, y] = [-123456789012345n, 21n];
    const unsigned = BigInt.asUintN(64, x);
    const table = {
      add: x + y,
      sub: x - y,
      mul: x * y,
      divS: x / y,
      divU: unsigned / y,
      remS: x % y,
      remU: unsigned % y,
      and: x & y,
      or: x | y,
      xor: x ^ y,
      shl: x << y,
      shrS: x >> y,
      shrU: unsigned >> y,
      rotl: (unsigned << y) | (unsigned >> (64n - y)),
    };
    return BigInt.asIntN(64, table[name]);
  };
  it.each(Object.keys(i64Codes.binary) as (keyof typeof i64Codes.binary)[])("i64.%s", (name) => {
    expect(run("i64", () => i64[name](i64.const(-123456789012345n), i64.const(21n)))).toBe(big(name));
  });
  it("compares", () => {
    const signs = { eq: 0, ne: 1, ltS: 1, ltU: 0, gtS: 0, gtU: 1, leS: 1, leU: 0, geS: 0, geU: 1 };
    for (const name of Object.keys(i32Codes.compare) as (keyof typeof i32Codes.compare)[]) {
      expect([name, run("i32", () => i32[name](i32.const(-1), i32.const(1)))]).toEqual([name, signs[name]]);
      expect([name, run("i32", () => i64[name](i64.const(-1n), i64.const(1n)))]).toEqual([name, signs[name]]);
    }
    const order = { eq: 0, ne: 1, lt: 1, gt: 0, le: 1, ge: 0 };
    for (const name of Object.keys(f32Codes.compare) as (keyof typeof f32Codes.compare)[]) {
      expect([name, run("i32", () => f32[name](f32.const(-1), f32.const(1)))]).toEqual([name, order[name]]);
      expect([name, run("i32", () => f64[name](f64.const(-1), f64.const(1)))]).toEqual([name, order[name]]);
    }
  });
  it("does float arithmetic", () => {
    const [x, y] = [-2.5, 0.75];
    const binary = { add: x + y, sub: x - y, mul: x * y, div: x / y, min: x, max: y, copysign: 2.5 };
    for (const name of Object.keys(f32Codes.binary) as (keyof typeof f32Codes.binary)[]) {
      expect([name, run("f32", () => f32[name](f32.const(x), f32.const(y)))]).toEqual([
        name,
        Math.fround(binary[name]),
      ]);
      expect([name, run("f64", () => f64[name](f64.const(x), f64.const(y)))]).toEqual([name, binary[name]]);
    }
    const unary = { abs: 2.5, neg: 2.5, ceil: -2, floor: -3, trunc: -2, nearest: -2, sqrt: NaN };
    for (const name of Object.keys(f64Codes.unary) as (keyof typeof f64Codes.unary)[]) {
      expect([name, run("f32", () => f32[name](f32.const(x)))]).toEqual([name, unary[name]]);
      expect([name, run("f64", () => f64[name](f64.const(x)))]).toEqual([name, unary[name]]);
    }
  });
  it("extends and converts", () => {
    const counts = { extend8S: -100, extend16S: -100, eqz: 0 };
    for (const name of Object.keys(i32Codes.unary) as (keyof typeof i32Codes.unary)[])
      expect([name, run("i32", () => i32[name](i32.const(-100)))]).toEqual([name, counts[name]]);
    expect(run("i32", () => i64.eqz(i64.const(0n)))).toBe(1);
    const from = { i32: i32.const(-3), i64: i64.const(-3n), f32: f32.const(-3.75), f64: f64.const(-3.75) };
    const bits32 = new Int32Array(Float32Array.of(-3.75).buffer)[0] ?? 0;
    const bits64 = new BigInt64Array(Float64Array.of(-3.75).buffer)[0] ?? 0n;
    const expected: Record<string, number | bigint> = {
      "i32.wrapI64": -3,
      "i32.reinterpretF32": bits32,
      "i32.truncSatF32S": -3,
      "i32.truncSatF32U": 0,
      "i32.truncSatF64S": -3,
      "i32.truncSatF64U": 0,
      "i64.extendI32S": -3n,
      "i64.extendI32U": 4294967293n,
      "i64.reinterpretF64": bits64,
      "i64.truncSatF32S": -3n,
      "i64.truncSatF32U": 0n,
      "i64.truncSatF64S": -3n,
      "i64.truncSatF64U": 0n,
      "f32.convertI32S": -3,
      "f32.convertI32U": 4294967296,
      "f32.convertI64S": -3,
      "f32.convertI64U": 2 ** 64,
      "f32.demoteF64": -3.75,
      "f32.reinterpretI32": NaN,
      "f64.convertI32S": -3,
      "f64.convertI32U": 4294967293,
      "f64.convertI64S": -3,
      "f64.convertI64U": 2 ** 64,
      "f64.promoteF32": -3.75,
      "f64.reinterpretI64": NaN,
    };
    const families: Record<string, Record<string, unknown>> = {
      i32: { ...i32 },
      i64: { ...i64 },
      f32: { ...f32 },
      f64: { ...f64 },
    };
    for (const [type, table] of Object.entries(conversions)) {
      for (const [name, [source]] of Object.entries(table)) {
        // The tables say which operand type each conversion takes.
        const convert = families[type]?.[name] as (value: Value) => Value<ValueType>;
        expect([name, run(type as ValueType, () => convert(from[source as keyof typeof from]))]).toEqual([
          name,
          expected[`${type}.${name}`],
        ]);
      }
    }
  });
  it("writes constants of every length", () => {
    for (const value of [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2147483647, -2147483648])
      expect(run("i32", () => i32.const(value))).toBe(value);
    for (const value of [0n, 1n << 62n, -(1n << 63n), (1n << 63n) - 1n, -129n])
      expect(run("i64", () => i64.const(value))).toBe(value);
    expect(run("f32", () => select(i32.const(0), f32.const(1), f32.const(0.1)))).toBe(Math.fround(0.1));
  });
});

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

describe("memory and threads", () => {
  it("loads and stores every width", () => {
    const bytes = new WebAssembly.Memory({ initial: 1 });
    const data = new DataView(bytes.buffer);
    data.setBigUint64(8, 0xf1f2f3f4f5f6f7f8n, true);
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1 });
    const at = i32.const(0);
    const narrow = {
      load: i32.load(at, 8),
      load8S: i32.load8S(at, 8),
      load8U: i32.load8U(at, 8),
      load16S: i32.load16S(at, 8),
      load16U: i32.load16U(at, 8),
    };
    module.export(
      "l.load",
      module.function([], "i64", () => i64.load(at, 8)),
    );
    for (const [name, value] of Object.entries(narrow))
      module.export(
        `i.${name}`,
        module.function([], "i32", () => value),
      );
    module.export(
      "write",
      module.function(["i32"], "void", (body, to) => {
        body.run(i32.store(to, i32.const(0x01020304)));
        body.run(i32.store8(to, i32.const(-1), 4));
        body.run(i32.store16(to, i32.const(-2), 6));
        body.run(i64.store(to, i64.const(-3n), 8));
        body.run(i32.store(to, i32.const(77), 16));
        body.run(f32.store(to, f32.const(1.5), 20));
        body.run(f64.store(to, f64.const(2.5), 24));
        body.run(v128.store(to, v128.load32Splat(to), 32));
        body.run(v128.store64Lane(to, v128.load64Lane(to, v128.load(to, 32), 0, 24), 0, 48));
        body.run(memory.copy(i32.add(to, i32.const(64)), to, i32.const(8)));
        body.run(memory.fill(i32.add(to, i32.const(72)), i32.const(5), i32.const(3)));
      }),
    );
    const exports = instantiate(module, { env: { memory: bytes } });
    const value = 0xf1f2f3f4f5f6f7f8n;
    const read = (name: string): number | bigint => exports[name]?.() ?? NaN;
    expect(read("l.load")).toBe(BigInt.asIntN(64, value));
    expect(["i.load", "i.load8S", "i.load16S"].map(read)).toEqual(
      [32, 8, 16].map((bits) => Number(BigInt.asIntN(bits, value))),
    );
    expect(["i.load8U", "i.load16U"].map(read)).toEqual(
      [8, 16].map((bits) => Number(BigInt.asUintN(bits, value))),
    );
    exports["write"]?.(256);
    expect([data.getInt32(256, true), data.getInt8(260), data.getInt16(262, true)]).toEqual([
      0x01020304, -1, -2,
    ]);
    expect([
      data.getBigInt64(264, true),
      data.getInt32(272, true),
      data.getFloat32(276, true),
      data.getFloat64(280, true),
    ]).toEqual([-3n, 77, 1.5, 2.5]);
    expect([data.getInt32(288, true), data.getInt32(300, true), data.getFloat64(304, true)]).toEqual([
      0x01020304, 0x01020304, 2.5,
    ]);
    expect([data.getInt32(320, true), data.getInt8(324), data.getInt32(328, true)]).toEqual([
      0x01020304, -1, 0x050505,
    ]);
  });
  it("does atomics on shared memory", () => {
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1, maximum: 1, shared: true });
    const old = (["add", "sub", "xchg"] as const).map((name, index) => {
      module.export(
        name,
        module.function([], "i32", (body) => {
          body.run(i32.atomicStore(i32.const(index * 8), i32.const(12)));
          return i32.atomicRmw[name](i32.const(index * 8), i32.const(10));
        }),
      );
      return name;
    });
    module.export(
      "wide",
      module.function([], "i64", (body) => {
        body.run(i64.atomicStore(i32.const(64), i64.const(5n)));
        body.run(i64.atomicRmw.add(i32.const(64), i64.const(7n)));
        return i64.atomicLoad(i32.const(64));
      }),
    );
    const swap = module.function(["i64", "i64"], "i64", (_, expected, value) =>
      i64.atomicCompareExchange(i32.const(72), expected, value),
    );
    module.export("swap", swap);
    module.export(
      "swap32",
      module.function(["i32", "i32"], "i32", (_, expected, value) =>
        i32.atomicCompareExchange(i32.const(80), expected, value),
      ),
    );
    module.export(
      "wait",
      module.function(["i32"], "i32", (_, expected) =>
        memory.wait32(i32.const(0), expected, i64.const(1000n)),
      ),
    );
    module.export(
      "notify",
      module.function([], "i32", () => memory.notify(i32.const(0), i32.const(1))),
    );
    const exports = instantiate(module, { env: { memory: shared } });
    expect(old.map((name) => exports[name]?.())).toEqual([12, 12, 12]);
    const after = new Int32Array(shared.buffer);
    expect([0, 2, 4].map((at) => after[at])).toEqual([22, 2, 10]);
    expect(exports["wide"]?.()).toBe(12n);
    // Only what is expected is replaced.
    const large = 1n << 40n;
    expect([exports["swap"]?.(1n, 5n), exports["swap"]?.(0n, large), exports["swap"]?.(large, 7n)]).toEqual([
      0n,
      0n,
      large,
    ]);
    expect([exports["swap32"]?.(0, 3), exports["swap32"]?.(2, 4), exports["swap32"]?.(3, 5)]).toEqual([
      0, 3, 3,
    ]);
    expect([new BigInt64Array(shared.buffer)[9], after[20]]).toEqual([7n, 5]);
    expect([exports["wait"]?.(7), exports["wait"]?.(22), exports["notify"]?.()]).toEqual([1, 2, 0]);
  });
});

describe("functions", () => {
  it("loops, branches, calls, and hoists constants out of loops", () => {
    const seen: number[] = [];
    const module = new ModuleBuilder();
    const log = module.importFunction("env", "log", ["i32"], "void");
    const even = module.declare(["i32"], "i32");
    const odd = module.function(["i32"], "i32", (body, n) => {
      body.if(i32.eqz(n), () => body.return(i32.const(0)));
      return call(even, i32.sub(n, i32.const(1)));
    });
    module.define(even, (body, n) => {
      body.if(i32.eqz(n), () => body.return(i32.const(1)));
      return call(odd, i32.sub(n, i32.const(1)));
    });
    module.export("even", even);
    module.export(
      "sum",
      module.function(["i32"], "f32", (body, n) => {
        const [counter, sum] = [body.local("i32"), body.local("v128")];
        body.for(counter, n, 1, () => {
          body.set(sum, f32x4.add(sum, body.f32x4(0.5)));
          body.if(
            i32.eq(counter, i32.const(1)),
            () => body.run(call(log, counter)),
            () => body.run(call(log, i32.const(9))),
          );
        });
        return f32x4.extractLane(f32x4.add(sum, body.f32x4(0.5)), 3);
      }),
    );
    const exports = instantiate(module, { env: { log: (value: number) => seen.push(value) } });
    expect([exports["even"]?.(10), exports["even"]?.(7)]).toEqual([1, 0]);
    expect([exports["sum"]?.(3), exports["sum"]?.(0), seen.join()]).toEqual([2, 0.5, "9,1,9"]);
  });
  it("refuses what makes no module", () => {
    const late = new ModuleBuilder();
    late.function([], "void", () => {});
    expect(() => late.importFunction("env", "log", [], "void")).toThrow(/Declare imports first/);
    const missing = new ModuleBuilder();
    missing.declare([], "void");
    expect(() => missing.finish()).toThrow(/never defined/);
  });
  it("says wrong operand types at compile time", () => {
    // @ts-expect-error an i32 is no f32
    expect(() => f32.add(i32.const(1), f32.const(1))).not.toThrow();
    // @ts-expect-error the body of an f32 function leaves an f32
    expect(() => new ModuleBuilder().function([], "f32", () => i32.const(0))).not.toThrow();
  });
});

describe("a guard", () => {
  type Seen = readonly [how: "read" | "write", offset: number];
  /** A module whose accesses all go 64 bytes further on. */
  function guarded(write: (body: Body) => void): {
    readonly seen: readonly Seen[];
    readonly bytes: Uint8Array;
  } {
    const seen: Seen[] = [];
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1 });
    module.guard = {
      allowed: (how, start, offset) => {
        seen.push([how, offset]);
        return i32.add(start, i32.const(offset + 64));
      },
    };
    module.export("run", module.function([], "void", write));
    const own = new WebAssembly.Memory({ initial: 1 });
    const bytes = new Uint8Array(own.buffer);
    bytes.forEach((_, index) => (bytes[index] = index));
    instantiate(module, { env: { memory: own } })["run"]?.();
    return { seen, bytes };
  }

  it("takes every access, also inside expressions, and its offset", () => {
    const { seen, bytes } = guarded((body) => {
      const sum = i32.add(i32.load8U(i32.const(1), 2), i32.load8U(i32.const(5)));
      body.run(i32.store8(i32.const(7), sum, 3));
      body.if(i32.load8U(i32.const(200)), () => body.run(i32.store8(i32.const(20), i32.const(9))));
      body.run(v128.store32Lane(i32.const(24), v128.load(i32.const(32)), 1));
    });
    expect(seen).toEqual([
      ["read", 2],
      ["read", 0],
      ["write", 3],
      ["read", 0],
      ["write", 0],
      ["read", 0],
      ["write", 0],
    ]);
    expect(bytes[74]).toBe(67 + 69);
    // The byte at 264 is 8: the branch is taken.
    expect(bytes[84]).toBe(9);
    expect([...bytes.subarray(88, 92)]).toEqual([100, 101, 102, 103]);
  });

  it("takes both sides of a copy, and a fill", () => {
    const { seen, bytes } = guarded((body) => {
      body.run(memory.copy(i32.const(0), i32.const(40), i32.const(4)));
      body.run(memory.fill(i32.const(8), i32.const(1), i32.const(2)));
    });
    expect(seen.map(([how]) => how)).toEqual(["write", "read", "write"]);
    expect([...bytes.subarray(64, 68)]).toEqual([104, 105, 106, 107]);
    expect([...bytes.subarray(72, 75)]).toEqual([1, 1, 74]);
  });

  it("lets atomic operations through, and what is written without it", () => {
    const { seen } = guarded((body) => {
      body.run(i32.atomicStore(i32.const(128), i32.const(5)));
      body.under(undefined, () => body.run(i32.store(i32.const(132), i32.const(6))));
    });
    expect(seen).toEqual([]);
  });
});

describe("globals", () => {
  it("begin at 0 and keep what is written, each its own", () => {
    const module = new ModuleBuilder();
    const [first, second] = [module.global(), module.global()];
    module.export(
      "next",
      module.function([], "i32", (body) => {
        body.run(first.set(i32.add(first.get, i32.const(1))));
        body.run(second.set(i32.add(second.get, i32.const(10))));
        return i32.add(first.get, second.get);
      }),
    );
    const { next } = instantiate(module);
    expect([next?.(), next?.(), next?.()]).toEqual([11, 22, 33]);
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

it("an offset below zero is no access", () => {
  const module = new ModuleBuilder();
  expect(() => module.function([], "f32", () => f32.load(i32.const(64), -4))).toThrow(
    "an access at offset -4",
  );
});
