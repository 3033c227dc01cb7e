import fc from "fast-check";
import { type Graph, conv, input, iota, program, sort } from "@adjoint/ir";
import { optimize, runPasses } from "@adjoint/ir/graph";
import { describe, expect, it } from "vitest";
import { type Kernel, compileProgram, strayAccesses } from "../src/index.ts";

const x = input("x", "f32", [6, 7]);
const indices = input("indices", "i32", [4]);
const of = (y: ReturnType<typeof x.mul>): Graph =>
  runPasses(program({ inputs: { x, indices }, outputs: { y } }), optimize);

const images = input("images", "f32", [2, 3, 9, 9]);
const filters = input("filters", "f32", [4, 3, 3, 3]);
const convolved = conv(images, filters, { padLow: [1, 1], padHigh: [1, 1], strides: [2, 2] });
const graphs: { readonly [name: string]: Graph } = {
  map: of(x.mul(2)),
  views: of(
    x
      .flip([0, 1])
      .transpose()
      .slice([{ step: 2 }, {}])
      .add(1),
  ),
  padded: of(x.pad({ low: [2, 0], high: [1, 3], interior: [1, 0] }).mul(2)),
  reduce: of(x.reduceSum({ axes: [1] }).exp()),
  product: of(x.matMul(x.transpose())),
  convolution: program({ inputs: { images, filters }, outputs: { y: convolved } }),
  cumulative: of(x.flip([1]).cumSum({ axis: 1 })),
  scatter: of(x.scatter(indices.reshape([4, 1]), iota("f32", [4, 7]))),
  lookup: of(x.flip([0]).take(indices).mul(2)),
  sort: of(sort(x.flip([1])).values),
};

/** The kernels with every position that they touch moved on. */
const moved = (kernels: readonly Kernel[], by: number): readonly Kernel[] => {
  const isIndex = (key: string): boolean => key === "index" || key === "values";
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => walk(item, ""));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, part]): [string, unknown] => [
      name,
      isIndex(key) && name === "offset" ? Number(part) + by : walk(part, name),
    ]);
    return Object.fromEntries(entries);
  };
  // The same kernels with other numbers.
  return walk(kernels, "") as readonly Kernel[];
};

describe("accesses that leave their buffer", () => {
  it.each(Object.entries(graphs))("are none in %s", (_, graph) => {
    expect(strayAccesses(compileProgram(graph))).toEqual([]);
  });

  it.each(Object.entries(graphs))("are found in %s, one element too far and one too early", (_, graph) => {
    const { kernels, buffers } = compileProgram(graph);
    for (const by of [1, -1]) {
      const strays = strayAccesses({ kernels: moved(kernels, by), buffers });
      expect(strays.some(({ how }) => how === "writes")).toBe(true);
      expect(strays.some(({ how }) => how === "reads")).toBe(true);
    }
  });

  it("are judged by the guards of the access: only where they hold is it read", () => {
    fc.assert(
      fc.property(
        fc.record({
          sizes: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
          strides: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
          offset: fc.integer({ min: -4, max: 12 }),
          guard: fc.record({
            offset: fc.integer({ min: -4, max: 4 }),
            strides: fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 })),
            limit: fc.integer({ min: 1, max: 6 }),
          }),
          elements: fc.integer({ min: 1, max: 16 }),
        }),
        ({ sizes, strides, offset, guard, elements }) => {
          const kernel: Kernel = {
            form: "map",
            domain: sizes,
            body: [
              {
                kind: "load",
                dtype: "f32",
                buffer: 0,
                index: { offset, strides, guards: [guard] },
                dynamic: [],
              },
            ],
            stores: [{ buffer: 1, index: { offset: 0, strides: [sizes[1], 1] }, value: 0 }],
          };
          let isStray = false;
          for (let i = 0; i < sizes[0]; i++)
            for (let j = 0; j < sizes[1]; j++) {
              const held = guard.offset + i * guard.strides[0] + j * guard.strides[1];
              const at = offset + i * strides[0] + j * strides[1];
              isStray ||= held >= 0 && held < guard.limit && (at < 0 || at >= elements);
            }
          const strays = strayAccesses({
            kernels: [kernel],
            buffers: [{ elements }, { elements: sizes[0] * sizes[1] }],
          });
          expect(strays.length > 0).toBe(isStray);
        },
      ),
      { numRuns: 2000, seed: Number(process.env["SEED"] ?? 1) },
    );
  });
});
