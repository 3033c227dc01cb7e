import { type DType, type TensorValue, valueOf } from "@adjoint/ir";

export interface MelOptions {
  readonly dtype: DType;
  /** The number of bands. */
  readonly bins: number;
  /** Length of the transform whose spectrum is weighted. */
  readonly length: number;
  /** Samples a second. */
  readonly rate: number;
  /** Ends of the bands in hertz. */
  readonly low: number;
  readonly high: number;
}

const melOf = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/**
 * Triangles over a spectrum, at positions that are even on the mel scale: [⌊length/2⌋ + 1, bins].
 * Source: the reference implementation of ONNX's MelWeightMatrix.
 */
export function melWeights({ dtype, bins, length, rate, low, high }: MelOptions): TensorValue {
  const rows = Math.floor(length / 2) + 1;
  const [from, to] = [melOf(low), melOf(high)];
  const positions = Array.from({ length: bins + 2 }, (_, index) => {
    const hertz = hertzOf(from + (index * (to - from)) / (bins + 2));
    return Math.floor(((length + 1) * hertz) / rate);
  });
  const weight = (row: number, bin: number): number => {
    const [left = 0, center = 0, right = 0] = [positions[bin], positions[bin + 1], positions[bin + 2]];
    if (row === center) return 1;
    if (row >= left && row < center) return (row - left) / (center - left);
    return row > center && row < right ? (right - row) / (right - center) : 0;
  };
  return valueOf(
    dtype,
    [rows, bins],
    Float64Array.from({ length: rows * bins }, (_, index) => weight(Math.floor(index / bins), index % bins)),
  );
}
