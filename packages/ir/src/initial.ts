import { type Schema, checked, custom, literal, minimum, number, object, variant } from "./schema.ts";
import { type DType, isFloat } from "./dtype.ts";
import { AdjointError } from "./error.ts";
import { elementCount, typeText } from "./shape.ts";
import { hashName, threefry2x32 } from "./threefry.ts";
import { type Scalar, type TensorValue, elementWriter, tensorValue, castScalar, zeroValue } from "./value.ts";

/** The first value of a register, as data. Samples are a pure function of the session's seed and the register's name. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "data"; readonly value: TensorValue }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly standardDeviation: number }
  /** Orthonormal rows or columns (whichever are fewer) of the matrix [first axis, all others], times `gain`. */
  | { readonly kind: "orthogonal"; readonly gain: number }
  /** The session's random state: u32[2] of the seed and a counter that starts at 0. */
  | { readonly kind: "seed" };

export const initialSchema: Schema<Initial> = variant<Initial>("kind", {
  constant: object({ kind: literal("constant"), value: number() }),
  data: object({ kind: literal("data"), value: custom<TensorValue>((value) => isTensorValue(value)) }),
  uniform: object({ kind: literal("uniform"), low: number(), high: number() }),
  normal: object({
    kind: literal("normal"),
    mean: number(),
    standardDeviation: checked(number(), minimum(0)),
  }),
  orthogonal: object({ kind: literal("orthogonal"), gain: number() }),
  seed: object({ kind: literal("seed") }),
});

function isTensorValue(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value
  );
}

/** True if two registers start alike, values compared bit by bit. */
export function equalInitials(a: Initial, b: Initial): boolean {
  if (a === b) return true;
  if (a.kind !== "data" || b.kind !== "data") {
    const [one, other] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
    return one.length === other.size && one.every(([key, value]) => Object.is(value, other.get(key)));
  }
  const bytes = ({ data }: TensorValue): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (a.value.data === b.value.data) return true;
  if (a.value.dtype !== b.value.dtype || a.value.shape.join() !== b.value.shape.join()) return false;
  const [one, other] = [bytes(a.value), bytes(b.value)];
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

/** `normal(mean 0, standardDeviation 0.1)`, for messages. */
export function initialText({ kind, ...settings }: Initial): string {
  const parts = Object.entries(settings).map(([key, value]) =>
    typeof value === "number" ? `${key} ${value}` : "other values",
  );
  return parts.length === 0 ? kind : `${kind}(${parts.join(", ")})`;
}

/** Uniform doubles in (0, 1) with 52 random bits, one for each index. */
type Uniforms = (index: number) => number;

const uniforms = (seed: number, stream: number): Uniforms => {
  const words = new Uint32Array(2);
  return (index) => {
    threefry2x32(seed, stream, index >>> 0, Math.floor(index / 2 ** 32), words);
    const high = words[0] ?? 0;
    const low = words[1] ?? 0;
    // Half a step above zero keeps the ends out, so that normals are finite.
    return ((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52;
  };
};

/**
 * The first value of a register. Bit-equal on every engine: only operations that IEEE 754 rounds exactly are used.
 * @throws AdjointError if `data` does not fit the register's type or an integer is to start at random.
 */
export function initialValue(
  register: {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly initial: Initial;
  },
  seed: number,
): TensorValue {
  const { initial, dtype, shape, name } = register;
  if (initial.kind === "data") {
    const { value } = initial;
    if (value.dtype !== dtype || value.shape.join() !== shape.join()) {
      throw new AdjointError(
        "state",
        `register "${name}"`,
        `is ${typeText(register)} and starts from ${typeText(value)}`,
      );
    }
    return tensorValue(dtype, shape, value.data.slice());
  }
  if (initial.kind === "seed") return tensorValue("u32", [2], Uint32Array.of(seed, 0));
  const random = initial.kind !== "constant";
  if (random && !isFloat(dtype)) {
    throw new AdjointError(
      "dtype",
      `register "${name}"`,
      `random start "${initial.kind}" needs a float type, not ${dtype}`,
    );
  }
  const value = zeroValue(dtype, shape);
  if (initial.kind === "constant" && Object.is(initial.value, 0)) return value;
  const write = elementWriter(value);
  const sample = sampler(initial, value, uniforms(seed, hashName(name)));
  for (let index = 0; index < value.data.length; index++) write(index, sample(index));
  return value;
}

/** The first value of each element; random ones are floats, which storage rounds. */
function sampler(
  initial: Exclude<Initial, { kind: "data" | "seed" }>,
  { dtype, shape }: TensorValue,
  uniform: Uniforms,
): (index: number) => Scalar {
  switch (initial.kind) {
    case "constant": {
      const element = castScalar(initial.value, dtype);
      return () => element;
    }
    case "uniform": {
      const { low, high } = initial;
      return (index) => low + (high - low) * uniform(index);
    }
    case "normal": {
      const { mean, standardDeviation } = initial;
      return (index) => mean + standardDeviation * normalQuantile(uniform(index));
    }
    case "orthogonal": {
      const matrix = orthogonal(shape, (index) => normalQuantile(uniform(index)));
      return (index) => initial.gain * (matrix[index] ?? 0);
    }
  }
}

/** Gram–Schmidt, run twice over each vector ("twice is enough", Kahan and Parlett), on a Gaussian matrix. */
function orthogonal(shape: readonly number[], gaussian: Uniforms): Float64Array {
  const rows = shape[0] ?? 1;
  const columns = rows === 0 ? 0 : elementCount(shape) / rows;
  const wide = rows <= columns;
  const count = wide ? rows : columns;
  const length = wide ? columns : rows;
  // Vectors are rows of `basis`; a tall matrix is the transpose of a wide one.
  const basis = Float64Array.from({ length: count * length }, (_, index) => gaussian(index));
  for (let vector = 0; vector < count; vector++) {
    const row = basis.subarray(vector * length, (vector + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < vector; other++) {
        const done = basis.subarray(other * length, (other + 1) * length);
        let dot = 0;
        for (let i = 0; i < length; i++) dot += (row[i] ?? 0) * (done[i] ?? 0);
        for (let i = 0; i < length; i++) row[i] = (row[i] ?? 0) - dot * (done[i] ?? 0);
      }
    }
    let square = 0;
    for (const element of row) square += element * element;
    const norm = Math.sqrt(square);
    for (let i = 0; i < length; i++) row[i] = (row[i] ?? 0) / norm;
  }
  if (wide) return basis;
  return Float64Array.from({ length: count * length }, (_, index) => {
    const row = Math.floor(index / columns);
    return basis[(index % columns) * length + row] ?? 0;
  });
}

/** The standard normal's quantile to about 1e-16. Source: Wichura, algorithm AS 241 (PPND16), Appl. Statist. 37 (1988). */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE[0], r)) / polynomial(CENTRE[1], r);
  }
  const tail = Math.sqrt(-exactLog(q < 0 ? p : 1 - p));
  const [rows, r] = tail <= 5 ? [MIDDLE, tail - 1.6] : [FAR, tail - 5];
  const value = polynomial(rows[0], r) / polynomial(rows[1], r);
  return q < 0 ? -value : value;
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** A natural logarithm from exactly rounded operations alone: `Math.log` may differ between engines in the last bit. */
function exactLog(x: number): number {
  let exponent = 0;
  let mantissa = x;
  while (mantissa < 0.75) {
    mantissa *= 2;
    exponent--;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let k = 41; k >= 1; k -= 2) sum = sum * s * s + 1 / k;
  return exponent * Math.LN2 + 2 * s * sum;
}

export const CENTRE = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
    67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
] as const;
export const MIDDLE = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
] as const;
export const FAR = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
] as const;
