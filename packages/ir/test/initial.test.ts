import {
  type Initial,
  type TensorValue,
  initialValue,
  threefry2x32,
  toNumbers,
  valueOf,
} from "@adjoint/ir/values";
import { normalQuantile } from "../src/initial.ts";
import { hashName } from "../src/threefry.ts";
import { describe, expect, test } from "vitest";

const start = (
  initial: Initial,
  shape: readonly number[],
  options: { name?: string; seed?: number; dtype?: TensorValue["dtype"] } = {},
): TensorValue =>
  initialValue(
    { name: options.name ?? "w", dtype: options.dtype ?? "f64", shape, initial },
    options.seed ?? 1,
  );

const normal: Initial = { kind: "normal", mean: 0, standardDeviation: 1 };
const uniform: Initial = { kind: "uniform", low: 0, high: 1 };

/** Means of powers: about 4 standard errors of n samples is a coincidence of 1 in 16,000; the seed is fixed besides. */
const moment = (elements: readonly number[], power: number): number =>
  elements.reduce((sum, x) => sum + x ** power, 0) / elements.length;

describe("S7: random starts have their distributions", () => {
  test("standard normal: four moments and the tails", () => {
    const samples = toNumbers(start(normal, [100, 400]));
    expect(Math.abs(moment(samples, 1))).toBeLessThan(0.02);
    expect(Math.abs(moment(samples, 2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(samples, 3))).toBeLessThan(0.08);
    expect(Math.abs(moment(samples, 4) - 3)).toBeLessThan(0.2);
    // 4.55 % lie beyond 2, 0.27 % beyond 3.
    expect(samples.filter((x) => Math.abs(x) > 2).length / samples.length).toBeCloseTo(0.0455, 2);
    expect(samples.filter((x) => Math.abs(x) > 3).length / samples.length).toBeCloseTo(0.0027, 3);
  });

  test("normal with a mean and a deviation", () => {
    const samples = toNumbers(start({ kind: "normal", mean: 5, standardDeviation: 0.1 }, [20000]));
    expect(moment(samples, 1)).toBeCloseTo(5, 2);
    expect(
      Math.sqrt(
        moment(
          samples.map((x) => x - 5),
          2,
        ),
      ),
    ).toBeCloseTo(0.1, 2);
  });

  test("uniform: within its ends, moments, every tenth alike", () => {
    const samples = toNumbers(start({ kind: "uniform", low: -2, high: 4 }, [40000]));
    expect(Math.min(...samples)).toBeGreaterThan(-2);
    expect(Math.max(...samples)).toBeLessThan(4);
    expect(Math.abs(moment(samples, 1) - 1)).toBeLessThan(0.04);
    expect(
      Math.abs(
        moment(
          samples.map((x) => x - 1),
          2,
        ) - 3,
      ),
    ).toBeLessThan(0.06);
    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => samples.filter((x) => Math.floor(((x + 2) / 6) * 10) === tenth).length,
    );
    for (const count of tenths) expect(Math.abs(count - 4000)).toBeLessThan(260);
  });

  test("neighbours are not correlated", () => {
    const samples = toNumbers(start(normal, [40000]));
    for (const lag of [1, 2, 400]) {
      const products = samples.slice(lag).map((x, index) => x * (samples[index] ?? 0));
      expect(Math.abs(moment(products, 1))).toBeLessThan(0.02);
    }
  });
});

describe("S7: orthogonal starts", () => {
  /** The largest deviation of rows·rowsᵀ (or columnsᵀ·columns) from gain²·1. */
  function deviation(shape: readonly number[], gain: number): number {
    const elements = toNumbers(start({ kind: "orthogonal", gain }, shape));
    const rows = shape[0] ?? 1;
    const columns = elements.length / rows;
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
    const at = (vector: number, index: number): number =>
      (rows <= columns ? elements[vector * columns + index] : elements[index * columns + vector]) ?? NaN;
    let worst = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let dot = 0;
        for (let k = 0; k < length; k++) dot += at(i, k) * at(j, k);
        worst = Math.max(worst, Math.abs(dot - (i === j ? gain * gain : 0)));
      }
    }
    return worst;
  }

  test.each([[[40, 40]], [[20, 50]], [[50, 20]], [[8, 3, 5]], [[64, 2, 2]], [[1, 7]], [[7]], [[]]])(
    "%j are orthonormal",
    (shape) => {
      expect(deviation(shape, 1)).toBeLessThan(1e-12);
    },
  );

  test("are scaled by the gain", () => {
    expect(deviation([10, 6], Math.SQRT2)).toBeLessThan(1e-12);
  });

  test("in f32 are orthonormal to 1e-6", () => {
    const elements = toNumbers(start({ kind: "orthogonal", gain: 1 }, [32, 32], { dtype: "f32" }));
    let worst = 0;
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j < 32; j++) {
        let dot = 0;
        for (let k = 0; k < 32; k++) dot += (elements[i * 32 + k] ?? 0) * (elements[j * 32 + k] ?? 0);
        worst = Math.max(worst, Math.abs(dot - Number(i === j)));
      }
    }
    expect(worst).toBeLessThan(1e-6);
  });

  test("of no elements are none", () => {
    expect(start({ kind: "orthogonal", gain: 1 }, [0, 3]).data).toHaveLength(0);
  });
});

/** Bits as hexadecimal, whatever the machine's byte order. */
const bitsOf = (value: TensorValue): string[] => {
  const view = new DataView(new ArrayBuffer(8));
  return toNumbers(value).map((x) => {
    view.setFloat64(0, x);
    return view.getBigUint64(0).toString(16).padStart(16, "0");
  });
};

describe("S7: starts are the same everywhere", () => {
  test("bit patterns of each kind", () => {
    expect({
      uniform: bitsOf(start(uniform, [4])),
      normal: bitsOf(start(normal, [6])),
      "normal of f32": bitsOf(start(normal, [4], { dtype: "f32" })),
      orthogonal: bitsOf(start({ kind: "orthogonal", gain: 1 }, [2, 3])),
      "another name": bitsOf(start(normal, [2], { name: "dense/weight" })),
      "another seed": bitsOf(start(normal, [2], { seed: 4294967295 })),
    }).toMatchSnapshot();
  });

  test("one seed and name give the same, others not", () => {
    const first = start(normal, [64]);
    expect(start(normal, [64])).toEqual(first);
    expect(start(normal, [64], { seed: 2 })).not.toEqual(first);
    expect(start(normal, [64], { name: "v" })).not.toEqual(first);
    // The shape only arranges: the first elements stay.
    expect(toNumbers(start(normal, [128])).slice(0, 64)).toEqual(toNumbers(first));
  });

  test("the known answers of Threefry-2x32-20", () => {
    // Source: Random123, tests/kat_vectors.
    expect([...threefry2x32(0, 0, 0, 0)]).toEqual([0x6b200159, 0x99ba4efe]);
    expect([...threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)]).toEqual([
      0x1cb996fc, 0xbb002be7,
    ]);
    expect([...threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)]).toEqual([
      0xc4923a9c, 0x483df7a0,
    ]);
  });

  test("FNV-1a of names", () => {
    // Source: the test vectors of the FNV reference, 32 bits.
    expect(hashName("")).toBe(0x811c9dc5);
    expect(hashName("a")).toBe(0xe40c292c);
    expect(hashName("foobar")).toBe(0xbf9cf968);
  });
});

describe("S7: the normal quantile", () => {
  test("has the values of tables", () => {
    expect(normalQuantile(0.5)).toBe(0);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(normalQuantile(0.995)).toBeCloseTo(2.5758293035489004, 14);
    expect(normalQuantile(0.84134474606854293)).toBeCloseTo(1, 14);
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 13);
    expect(normalQuantile(1e-300)).toBeCloseTo(-37.0471, 3);
  });

  test("is odd about one half", () => {
    for (const p of [0.01, 0.0625, 0.25, 0.4375])
      expect(normalQuantile(p)).toBeCloseTo(-normalQuantile(1 - p), 13);
  });
});

describe("starts that are given", () => {
  test("constants and data, which are copied", () => {
    expect(toNumbers(start({ kind: "constant", value: 2.5 }, [2]))).toEqual([2.5, 2.5]);
    expect([...start({ kind: "constant", value: 7 }, [1], { dtype: "i64" }).data]).toEqual([7n]);
    const value = valueOf("f64", [2], [1, 2]);
    const copy = start({ kind: "data", value }, [2]);
    expect(copy).toEqual(value);
    expect(copy.data).not.toBe(value.data);
  });

  test("the session's seed and a counter", () => {
    expect([...start({ kind: "seed" }, [2], { dtype: "u32", seed: 123 }).data]).toEqual([123, 0]);
  });

  test("that do not fit are refused", () => {
    expect(() => start({ kind: "data", value: valueOf("f32", [2], [1, 2]) }, [3])).toThrow(
      'register "w": is f64[3] and starts from f32[2]',
    );
    expect(() => start(normal, [3], { dtype: "i32" })).toThrow(
      'register "w": random start "normal" needs a float type, not i32',
    );
  });
});
