import { webgpu } from "@adjoint/backend-webgpu";
import { compile } from "@adjoint/compiler";
import { type Graph, type Tensor, add, cumSum, exp, input, mul, program, register, scan } from "@adjoint/ir";
import { bf16ToNumber, numberToBf16 } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { type StubOptions, stubDevice } from "./stub-device.ts";
import { feeds, open, unary, x } from "./support.ts";

describe("memory", () => {
  it("holds every element in a word: bits of bf16 go up as f32", async () => {
    const half = input("x", "bf16", [2]);
    const { record, session } = await open(program({ inputs: { x: half }, outputs: { y: add(half, half) } }));
    await session.run("main", { x: Uint16Array.of(numberToBf16(1.5), numberToBf16(-2)) });
    expect(record.writes.at(-1)?.words).toEqual([1.5, -2]);
    expect(bf16ToNumber(numberToBf16(1.5))).toBe(1.5);
  });

  describe("of f16, on a device that has it,", () => {
    const f16: StubOptions = { features: ["shader-f16"] };
    const half = input("x", "f16", [5]);

    it("is halves of words, and computed in f32", async () => {
      const main = program({ inputs: { x: half }, outputs: { y: add(half, half) } });
      const { record, session } = await open(main, f16);
      expect(record.shaders[0]).toMatch(/^enable f16;\n.*memory0: array<f16>;/);
      expect(record.shaders[0]).toContain("let v0 = f32(memory0[i0]);");
      expect(record.shaders[0]).toContain("let v1 = roundF16((v0 + v0));");
      expect(record.shaders[0]).toContain("memory0[i0] = f16(v1);");
      await session.run("main", { x: Uint16Array.of(1, 2, 3, 4, 5) });
      // As the host has them, with what fills the last word.
      expect(record.writes.at(-1)?.words).toEqual([1, 2, 3, 4, 5, 0]);
      const { record: plain } = await open(main);
      expect(plain.shaders[0]).not.toContain("array<f16>");
    });

    it("is read four at a time by products", async () => {
      const [a, b] = [input("a", "f16", [32, 16]), input("b", "f16", [16, 32])];
      const { record } = await open(program({ inputs: { a, b }, outputs: { y: a.matMul(b) } }), f16);
      expect(record.shaders[0]).toContain("array<vec4<f16>>");
      expect(record.shaders[0]).toContain("return vec4<f32>(memory0[");
    });

    it("takes half the memory as a register", async () => {
      const weight = register("weight", "f16", [1000]);
      const main = program({
        inputs: { x: half },
        outputs: {},
        updates: [{ register: weight, next: add(weight, half.reduceSum()) }],
      });
      const { record } = await open(main, f16);
      expect(record.writes.find(({ label }) => label === "register weight")?.words).toHaveLength(1000);
      const { record: plain } = await open(main);
      expect(plain.bytes - record.bytes).toBeGreaterThanOrEqual(2000);
    });

    it("shares no memory with words, and is words where a loop copies it by slices", async () => {
      const xs = register("xs", "f16", [3, 5]);
      const { outputs, carry } = scan({ carry: [half], sequences: [xs] }, ([last = half], [next = half]) => ({
        carry: [add(last, next)],
        outputs: [mul(last, next)],
      }));
      const [y = half, z = half] = [carry[0], outputs[0]];
      const { record, session } = await open(program({ inputs: { x: half }, outputs: { y, z } }), f16);
      await session.run("main", { x: new Uint16Array(5) });
      // The register's slices come from a copy in words.
      expect(record.shaders.filter((text) => /array<f16>/.test(text)).join("\n")).toContain(
        "f32(memory0[at])",
      );
      expect(record.shaders.some((text) => !text.includes("f16>") && text.includes("roundF16"))).toBe(true);
    });
  });

  describe("is refused before the program runs, and freed", () => {
    const weight = register("weight", "f32", [1000]);
    const trained = program({
      inputs: { x },
      outputs: {},
      updates: [{ register: weight, next: add(weight, x.reduceSum()) }],
    });
    const wide = (build: (t: Tensor) => Tensor): Graph => unary((t) => build(t.broadcast([1000, 6])));

    it.each<readonly [what: string, main: Graph, options: StubOptions, message: RegExp]>([
      ["an output", wide(exp), { largest: 4096 }, /output "y" needs 24000 bytes.*is 4096.*smaller batch/],
      [
        "a tensor in between",
        wide((t) => cumSum(t, { axis: 0 }).reduceSum()),
        { largest: 4096 },
        /a tensor f32\[6000\], which "cum.*" computes, needs 24000 bytes/,
      ],
      ["a register", trained, { largest: 2048 }, /register "weight" needs 4000 bytes/],
      ["memory for registers", trained, { memory: 3000 }, /no room for registers of 4000 bytes/],
      ["memory for a program", wide(exp), { memory: 20_000 }, /no room for the \d+ bytes of the program/],
    ])("where %s is more than the device has", async (_, main, options, message) => {
      const { device, record } = stubDevice(options);
      await expect(compile({ main }, { backend: await webgpu({ device }) })).rejects.toThrow(message);
      expect(record.bytes).toBe(0);
    });
  });

  it("of registers is read in as many parts as buffers need", async () => {
    const registers = ["a", "b", "c"].map((name) => register(name, "f32", [8]));
    const main = program({
      inputs: { x },
      outputs: {},
      updates: registers.map((each) => ({ register: each, next: add(each, x.reduceSum()) })),
    });
    const { record, session } = await open(main, { largest: 64 });
    const before = record.bytes;
    expect(Object.keys(await session.state())).toEqual(["a", "b", "c"]);
    expect(record.submits).toBe(2);
    expect(record.bytes).toBe(before);
  });

  it("is freed when a program turns out to be refused", async () => {
    const wide = input("x", "f64", [2]);
    const main = program({ inputs: { x: wide }, outputs: { y: add(wide, wide) } });
    const { device, record } = stubDevice();
    await expect(compile({ main }, { backend: await webgpu({ device }) })).rejects.toThrow("no f64");
    expect(record.bytes).toBe(0);
  });

  it("is all freed when the session closes", async () => {
    const { record, session } = await open(unary(exp));
    await session.run("main", feeds);
    expect(record.bytes).toBeGreaterThan(0);
    await session.close();
    expect(record.bytes).toBe(0);
  });
});
