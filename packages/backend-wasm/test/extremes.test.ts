import "./relaxed.ts";
import { type TensorValue, tensorValue } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { type Ran, type Tensors, check, get, ramp } from "./kernel-support.ts";

/** A NaN as x64 makes it: with its sign bit set. */
const NEGATIVE_NAN = new Float32Array(new Uint32Array([0xffc0_0000]).buffer);

/** Lines of −5 with what is special at every position. */
function specialLines(size: number): Float32Array[] {
  const line = (): Float32Array => new Float32Array(size).fill(-5);
  return Array.from({ length: size }, (_, at) => {
    const [nan, negative, zeros, turned] = [line(), line(), line(), line()];
    const other = (at * 7 + 5) % size;
    nan[at] = NaN;
    negative.set(NEGATIVE_NAN, at);
    [zeros[at], zeros[other]] = [-0, 0];
    [turned[other], turned[at]] = [-0, 0];
    return [nan, negative, zeros, turned, zeros.map((x) => -x), turned.map((x) => -x)];
  })
    .flat()
    .concat([-0, Infinity, -Infinity].map((x) => line().fill(x)));
}

const exact = (values: ArrayLike<number | bigint>): string[] =>
  Array.from(values, (value) => (Object.is(value, -0) ? "-0" : String(value)));

/** Compares with the reference, and the signs of zeros with what ECMAScript says. */
function extremes(x: TensorValue, axis: number, lines: readonly Float32Array[]): Ran {
  const ran = check({ x }, (t: Tensors) => ({
    largest: get(t, "x").reduceMax({ axes: [axis] }),
    smallest: get(t, "x").reduceMin({ axes: [axis] }),
  }));
  const [largest = [], smallest = []] = ran.outputs;
  expect(exact(largest)).toEqual(exact(lines.map((line) => line.reduce((a, b) => Math.max(a, b)))));
  expect(exact(smallest)).toEqual(exact(lines.map((line) => line.reduce((a, b) => Math.min(a, b)))));
  return ran;
}

function rowsOf(lines: readonly Float32Array[]): TensorValue {
  const size = lines[0]?.length ?? 0;
  const data = new Float32Array(lines.length * size);
  lines.forEach((line, row) => data.set(line, row * size));
  return tensorValue("f32", [lines.length, size], data);
}

function columnsOf(lines: readonly Float32Array[]): TensorValue {
  const size = lines[0]?.length ?? 0;
  const data = new Float32Array(lines.length * size);
  // Bits and all: reading a NaN as a number may lose its sign.
  lines.forEach((line, column) =>
    line.forEach((_, row) => data.set(line.subarray(row, row + 1), row * lines.length + column)),
  );
  return tensorValue("f32", [size, lines.length], data);
}

describe("largest and smallest", () => {
  it.each([3, 4, 10, 33, 67])("of lines of %i: NaN wins, and zeros have signs", (size) => {
    const lines = specialLines(size);
    expect(extremes(rowsOf(lines), 1, lines).units[0]).toHaveLength(1);
  });
  it.each([3, 4, 10, 33])("of columns of %i: NaN wins, and zeros have signs", (size) => {
    const lines = specialLines(size);
    expect(extremes(columnsOf(lines), 0, lines).units[0]).toHaveLength(1);
  });
  it.each([
    ["a line", [40_003], rowsOf],
    ["two lines", [30_001, 30_001], rowsOf],
    ["columns", [9000, 9000, 9000, 9000, 9000], columnsOf],
  ] as const)("of parts of %s", (_, sizes, laid) => {
    const parts = (special: (line: Float32Array) => void): void => {
      const lines = sizes.map((size) => new Float32Array(size).fill(-5));
      lines.forEach(special);
      const x = laid(lines);
      const { units } = extremes(x, laid === rowsOf ? 1 : 0, lines);
      expect(units[0]).toHaveLength(2);
    };
    parts((line) => line.set([1, 2, 3, -7], 1234));
    parts((line) => line.set(NEGATIVE_NAN, 1234));
    parts((line) => ([line[77], line[8000]] = [-0, 0]));
    parts((line) => ([line[77], line[8000]] = [0, -0]));
  });
  it.each(["f64", "f16", "bf16", "i64", "u32", "u8"] as const)("of parts of %s", (dtype) => {
    const { units } = check({ x: ramp(dtype, [40_003]) }, (t) => ({
      largest: get(t, "x").reduceMax(),
      smallest: get(t, "x").reduceMin(),
    }));
    expect(units[0]).toHaveLength(2);
  });
});
