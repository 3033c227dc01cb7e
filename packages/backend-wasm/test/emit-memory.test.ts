import { describe, expect, it } from "vitest";
import { ModuleBuilder, f32, f64, i32, i64, memory, v128 } from "../src/emit/index.ts";
import { instantiate } from "./emit-support.ts";

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
