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
  i32,
  i64,
  memory,
  select,
  v128,
} from "../src/emit/index.ts";
import { i32Codes, i64Codes, f32Codes, f64Codes, conversions } from "../src/emit/opcodes.ts";
import { instantiate, run } from "./emit-support.ts";

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
    // @ts-expect-error an i32 is not an f32
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

it("an offset below zero is no access", () => {
  const module = new ModuleBuilder();
  expect(() => module.function([], "f32", () => f32.load(i32.const(64), -4))).toThrow(
    "an access at offset -4",
  );
});
