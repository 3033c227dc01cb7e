import { type WasmBackend, wasm } from "@adjoint/backend-wasm";
import { compile } from "@adjoint/compiler";
import { convWeight, evaluate, input, program, toNumbers } from "@adjoint/ir";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fc from "fast-check";

/** The README's bound of f32: a block has at most so many terms, or one row if that is longer. */
const MOST_TERMS = 400;
const UNIT = 2 ** -24;

const axis = fc
  .record({
    tap: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    positions: fc.integer({ min: 5, max: 26 }),
    low: fc.integer({ min: 0, max: 2 }),
    high: fc.integer({ min: 0, max: 2 }),
  })
  // The image that has just so many positions; it has at least one element.
  .map((drawn) => ({
    ...drawn,
    extent: Math.max(
      1,
      (drawn.positions - 1) * drawn.stride + (drawn.tap - 1) * drawn.dilation + 1 - drawn.low - drawn.high,
    ),
  }));
const shapes = fc.record({
  batch: fc.integer({ min: 4, max: 20 }),
  channels: fc.integer({ min: 1, max: 2 }),
  filters: fc.integer({ min: 1, max: 5 }),
  rows: axis,
  columns: axis,
});

/** Terms that are all near one number, so that their roundings add up instead of cancelling. */
const near = (count: number, value: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => value * (1 + (index % 5) / 1000));

/** Roundings of a sum of `batch` images of `rows` × `columns` terms: the most for any number of whole rows in a block. */
function roundings(batch: number, rows: number, columns: number): number {
  const together = Math.max(1, Math.min(rows, Math.floor(MOST_TERMS / columns)));
  const of = (each: number): number => each * columns + batch * Math.ceil(rows / each) + 1;
  return Math.max(...Array.from({ length: together }, (_, index) => of(index + 1)));
}

describe("gradients of a convolution's weight on WebAssembly", () => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await wasm({ threads: 1 });
  });
  afterAll(() => backend[Symbol.dispose]());

  test("at random shapes: within the roundings of blocks of whole rows, which one running sum is not", async () => {
    let beyond = 0;
    await fc.assert(
      fc.asyncProperty(shapes, async ({ batch, channels, filters, rows, columns }) => {
        const axes = [rows, columns];
        const x = input("x", "f32", [batch, channels, rows.extent, columns.extent]);
        const attributes = {
          extents: axes.map(({ tap }) => tap),
          strides: axes.map(({ stride }) => stride),
          dilations: axes.map(({ dilation }) => dilation),
          padLow: axes.map(({ low }) => low),
          padHigh: axes.map(({ high }) => high),
        };
        const positions = axes.map(
          ({ extent, low, high, tap, stride, dilation }) =>
            Math.floor((extent + low + high - (tap - 1) * dilation - 1) / stride) + 1,
        );
        const g = input("g", "f32", [batch, filters, ...positions]);
        const graph = program({ inputs: { x, g }, outputs: { y: convWeight(x, g, attributes) } });
        const count = (shape: readonly unknown[]): number =>
          shape.reduce((all: number, size) => all * Number(size), 1);
        const feeds = {
          x: { dtype: "f32", shape: x.shape.map(Number), data: near(count(x.shape), 0.1) },
          g: { dtype: "f32", shape: g.shape.map(Number), data: near(count(g.shape), 0.7) },
        } as const;
        await using session = await compile({ main: graph }, { backend });
        const { y } = await session.run("main", feeds);
        // The oracle sums in doubles and rounds once; all terms are positive, so that the sum is that of their magnitudes.
        const expected = toNumbers(evaluate(graph, feeds).outputs.y);
        const [height = 1, width = 1] = positions;
        const bound = (roundings(batch, height, width) + 1) * UNIT;
        const actual = toNumbers(y);
        expected.forEach((sum, index) => {
          expect(Math.abs((actual[index] ?? Number.NaN) - sum)).toBeLessThanOrEqual(bound * sum);
        });
        const terms = batch * height * width;
        let [running, exact] = [0, 0];
        for (let term = 0; term < terms; term++) {
          running = Math.fround(running + Math.fround(Math.fround(0.1) * Math.fround(0.7)));
          exact += Math.fround(0.1) * Math.fround(0.7);
        }
        if (Math.abs(running - exact) > bound * exact) beyond++;
      }),
      { numRuns: 25, seed: Number(process.env["ADJOINT_SEED"] ?? 1) },
    );
    expect(beyond).toBeGreaterThan(0);
  });
});
