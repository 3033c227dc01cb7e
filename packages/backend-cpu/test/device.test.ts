import { describe, expect, it } from "vitest";
import { cpu } from "@adjoint/backend-cpu";
import { type Backend, type Device, type CompiledProgram, compileProgram } from "@adjoint/compiler";
import { type Tensor, input, register, scan } from "@adjoint/ir";
import { tensorValue } from "@adjoint/ir/values";
import { graphOf, modes } from "./support.ts";

const x = input("x", "f32", [3]);
const weight = register("weight", "f32", [3]);
const add: CompiledProgram = compileProgram(graphOf({ y: x.add(weight) }));
const double: CompiledProgram = compileProgram(graphOf({}, [{ register: weight, next: weight.mul(2) }]));
const f32 = (...elements: number[]): Float32Array<ArrayBuffer> => Float32Array.from(elements);
const options = { profile: false };

describe.each(modes)("a device with %s kernels", (kernels) => {
  it("shares registers among its programs", async () => {
    await using device = await cpu({ kernels }).open();
    const initial = f32(1, 2, 3);
    await device.writeState({ weight: tensorValue("f32", [3], initial) });
    const [first, second] = [await device.compile(add, options), await device.compile(double, options)];
    await second.run([]);
    const [y] = await first.run([f32(10, 20, 30)]);
    expect(y).toEqual(f32(12, 24, 36));
    // What was written was copied; what is read is a copy; a later write reaches programs that are compiled.
    expect(initial).toEqual(f32(1, 2, 3));
    const { weight: read } = await device.readState(["weight"]);
    await second.run([]);
    expect(read?.data).toEqual(f32(2, 4, 6));
    await device.writeState({ weight: tensorValue("f32", [3], f32(0, 0, 1)) });
    expect((await first.run([f32(1, 1, 1)]))[0]).toEqual(f32(1, 1, 2));
  });

  it("does not share them with another device", async () => {
    const backend = cpu({ kernels });
    const [one, other] = [await backend.open(), await backend.open()];
    await one.writeState({ weight: tensorValue("f32", [3], f32(1, 1, 1)) });
    await other.writeState({ weight: tensorValue("f32", [3], f32(5, 5, 5)) });
    expect((await one.readState(["weight"]))["weight"]?.data).toEqual(f32(1, 1, 1));
    await expect(async () => other.readState(["unknown"])).rejects.toThrow(
      'register "unknown": has not been written',
    );
  });

  it("outlives the backend, which has nothing to end", async () => {
    let device: Device;
    {
      using backend: Backend = cpu({ kernels });
      device = await backend.open();
    }
    const executable = await device.compile(compileProgram(graphOf({ y: x.mul(2) })), options);
    expect(await executable.run([f32(1, 2, 3)])).toEqual([f32(2, 4, 6)]);
  });

  it("gives views that the next run overwrites, and leaves feeds alone", async () => {
    await using device = await cpu({ kernels }).open();
    await device.writeState({ weight: tensorValue("f32", [3], f32(0, 0, 0)) });
    const executable = await device.compile(compileProgram(graphOf({ y: x.mul(2).add(weight) })), options);
    const fed = f32(1, 2, 3);
    const [first] = await executable.run([fed]);
    expect(first).toEqual(f32(2, 4, 6));
    const [second] = await executable.run([f32(0, 0, 9)]);
    expect(second).toBe(first);
    expect(first).toEqual(f32(0, 0, 18));
    expect(fed).toEqual(f32(1, 2, 3));
  });

  it("measures each kernel of each run where that was asked for", async () => {
    await using device = await cpu({ kernels }).open();
    const rows = input("rows", "f32", [200, 300]);
    const program = compileProgram(graphOf({ y: rows.exp().matMul(rows.transpose([1, 0])) }));
    const measured = await device.compile(program, { profile: true });
    await measured.run([new Float32Array(60000)]);
    const once = [...(measured.profile?.kernels ?? [])];
    await measured.run([new Float32Array(60000)]);
    expect(measured.profile?.runs).toBe(2);
    expect(once).toHaveLength(2);
    once.forEach((milliseconds, index) => {
      expect(milliseconds).toBeGreaterThan(0);
      expect(measured.profile?.kernels[index]).toBeGreaterThan(milliseconds);
    });
    const plain = await device.compile(program, options);
    await plain.run([new Float32Array(60000)]);
    expect(plain.profile?.kernels ?? []).toEqual([]);
  });
});

describe("workspace", () => {
  const bytesOf = async (y: Tensor): Promise<number> => {
    await using device = await cpu().open();
    await device.writeState({ weight: tensorValue("f32", [3], f32(0, 0, 0)) });
    const executable = await device.compile(compileProgram(graphOf({ y })), options);
    return executable.workspaceBytes;
  };

  it("is there for products alone, one for all of them, also inside loops", async () => {
    const square = input("square", "f32", [3, 3]);
    const one = await bytesOf(square.matMul(square));
    expect(one).toBe(8 * (96 * 256 + 192 * 256 + 96 * 192));
    expect(await bytesOf(square.matMul(square).matMul(square))).toBe(one);
    expect(await bytesOf(x.add(weight))).toBe(0);
    const { carry } = scan({ carry: [square], length: 2 }, ([state = square]) => ({
      carry: [state.matMul(state)],
    }));
    expect(await bytesOf(carry[0] ?? square)).toBe(one);
  });
});
