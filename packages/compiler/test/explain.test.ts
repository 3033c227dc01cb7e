import { describe, expect, it } from "vitest";
import { type Tensor, input, program, register, softmax } from "@adjoint/ir";
import { type Explanation, compile, explain } from "@adjoint/compiler";
import { stub } from "./stub-backend.ts";

const x = input("x", "f32", [32, 64]);
const weight = register("weight", "f32", [64, 10]);
const logits = x.matMul(weight);
const train = program({
  inputs: { x },
  outputs: { y: softmax(logits), unused: softmax(logits).mul(1) },
  updates: [{ register: weight, next: weight.mul(0.5).add(weight.mul(0.25)) }],
});

async function explained(profile = false, runs = 0): Promise<Explanation> {
  await using session = await compile({ train }, { backend: stub({ milliseconds: 1.5 }), profile });
  for (let run = 0; run < runs; run++) await session.run("train", { x: new Float32Array(32 * 64) });
  const [explanation] = explain(session);
  if (explanation === undefined) throw new Error("nothing was compiled");
  return explanation;
}

/** Without times, and without what depends on how thorough the passes are. */
const masked = (text: string): string =>
  text.replace(/compiled in [\d.]+ ms/, "compiled in … ms").replaceAll(/\b\d+ nodes/g, "… nodes");

describe("explain", () => {
  it("says as text what became of an entry", async () => {
    expect(masked((await explained()).text)).toMatchInlineSnapshot(`
      "entry "train" (x: f32[32, 64]), compiled in … ms
      passes: declared … nodes → inline … nodes → simplify … nodes → cse … nodes
      kernels: 6
          0  contract batch 1 rows 32 columns 10 inner 64 dotGeneral
          1  reduce [32] over [10] reduceMax · isInf where
          2  map [32, 10] sub exp
          3  reduce [32] over [10] reduceSum
          4  map [32, 10] div
          5  map [640] mul×2 add
      memory: 12032 bytes at peak, 2 slots of 8192, 1280 bytes, workspace 64 bytes"
    `);
  });

  it("has the graph before and after each pass that changed it", async () => {
    const { passes } = await explained();
    expect(passes.map(({ name }) => name)).toEqual(["declared", "inline", "simplify", "cse"]);
    const [declared, inlined] = passes;
    const last = passes.at(-1);
    expect(declared?.graph).toContain("softmax(");
    expect(declared?.graph.split("softmax(")).toHaveLength(3);
    // The composite's body stands in its place, twice; then equal nodes are one.
    expect(inlined?.graph).not.toContain("softmax(");
    expect(inlined?.graph.split("= exp(")).toHaveLength(3);
    expect(last?.graph.split("= exp(")).toHaveLength(2);
    expect(last?.graph).toMatch(/update %weight: %\d+/);
    expect(last?.nodes).toBeLessThan(inlined?.nodes ?? 0);
    for (const { milliseconds } of passes) expect(milliseconds).toBeGreaterThanOrEqual(0);
  });

  it("has kernels, slots and bytes as data", async () => {
    const { kernels, slots, peakBytes, workspaceBytes, inputs, entry, compileMilliseconds } =
      await explained();
    expect({ entry, inputs, workspaceBytes }).toEqual({
      entry: "train",
      inputs: ["x: f32[32, 64]"],
      workspaceBytes: 64,
    });
    expect(kernels[0]).toEqual({
      form: "contract",
      description: "contract batch 1 rows 32 columns 10 inner 64 dotGeneral",
      bytes: 4 * (32 * 64 + 64 * 10 + 32 * 10),
      liveBytes: 4 * (32 * 64 + 32 * 10),
    });
    expect(peakBytes).toBe(4 * 64 * 10 + slots.reduce((sum, bytes) => sum + bytes, 0));
    for (const { liveBytes } of kernels) expect(liveBytes).toBeLessThanOrEqual(peakBytes);
    expect(kernels.every((kernel) => !("milliseconds" in kernel))).toBe(true);
    expect(compileMilliseconds).toBeGreaterThan(0);
  });

  it("has the mean time of each kernel where the session profiles", async () => {
    const { kernels, text } = await explained(true, 3);
    expect(kernels.map(({ milliseconds }) => milliseconds)).toEqual(kernels.map(() => 1.5));
    expect(text).toContain("    0  1.500 ms  contract");
    const { kernels: unrun } = await explained(true);
    expect(unrun.map(({ milliseconds }) => milliseconds)).toEqual(kernels.map(() => 0));
  });

  it("runs the passes that the session was given", async () => {
    const none: Tensor = x.mul(1);
    const entry = program({ inputs: { x }, outputs: { none } });
    await using plain = await compile({ entry }, { backend: stub(), passes: [] });
    expect(explain(plain)[0]?.passes.map(({ name }) => name)).toEqual(["declared"]);
    expect(explain(plain)[0]?.kernels).toHaveLength(1);
    await using usual = await compile({ entry }, { backend: stub() });
    expect(explain(usual)[0]?.passes.map(({ name }) => name)).toContain("simplify");
    expect(explain(usual)[0]?.kernels).toHaveLength(0);
  });

  it("says so where a program needs no memory of its own", async () => {
    const entry = program({ inputs: {}, outputs: { weight } });
    await using session = await compile({ entry }, { backend: stub() });
    expect(explain(session)[0]?.text).toContain("memory: 2560 bytes at peak, 0 slots, workspace 64 bytes");
  });
});
