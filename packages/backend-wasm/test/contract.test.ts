import type { ContractKernel } from "@adjoint/compiler";
import { at } from "@adjoint/ir/values";
import { describe, expect, test } from "vitest";
import { kernelOf, map, noise, product, reference, run } from "./contract-support.ts";
import { workspaceBytes } from "../src/kernels/contract/emit.ts";
import { reluBias } from "./contract-epilogues.ts";
import { relaxed } from "./relaxed.ts";

/** Each sum is within this many roundings of its terms' magnitudes: blocks of 400 terms, then the blocks. */
const EPSILON = 2 ** -24;

function check(
  kernel: ContractKernel,
  sizes: readonly [number, number],
  options: Parameters<typeof run>[2] = {},
): void {
  const operands = [noise(sizes[0], 1), noise(sizes[1], 2)] as const;
  const { sums, magnitudes } = reference(kernel, operands);
  const { result, clean } = run(kernel, [...operands], options);
  let worst = 0;
  const terms = kernel.inner.reduce((a, b) => a * b, 1);
  sums.forEach((sum, index) => {
    const error = Math.abs(sum - Number(result[index])) / (EPSILON * ((magnitudes[index] ?? NaN) + 1e-30));
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  });
  expect(result.length).toBe(sums.length);
  expect(worst, `worst error of ${terms} terms in units of 2^-24·Σ|a·b|`).toBeLessThanOrEqual(
    Math.min(terms + 1, 420),
  );
  expect(clean, "only the result and the workspace are written").toBe(true);
}

const modes = [
  { name: "plain", options: {} },
  { name: "wide", options: { wide: true } },
  ...(relaxed ? [{ name: "fused", options: { fused: true } }] : []),
];

describe.each(modes)("f32 products, $name", ({ options }) => {
  const shapes = [
    [1, 1, 1],
    [2, 3, 4],
    [5, 1, 9],
    [6, 8, 8],
    [7, 10, 10],
    [10, 10, 10],
    [1, 37, 29],
    [1, 8, 2100],
    [29, 37, 1],
    [13, 401, 17],
    [100, 500, 10],
    [9, 17, 333],
    [391, 20, 9],
    [500, 801, 2],
  ] as const;
  test.each(shapes)("%i × %i × %i, either side transposed", (m, k, n) => {
    for (const leftTransposed of [false, true])
      for (const rightTransposed of [false, true])
        check(product(1, m, k, n, { leftTransposed, rightTransposed }), [m * k, k * n], options);
  });

  test("100 × 784 × 500", () => check(product(1, 100, 784, 500), [78400, 392000], options));
  test("batches", () => {
    for (const batch of [2, 9])
      for (const [m, k, n] of [
        [1, 9, 12],
        [7, 10, 10],
        [12, 33, 1],
      ] as const)
        check(product(batch, m, k, n), [batch * m * k, batch * k * n], options);
  });
  test("several axes in each part, far strides and steps back", () => {
    const parts = { batch: [2, 3], rows: [3, 5], columns: [4, 7], inner: [3, 6] };
    // Axes: two of batch, rows, columns, inner each; neither side has neighbours along one part alone.
    const left = map([270, 90, 6, 18, 0, 0, 90 * 6, 1]);
    const right = map([12, 4, 0, 0, 1, 24 * 18, 24 * 6, -24], 24 * 5);
    check(kernelOf(parts, left, right), [2000, 24 * 18 * 7], options);
    check(
      kernelOf({ rows: [9], columns: [11], inner: [13] }, map([2, 0, 40]), map([0, 3, 50])),
      [540, 640],
      options,
    );
    check(
      kernelOf({ rows: [9], columns: [11], inner: [13] }, map([0, 0, 1]), map([0, -1, 11], 10)),
      [13, 143],
      options,
    );
  });
  test("sizes of zero: no result, or sums of nothing", () => {
    for (const [m, k, n] of [
      [0, 3, 4],
      [5, 3, 0],
      [7, 0, 9],
      [1, 0, 5],
    ] as const)
      check(product(1, m, k, n), [m * k, k * n], options);
  });

  /** Images n × c × h × w under o filters of k × k; the window's step and its distance between taps. */
  const image = { n: 2, c: 3, h: 9, w: 11, o: 5, k: 3 };
  const convolutions = [
    { step: 1, apart: 1, pad: 1 },
    { step: 2, apart: 1, pad: 2 },
    { step: 1, apart: 2, pad: 3 },
    { step: 3, apart: 2, pad: 4 },
    { step: -1, apart: -1, pad: -10 },
  ];
  test.each(convolutions)("windows with padding: $step, $apart, $pad", ({ step, apart, pad }) => {
    const { n, c, h, w, o, k } = image;
    const out = [7, 6];
    const guards = [
      { offset: -pad, strides: [0, 0, step, 0, 0, apart, 0], limit: h },
      { offset: -pad, strides: [0, 0, 0, step, 0, 0, apart], limit: w },
    ];
    const strides = [0, c * h * w, step * w, step, h * w, apart * w, apart];
    const windows = map(strides, -pad * w - pad, guards);
    const weights = map([c * k * k, 0, 0, 0, k * k, k, 1]);
    const sizes = [o * c * k * k, n * c * h * w] as const;
    check(kernelOf({ rows: [o], columns: [n, ...out], inner: [c, k, k] }, weights, windows), sizes, options);
    // The same numbers with sides exchanged: windows on the left.
    const reordered = (order: readonly number[], affine: { strides: readonly number[] }): number[] =>
      order.map((axis) => at(affine.strides, axis));
    const order = [1, 2, 3, 0, 4, 5, 6];
    check(
      kernelOf(
        { rows: [n, ...out], columns: [o], inner: [c, k, k] },
        map(
          reordered(order, windows),
          windows.offset,
          guards.map((guard) => ({ ...guard, strides: reordered(order, guard) })),
        ),
        map(reordered(order, weights)),
      ),
      [sizes[1], sizes[0]],
      options,
    );
    // The weight's gradient: the sum runs over the windows.
    const by = [0, 4, 5, 6, 1, 2, 3];
    check(
      kernelOf(
        { rows: [o], columns: [c, k, k], inner: [n, ...out] },
        map([42, 0, 0, 0, o * 42, 6, 1]),
        map(
          reordered(by, windows),
          windows.offset,
          guards.map((guard) => ({ ...guard, strides: reordered(by, guard) })),
        ),
      ),
      [n * o * 42, sizes[1]],
      options,
    );
  });

  test.each([
    [100, 300, 70, false],
    [13, 900, 50, true],
    [400, 900, 10, false],
    [1, 50, 1500, true],
    [1500, 50, 1, false],
  ] as const)("%i × %i × %i: the same bits for one, two and three threads", (m, k, n, rightTransposed) => {
    const operands = [noise(m * k, 3), noise(k * n, 4)] as const;
    const splits = ["rows", "columns"] as const;
    const bits = [1, 2, 3].flatMap((running) =>
      [undefined, ...splits].map((split) => {
        const { result } = run(product(1, m, k, n, { rightTransposed }), operands, {
          ...options,
          threads: 3,
          running,
          ...(split !== undefined && m > 1 && n > 1 && { split }),
        });
        return new Uint32Array(result.buffer, result.byteOffset, result.length).slice();
      }),
    );
    for (const other of bits) expect(other).toEqual(bits[0]);
  });

  test("an epilogue gets each sum once", () => {
    for (const [m, k, n, columnsRun] of [
      [7, 10, 10, undefined],
      [100, 900, 21, 7],
      [1, 20, 33, 8],
      [33, 20, 1, undefined],
      [500, 900, 9, undefined],
    ] as const) {
      const kernel = product(2, m, k, n);
      const operands = [noise(2 * m * k, 5), noise(2 * k * n, 6)] as const;
      const plain = run(kernel, operands, options).result;
      const { result, clean } = run(kernel, operands, { ...options, epilogue: reluBias(columnsRun) });
      const wanted = Float32Array.from(plain as Float32Array, (sum, index) =>
        Math.max(Math.fround(sum + (index % n) * 0.25), 0),
      );
      expect(result).toEqual(wanted);
      expect(clean).toBe(true);
    }
  });
});

test("fused and plain sums differ by roundings only", () => {
  if (!relaxed) return;
  const operands = [noise(20 * 300, 7), noise(300 * 20, 8)] as const;
  const kernel = product(1, 20, 300, 20);
  const { magnitudes } = reference(kernel, operands);
  const [one, two] = [run(kernel, operands).result, run(kernel, operands, { fused: true }).result];
  magnitudes.forEach((magnitude, index) =>
    expect(Math.abs(Number(one[index]) - Number(two[index]))).toBeLessThan(magnitude * 64 * EPSILON),
  );
});

describe("other types", () => {
  const shapes = [
    [7, 10, 10],
    [1, 37, 29],
    [29, 37, 1],
    [9, 801, 5],
  ] as const;
  test.each([false, true])("f64, either side transposed: %s", (transposed) => {
    for (const [m, k, n] of shapes) {
      const kernel = product(1, m, k, n, {
        dtype: "f64",
        leftTransposed: transposed,
        rightTransposed: transposed,
      });
      const operands = [Float64Array.from(noise(m * k, 1)), Float64Array.from(noise(k * n, 2))] as const;
      const { sums, magnitudes } = reference(kernel, operands);
      const { result } = run(kernel, operands);
      sums.forEach((sum, index) =>
        expect(Math.abs(sum - Number(result[index]))).toBeLessThanOrEqual((magnitudes[index] ?? NaN) * 1e-13),
      );
    }
  });
  test("integers wrap", () => {
    for (const [m, k, n] of shapes) {
      const a = Int32Array.from(noise(m * k, 1), (x) => x * 2 ** 31);
      const b = Int32Array.from(noise(k * n, 2), (x) => x * 2 ** 31);
      const sum = (row: number, column: number): bigint =>
        Array.from(
          { length: k },
          (_, term) => BigInt(at(a, row * k + term)) * BigInt(at(b, term * n + column)),
        ).reduce((x, y) => x + y, 0n);
      const all = Array.from({ length: m * n }, (_, index) => sum(Math.floor(index / n), index % n));
      const narrow = run(product(1, m, k, n, { dtype: "i32" }), [a, b]).result;
      expect([...narrow]).toEqual(all.map((x) => Number(BigInt.asIntN(32, x))));
      const wide = [BigInt64Array.from(a, BigInt), BigInt64Array.from(b, BigInt)] as const;
      expect([...run(product(1, m, k, n, { dtype: "i64" }), wide).result]).toEqual(
        all.map((x) => BigInt.asIntN(64, x)),
      );
    }
  });
  const narrow = [
    { dtype: "i8", array: Int8Array, value: (x: number) => x },
    { dtype: "u8", array: Uint8Array, value: (x: number) => x },
    { dtype: "i16", array: Int16Array, value: (x: number) => x },
    { dtype: "f16", array: Uint16Array, value: half },
    { dtype: "bf16", array: Uint16Array, value: brain },
  ] as const;
  test.each(narrow)("$dtype operands are widened", ({ dtype, array, value }) => {
    const [m, k, n] = [5, 23, 14];
    const float = dtype === "f16" || dtype === "bf16";
    // Finite floats of both signs whose products are finite in f32; halves include subnormal ones.
    const pattern = (x: number): number =>
      (x < 0 ? 0x8000 : 0) | (dtype === "bf16" ? 0x3000 + Math.abs(x) * 0x1800 : Math.abs(x) * 30000);
    const bits = (count: number, seed: number): InstanceType<typeof array> =>
      new array(noise(count, seed).map((x) => (float ? pattern(x) : x * 30000)));
    const operands = [bits(m * k, 1), bits(k * n, 2)] as const;
    for (const rightTransposed of [false, true]) {
      const left = map([k, 0, 1]);
      const right = rightTransposed ? map([0, k, 1]) : map([0, 1, n]);
      const kernel = kernelOf(
        { rows: [m], columns: [n], inner: [k] },
        left,
        right,
        float ? "f32" : "i32",
        dtype,
      );
      const { sums, magnitudes } = reference(kernel, [
        Float64Array.from(operands[0], value),
        Float64Array.from(operands[1], value),
      ]);
      const { result } = run(kernel, operands);
      sums.forEach((sum, index) => {
        const wanted = float ? sum : Number(BigInt.asIntN(32, BigInt(sum)));
        const bound = float ? (magnitudes[index] ?? NaN) * 25 * EPSILON : 0;
        expect(Math.abs(Number(result[index]) - wanted)).toBeLessThanOrEqual(bound);
      });
    }
  });
});

/** The number that 16 bits hold as IEEE binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits >= 0x8000 ? -magnitude : magnitude;
}

/** The number whose f32 these are the upper 16 bits of. */
function brain(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? NaN;
}

test("the workspace is bounded, whatever the sizes", () => {
  const kernel = product(1, 50_000, 50_000, 50_000);
  for (const wide of [false, true]) {
    const bytes = workspaceBytes(kernel, { wide, threads: 2, epilogue: reluBias()(0, kernel) });
    expect(bytes).toBeLessThan(2 * 1.6e6);
  }
});
