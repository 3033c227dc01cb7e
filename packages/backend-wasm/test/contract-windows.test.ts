import type { ContractKernel } from "@adjoint/compiler";
import { describe, expect, test } from "vitest";
import { reluBias } from "./contract-epilogues.ts";
import {
  type Numbers,
  type RunOptions,
  kernelOf,
  map,
  noise,
  product,
  reference,
  run,
  wayOf,
} from "./contract-support.ts";

interface Images {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly k: number;
  readonly pad: number;
}

const extents = ({ h, w, k, pad }: Images): readonly [number, number] => [
  h + 2 * pad - k + 1,
  w + 2 * pad - k + 1,
];

/** out[o, n, y, x] = Σ_c,ky,kx weight[o, c, ky, kx] · image[n, c, y + ky − pad, x + kx − pad]. */
function forward(images: Images): ContractKernel {
  const { n, c, h, w, o, k, pad } = images;
  const [height, width] = extents(images);
  const guards = [
    { offset: -pad, strides: [0, 0, 1, 0, 0, 1, 0], limit: h },
    { offset: -pad, strides: [0, 0, 0, 1, 0, 0, 1], limit: w },
  ];
  return kernelOf(
    { rows: [o], columns: [n, height, width], inner: [c, k, k] },
    map([c * k * k, 0, 0, 0, k * k, k, 1]),
    map([0, c * h * w, w, 1, h * w, w, 1], -pad * w - pad, pad > 0 ? guards : []),
  );
}

/** out[o, c, ky, kx] = Σ_n,y,x gradient[n, o, y, x] · image[n, c, y + ky − pad, x + kx − pad]. */
function byWeight(images: Images): ContractKernel {
  const { n, c, h, w, o, k, pad } = images;
  const [height, width] = extents(images);
  const guards = [
    { offset: -pad, strides: [0, 0, 1, 0, 0, 1, 0], limit: h },
    { offset: -pad, strides: [0, 0, 0, 1, 0, 0, 1], limit: w },
  ];
  const kernel = kernelOf(
    { rows: [o], columns: [c, k, k], inner: [n, height, width] },
    map([height * width, 0, 0, 0, o * height * width, width, 1]),
    map([0, h * w, w, 1, c * h * w, w, 1], -pad * w - pad, pad > 0 ? guards : []),
  );
  const ones = [1, 1];
  const none = [0, 0];
  const attributes = { strides: ones, dilations: ones, padLow: none, padHigh: none, groups: 1 };
  const convolution = {
    variant: "convWeight",
    attributes,
    x: [n, c, h, w],
    w: [o, c, k, k],
    g: [n, o, height, width],
  } as const;
  return { ...kernel, convolution };
}

const bitsOf = (numbers: Numbers): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).slice();

const cases: readonly (readonly [string, Images])[] = [
  ["few terms", { n: 3, c: 1, h: 9, w: 11, o: 5, k: 3, pad: 1 }],
  ["ragged runs and many terms", { n: 2, c: 20, h: 7, w: 14, o: 16, k: 5, pad: 2 }],
  ["several blocks of terms", { n: 2, c: 50, h: 6, w: 9, o: 9, k: 3, pad: 1 }],
  ["whole runs", { n: 2, c: 50, h: 5, w: 16, o: 6, k: 3, pad: 1 }],
  ["no padding", { n: 2, c: 12, h: 10, w: 17, o: 8, k: 5, pad: 0 }],
  ["more positions than a group", { n: 1, c: 8, h: 22, w: 29, o: 16, k: 3, pad: 1 }],
  ["one image, one row", { n: 1, c: 3, h: 1, w: 40, o: 4, k: 1, pad: 0 }],
];

describe.each(cases)("windows, %s", (_, images) => {
  const { n, c, h, w, o, k } = images;
  const [height, width] = extents(images);
  const image = noise(n * c * h * w, 1);
  const problems = [
    { name: "forward", kernel: forward(images), operands: [noise(o * c * k * k, 2), image] },
    { name: "by weight", kernel: byWeight(images), operands: [noise(n * o * height * width, 3), image] },
  ] as const;
  test.each(problems)(
    "$name: right sums, the same bits for any threads and wide vectors",
    ({ kernel, operands }) => {
      const ran = (options: RunOptions): ReturnType<typeof run> => run(kernel, [...operands], options);
      const { sums, magnitudes } = reference(kernel, operands);
      const { result, clean } = ran({});
      expect(clean, "only the result and the workspace are written").toBe(true);
      result.forEach((sum: number | bigint, index: number) =>
        expect(Math.abs(Number(sum) - (sums[index] ?? NaN))).toBeLessThanOrEqual(
          (magnitudes[index] ?? NaN) * 50 * 2 ** -24,
        ),
      );
      const bits = bitsOf(result);
      for (const wide of [false, true])
        for (const running of [1, 2, 3])
          for (const split of [undefined, "rows", "columns"] as const) {
            const other = ran({ wide, threads: 3, running, ...(split && { split }) });
            expect(bitsOf(other.result), `${wide} ${running} ${split}`).toEqual(bits);
            expect(other.clean).toBe(true);
          }
    },
  );

  test.each(problems)("$name: an epilogue gets each sum once", ({ kernel, operands }) => {
    const columns = kernel.columns.reduce((all, size) => all * size, 1);
    const plain = run(kernel, [...operands]).result;
    const wanted = Float32Array.from(plain as Float32Array, (sum, index) =>
      Math.max(Math.fround(sum + (index % columns) * 0.25), 0),
    );
    for (const wide of [false, true])
      for (const columnsRun of [undefined, kernel.columns.at(-1)]) {
        const { result, clean } = run(kernel, [...operands], { wide, epilogue: reluBias(columnsRun) });
        expect(result).toEqual(wanted);
        expect(clean).toBe(true);
      }
  });
});

test("wide vectors change no bits of a product", () => {
  for (const [m, k, n] of [
    [13, 901, 50],
    [100, 784, 21],
    [7, 20, 10],
  ] as const) {
    const operands = [noise(m * k, 1), noise(k * n, 2)] as const;
    const [narrow, wide] = [false, true].map(
      (on) => run(product(1, m, k, n), [...operands], { wide: on }).result,
    );
    expect(wide).toEqual(narrow);
  }
});

test("cases above take each way that reads windows", () => {
  const ways = cases.map(([name, images]) =>
    [name, wayOf(forward(images)), wayOf(byWeight(images))].join(": "),
  );
  expect(ways).toMatchInlineSnapshot(`
    [
      "few terms: window: weightGradient",
      "ragged runs and many terms: windowSwapped: weightGradient",
      "several blocks of terms: window: weightGradient",
      "whole runs: window: weightGradient",
      "no padding: windowSwapped: weightGradient",
      "more positions than a group: windowSwapped: weightGradient",
      "one image, one row: block: weightGradient",
    ]
  `);
});
