import { wasm } from "@adjoint/backend-wasm/on-demand";
import { compile, compileProgram } from "@adjoint/compiler";
import {
  AdjointError,
  type Tensor,
  conv,
  gather,
  input,
  matMul,
  optimize,
  program,
  runPasses,
  softmax,
} from "@adjoint/ir";
import { describe, expect, it, vi } from "vitest";
import type { Families } from "../src/families.ts";
import { familyOf } from "../src/family-of.ts";
import { loadFamilies } from "../src/loading.ts";
import { familiesOf } from "../src/needs.ts";

vi.mock("../src/math/angles.ts", () => {
  throw new Error("offline");
});

const x = input("x", "f32", [64, 48]);
const w = input("w", "f32", [48, 40]);
const images = input("images", "f32", [4, 3, 12, 12]);
const filters = input("filters", "f32", [8, 3, 3, 3]);
const rows = input("rows", "i32", [5, 1]);

const needs = (y: Tensor, threads = 1): readonly string[] => {
  const inputs = { x, w, images, filters, rows };
  const graph = runPasses(program({ inputs, outputs: { y } }), optimize);
  return [...familiesOf(compileProgram(graph), { threads })].toSorted();
};

describe("a program asks for the code that it needs", () => {
  it.each<readonly [string, Tensor, readonly string[]]>([
    ["arithmetic", x.mul(2).add(1).max(0).sqrt(), []],
    ["a product with an activation", matMul(x, w).max(0), []],
    ["softmax", softmax(x), []],
    ["lookups", gather(x, rows), []],
    ["tanh", x.tanh(), ["activations"]],
    ["sinh", x.sinh(), ["doubles"]],
    ["exp in f64", x.cast("f64").exp(), ["doubles"]],
    ["a sine", x.sin(), ["angles"]],
    ["rounding", x.floor(), ["words"]],
    ["integers", rows.div(3), ["words"]],
    ["bytes", x.cast("u8"), ["words"]],
    ["16-bit floats", x.cast("f16"), ["words"]],
    ["running sums", x.cumSum({ axis: 1 }), ["ordered"]],
    ["a transposition", x.transpose([1, 0]).add(1), ["ordered"]],
    ["a matrix and a vector", matMul(x.slice([{ end: 1 }, {}]), w), ["vectors"]],
    ["a convolution", conv(images, filters, { padLow: [1, 1], padHigh: [1, 1] }), ["indirect"]],
  ])("%s", (_, y, families) => expect(needs(y)).toEqual(families));

  it("for several threads", () => expect(needs(x.mul(2), 2)).toEqual(["threads"]));
});

describe("code that is not there", () => {
  it("refuses what asked for it, by name, and nothing else", async () => {
    using backend = await wasm({ threads: 1 });
    const of = (y: Tensor): ReturnType<typeof compile> =>
      compile({ main: program({ inputs: { x }, outputs: { y } }) }, { backend });
    const refused = await of(x.cos()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AdjointError);
    expect(refused).toMatchObject({ code: "backend", operation: "wasm" });
    expect(String(refused)).toMatch(/"angles" did not load .*Serve every file of the build/s);
    await using session = await of(x.exp());
    expect((await session.run("main", { x: new Float32Array(64 * 48) }))["y"]?.data[0]).toBe(1);
  });
  it("is given up where it never comes", async () => {
    vi.useFakeTimers();
    try {
      const never = (): Promise<never> => new Promise(() => {});
      const loading = loadFamilies(["doubles"], {
        ordered: never,
        vectors: never,
        indirect: never,
        words: never,
        activations: never,
        doubles: never,
        angles: never,
        threads: never,
        checked: never,
      }).catch(String);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await loading).toContain('the code for "doubles" did not load (Error: nothing came in 30 s)');
      expect(Object.keys(await loadFamilies(["doubles", "vectors"]))).toEqual(["doubles", "vectors"]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
  it("is found missing where nobody asked for it", () => {
    const none: Families = {};
    expect(() => familyOf(none, "doubles")).toThrow('the code for "doubles" was not asked for');
  });
});
