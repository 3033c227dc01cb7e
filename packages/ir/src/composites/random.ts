import { checked, lt, maximum, minimum, number, strictObject } from "../schema.ts";
import type { DType } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { Composite, Tensor } from "../tensor.ts";
import { Origin, withOrigin } from "../origin.ts";
import { commit } from "../ops/commit.ts";
import { constant, randomBits, register } from "../ops/source.ts";
import { workingType } from "../ops/widely.ts";
import { dtypeSchema, operand, shapeSchema } from "../primitive.ts";
import { type Shape, typeText } from "../shape.ts";
import { hashName } from "../threefry.ts";
import { checkAttribute, checkDTypes, define, outputOf } from "./define.ts";
import { centredNormalQuantile } from "./quantile.ts";

interface Uniform {
  shape: Shape;
  low: number;
  high: number;
  dtype: DType;
}
interface Normal {
  shape: Shape;
  mean: number;
  standardDeviation: number;
  dtype: DType;
}
interface Bernoulli {
  shape: Shape;
  probability: number;
}

/** Random bits that fill a float's significand but for one, so that half a step between two numbers is exact too. */
const RANDOM_BITS: { readonly [D in "f64" | "f32" | "f16" | "bf16"]: number } = {
  f64: 52,
  f32: 24,
  f16: 11,
  bf16: 8,
};
const bitsOf = (operation: string, dtype: DType): number => {
  if (dtype === "f64" || dtype === "f32" || dtype === "f16" || dtype === "bf16") return RANDOM_BITS[dtype];
  throw new AdjointError("dtype", operation, `random numbers are floats and ${dtype} was asked for`);
};

/** Whole random numbers of 0 to 2^bits − 1 as floats, exactly. */
function wholeNumbers(key: Tensor, shape: Shape, dtype: DType, bits: number): Tensor {
  if (bits <= 32)
    return randomBits(key, shape)
      .shiftRight(32 - bits)
      .cast(dtype);
  const words = randomBits(key, [2, ...shape])
    .shiftRight(6)
    .cast(dtype);
  const word = (start: number): Tensor => words.slice([{ start, end: start + 1 }]).reshape(shape);
  return word(0)
    .mul(2 ** 26)
    .add(word(1));
}

/** factor·x + offset; nothing is computed that would change nothing, so that plain samples stay exact. */
const affine = (x: Tensor, factor: number, offset: number): Tensor => {
  const scaled = factor === 1 ? x : x.mul(factor);
  return offset === 0 ? scaled : scaled.add(offset);
};

// @__NO_SIDE_EFFECTS__
const checkKeyOf =
  (name: string) =>
  ([key]: readonly Tensor[]): void => {
    if (key !== undefined) checkKey(name, key);
  };

const randomUniformOperation = define<Uniform>({
  name: "randomUniform",
  arity: 1,
  attributes: strictObject({ shape: shapeSchema, low: number(), high: number(), dtype: dtypeSchema }),
  check: checkKeyOf("randomUniform"),
  build: (inputs, { shape, low, high, dtype }) => {
    checkAttribute("randomUniform", low <= high, `low ${low} exceeds high ${high}`);
    const bits = bitsOf("randomUniform", dtype);
    const whole = wholeNumbers(operand(inputs, 0), shape, workingType(dtype), bits);
    return affine(whole, 2 ** -bits * (high - low), low).cast(dtype);
  },
});

const randomNormalOperation = define<Normal>({
  name: "randomNormal",
  arity: 1,
  attributes: strictObject({
    shape: shapeSchema,
    mean: number(),
    standardDeviation: checked(number(), minimum(0)),
    dtype: dtypeSchema,
  }),
  check: checkKeyOf("randomNormal"),
  build: (inputs, { shape, mean, standardDeviation, dtype }) => {
    bitsOf("randomNormal", dtype);
    // Normals of 16 bits are rounded from f32: their own few random bits would show in the tails.
    const wide = workingType(dtype);
    const bits = bitsOf("randomNormal", wide);
    // Half a step off the whole numbers: symmetric about 0, and never at the ends, where the quantile is infinite.
    const whole = wholeNumbers(operand(inputs, 0), shape, wide, bits);
    const q = whole.sub(2 ** (bits - 1) - 0.5).mul(2 ** -bits);
    return affine(centredNormalQuantile(q, 2 ** -(bits + 1)), standardDeviation, mean).cast(dtype);
  },
});

const bernoulliOperation = define<Bernoulli>({
  name: "bernoulli",
  arity: 1,
  attributes: strictObject({
    shape: shapeSchema,
    probability: checked(number(), minimum(0), maximum(1)),
  }),
  check: checkKeyOf("bernoulli"),
  // 31 bits leave room for the threshold of probability 1.
  build: (inputs, { shape, probability }) =>
    randomBits(operand(inputs, 0), shape)
      .shiftRight(1)
      .less(Math.round(probability * 2 ** 31)),
});

const dropoutOperation = define<{ rate: number }>({
  name: "dropout",
  arity: 2,
  attributes: strictObject({ rate: checked(number(), minimum(0), lt(1)) }),
  check: ([x, key]) => {
    checkDTypes("dropout", x ? [x] : []);
    if (key !== undefined) checkKey("dropout", key);
  },
  build: (inputs, { rate }) => {
    const [x, key] = [operand(inputs, 0), operand(inputs, 1)];
    return bernoulli(key, x.shape, 1 - rate).where(affine(x, 1 / (1 - rate), 0), 0);
  },
});

/** Random numbers from bits. Bits, uniforms and Bernoulli masks are bit-equal on every backend. */
export const randomComposites: readonly Composite[] = [
  randomUniformOperation,
  randomNormalOperation,
  bernoulliOperation,
  dropoutOperation,
];

/** Refuses what is no key. */
export function checkKey(operation: string, key: Tensor): void {
  if (typeText(key.type) !== "u32[2]") {
    throw new AdjointError(
      "dtype",
      operation,
      `the random key must be u32[2] and is ${key}`,
      "Make keys with randomKey(…).",
    );
  }
}

/** The session's random state: [seed, count of runs]. One tensor for all keys, so that they agree on its update. */
interface RandomState {
  readonly state: Tensor;
  readonly next: Tensor;
  /** This run's bits, before a stream's name is mixed in. */
  readonly bits: Tensor;
}
let made: RandomState | undefined;
function randomState(): RandomState {
  if (made === undefined) {
    // It belongs to no layer, whichever asks first.
    made = withOrigin(new Origin(""), () => {
      const state = register("random", "u32", [2], { initial: { kind: "seed" }, trainable: false });
      return { state, next: state.add(constant([0, 1], "u32")), bits: randomBits(state, [2]) };
    });
  }
  return made;
}

/**
 * A u32[2] key for a named stream of random numbers: other bits for each name, each run and each seed, the same on every
 * backend. A program that uses any key reads the register `random` and counts it up by one per run.
 *
 * Threefry of (seed, count) gives the run's 64 bits, and the name's hash is added to them bit by bit (xor).
 */
export function randomKey(stream: string): Tensor {
  const { state, next, bits } = randomState();
  return commit(bits.bitwiseXor(constant([hashName(stream), 0], "u32")), state, next);
}

/** Options of `randomUniform`. */
export interface UniformOptions {
  readonly low?: number;
  readonly high?: number;
  readonly dtype?: DType;
}

/**
 * Uniform numbers low + (high − low)·u, where u is a multiple of 2^−24 in [0, 1) (f64: 2^−52, f16: 2^−11, bf16: 2^−8). The
 * scaling may round up to `high` itself.
 * @param key u32[2].
 */
export const randomUniform = (key: Tensor, shape: Shape, options: UniformOptions = {}): Tensor => {
  const { low = 0, high = 1, dtype = "f32" } = options;
  return outputOf(randomUniformOperation, [key], { shape, low, high, dtype });
};

/** Options of `randomNormal`. */
export interface NormalOptions {
  readonly mean?: number;
  readonly standardDeviation?: number;
  readonly dtype?: DType;
}

/**
 * Normal numbers by the quantile (see `centredNormalQuantile`) of a uniform of 24 bits, 52 for f64: relative error about
 * 5e-7 in f32 and 1e-15 in f64, up to ±5.4 and ±8.2 standard deviations. Backends differ by the rounding of `log`.
 * @param key u32[2].
 */
export const randomNormal = (key: Tensor, shape: Shape, options: NormalOptions = {}): Tensor => {
  const { mean = 0, standardDeviation = 1, dtype = "f32" } = options;
  return outputOf(randomNormalOperation, [key], { shape, mean, standardDeviation, dtype });
};

/**
 * True with a probability that is taken to the nearest 2^−31, by comparing whole numbers: bit-equal everywhere.
 * @param key u32[2].
 */
export const bernoulli = (key: Tensor, shape: Shape, probability: number): Tensor =>
  outputOf(bernoulliOperation, [key], { shape, probability });

/**
 * x with each element 0 at probability `rate`, in [0, 1), and the others times 1/(1 − rate), so that the mean stays.
 * Source: Srivastava et al., "Dropout" (JMLR 15, 2014).
 * @param key u32[2].
 */
export const dropout = (x: Tensor, key: Tensor, { rate }: { readonly rate: number }): Tensor =>
  outputOf(dropoutOperation, [x, key], { rate });
