import type { Affine, ContractKernel } from "@adjoint/compiler";
import {
  type DType,
  at,
  bf16ToNumber,
  dtypeInfo,
  f16ToNumber,
  numberToBf16,
  numberToF16,
} from "@adjoint/ir/values";
import { type Swept, product } from "./contract-cases.ts";
import { valuesOf, wordsOf } from "./contract-words.ts";

/** The right results of contractions, by loops over coordinates that share nothing with the code under test. */

/** Values of an affine function at all points of some axes, row-major. */
function valuesAt(
  { offset, strides }: Affine,
  axes: readonly number[],
  sizes: readonly number[],
): Int32Array {
  let all = Int32Array.of(offset);
  axes.forEach((axis, position) => {
    const size = at(sizes, position);
    const step = at(strides, axis);
    const next = new Int32Array(all.length * size);
    all.forEach((value, index) => {
      for (let coordinate = 0; coordinate < size; coordinate++)
        next[index * size + coordinate] = value + coordinate * step;
    });
    all = next;
  });
  return all;
}

interface Judged {
  /** The result at each row-major point of batch ++ rows ++ columns, before it is fitted to the dtype. */
  readonly sums: Float64Array | BigInt64Array;
  readonly magnitudes: Float64Array;
}

/** Σ left·right by coordinates. */
export function judge(
  kernel: ContractKernel,
  [a, b]: readonly [Float64Array | BigInt64Array, Float64Array | BigInt64Array],
): Judged {
  const { batch, rows, columns, inner } = kernel;
  const sizes = [...batch, ...rows, ...columns, ...inner];
  const outerAxes = sizes.slice(0, sizes.length - inner.length).map((_, axis) => axis);
  const innerAxes = inner.map((_, index) => outerAxes.length + index);
  const outerSizes = sizes.slice(0, outerAxes.length);
  const terms = product(inner);
  const side = (index: ContractKernel["left"]["index"]) => {
    const outer = valuesAt(index, outerAxes, outerSizes);
    const own = valuesAt({ ...index, offset: 0 }, innerAxes, inner);
    const guards = index.guards.map((guard) => ({
      outer: valuesAt(guard, outerAxes, outerSizes),
      inner: valuesAt({ ...guard, offset: 0 }, innerAxes, inner),
      limit: guard.limit,
    }));
    return (point: number, term: number): number => {
      for (const guard of guards) {
        const value = (guard.outer[point] ?? NaN) + (guard.inner[term] ?? NaN);
        if (value < 0 || value >= guard.limit) return -1;
      }
      return (outer[point] ?? NaN) + (own[term] ?? NaN);
    };
  };
  const [left, right] = [side(kernel.left.index), side(kernel.right.index)];
  const points = product(outerSizes);
  const magnitudes = new Float64Array(points);
  if (a instanceof BigInt64Array && b instanceof BigInt64Array) {
    const sums = new BigInt64Array(points);
    for (let point = 0; point < points; point++) {
      let sum = 0n;
      for (let term = 0; term < terms; term++) {
        const [i, j] = [left(point, term), right(point, term)];
        if (i < 0 || j < 0) continue;
        sum += at(a, i) * at(b, j);
      }
      sums[point] = BigInt.asIntN(64, sum);
    }
    return { sums, magnitudes };
  }
  const exact =
    kernel.dtype !== "f32" && kernel.dtype !== "f64" && kernel.dtype !== "f16" && kernel.dtype !== "bf16";
  const sums = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    let [sum, magnitude] = [0, 0];
    for (let term = 0; term < terms; term++) {
      const [i, j] = [left(point, term), right(point, term)];
      if (i < 0 || j < 0) continue;
      const [x, y] = [Number(a[i] ?? NaN), Number(b[j] ?? NaN)];
      if (exact) sum = (sum + Math.imul(x, y)) | 0;
      else {
        sum += x * y;
        magnitude += Math.abs(x * y);
      }
    }
    sums[point] = sum;
    magnitudes[point] = magnitude;
  }
  return { sums, magnitudes };
}

/** The most roundings in a sum of this many terms: those of a block's terms, then those of the blocks. */
function roundings(terms: number, dtype: DType): number {
  const block = dtypeInfo[dtype].bytes === 8 ? 200 : 400;
  return Math.min(terms, block) + Math.ceil(terms / block) + 1;
}

/** Rounds or wraps to a dtype. */
function fitted(dtype: Swept): (value: number) => number {
  switch (dtype) {
    case "f16":
      return (value) => f16ToNumber(numberToF16(value));
    case "bf16":
      return (value) => bf16ToNumber(numberToBf16(value));
    case "f32":
      return Math.fround;
    case "i8":
      return (value) => (value << 24) >> 24;
    case "u8":
      return (value) => value & 255;
    case "i16":
      return (value) => (value << 16) >> 16;
    case "i32":
      return (value) => value | 0;
    case "u32":
      return (value) => value >>> 0;
    case "f64":
    case "i64":
      return (value) => value;
  }
}

const UNITS: { readonly [D in Swept]?: number } = {
  f32: 2 ** -24,
  f64: 2 ** -53,
  f16: 2 ** -11,
  bf16: 2 ** -8,
};

export function compare(
  kernel: ContractKernel,
  dtype: Swept,
  { sums, magnitudes }: Judged,
  bias: Float64Array | BigInt64Array,
  bits: Uint8Array,
  points: number,
): string | undefined {
  const { bytes } = dtypeInfo[dtype];
  const sizes = [...kernel.batch, ...kernel.rows, ...kernel.columns];
  const axes = sizes.map((_, axis) => axis);
  const load = kernel.epilogue.find((node) => node.kind === "load");
  const biasAt = valuesAt(
    load?.kind === "load" ? load.index : { offset: 0, strides: sizes.map(() => 0) },
    axes,
    sizes,
  );
  const fit = fitted(dtype);
  const terms = product(kernel.inner);
  const accumulated = dtypeInfo[dtype].bytes === 8 ? 2 ** -53 : 2 ** -24;
  const unit = UNITS[dtype] ?? 0;
  for (const [which, store] of kernel.stores.entries()) {
    const added = store.value === 0 ? 0 : kernel.epilogue.length - 2;
    const positions = valuesAt(store.index, axes, sizes);
    const got = valuesOf(
      wordsOf(dtype, bits.slice(which * points * bytes, (which + 1) * points * bytes).buffer, 0, points),
      dtype,
    );
    for (let point = 0; point < points; point++) {
      const value = got[positions[point] ?? NaN];
      if (sums instanceof BigInt64Array) {
        const wanted = BigInt.asIntN(
          64,
          at(sums, point) + BigInt(added) * BigInt(bias[at(biasAt, point)] ?? NaN),
        );
        if (value !== wanted) return `result ${which} at ${point} is ${value}, not ${wanted}`;
        continue;
      }
      const own = Number(bias[biasAt[point] ?? NaN] ?? NaN);
      let wanted = fit(sums[point] ?? NaN);
      for (let count = 0; count < added; count++) wanted = fit(wanted + own);
      const magnitude = magnitudes[point] ?? NaN;
      const error =
        unit === 0
          ? 0
          : roundings(terms, dtype) * accumulated * magnitude * 1.001 +
            2 * (added + 1) * unit * (magnitude + added * Math.abs(own)) +
            (dtype === "f16" ? 2 ** -24 : 0);
      // NaN is not within the bound.
      if (!(Math.abs(Number(value) - wanted) <= error))
        return `result ${which} at ${point} is ${String(value)}, not ${wanted} (within ${error})`;
    }
  }
  return undefined;
}
