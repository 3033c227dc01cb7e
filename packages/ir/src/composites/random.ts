import { checked, lt, maximum, minimum, number, strictObject } from "../schema.ts";
import type { DType } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { Origin, withOrigin } from "../origin.ts";
import { commit } from "../ops/commit.ts";
import { constant, randomBits, register } from "../ops/source.ts";
import { workingType } from "../ops/widely.ts";
import { dtypeSchema, shapeSchema } from "../primitive.ts";
import type { Shape } from "../shape.ts";
import { hashName } from "../threefry.ts";
import { checkAttribute, checkDTypes, checkKey } from "./checks.ts";
import { binary, unary } from "./define.ts";
import { centredNormalQuantile } from "./quantile.ts";

/*
 * Random numbers from bits. Bits, uniforms and Bernoulli masks are bit-equal on every backend.
 */

/** Random bits that fill all but one bit of a float's significand, so that half a step between two numbers is exact too. */
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

/** factor·x + offset, without multiplying by 1 or adding 0, so that plain samples stay exact. */
const affine = (x: Tensor, factor: number, offset: number): Tensor => {
  const scaled = factor === 1 ? x : x.mul(factor);
  return offset === 0 ? scaled : scaled.add(offset);
};

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

// @__NO_SIDE_EFFECTS__
const isKeyOf =
  (name: string) =>
  ([key]: readonly [Tensor]): void =>
    checkKey(name, key);

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
export const randomUniform: CompositeFunction<[key: Tensor, shape: Shape, options?: UniformOptions]> = unary(
  "randomUniform",
  (key, { shape, low, high, dtype }) => {
    checkAttribute("randomUniform", low <= high, `low ${low} exceeds high ${high}`);
    const bits = bitsOf("randomUniform", dtype);
    const whole = wholeNumbers(key, shape, workingType(dtype), bits);
    return affine(whole, 2 ** -bits * (high - low), low).cast(dtype);
  },
  {
    attributes: strictObject({ shape: shapeSchema, low: number(), high: number(), dtype: dtypeSchema }),
    settings: (_, shape, { low = 0, high = 1, dtype = "f32" } = {}) => ({ shape, low, high, dtype }),
    check: isKeyOf("randomUniform"),
  },
);

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
export const randomNormal: CompositeFunction<[key: Tensor, shape: Shape, options?: NormalOptions]> = unary(
  "randomNormal",
  (key, { shape, mean, standardDeviation, dtype }) => {
    bitsOf("randomNormal", dtype);
    // Normals of 16 bits are rounded from f32: their own few random bits would show in the tails.
    const wide = workingType(dtype);
    const bits = bitsOf("randomNormal", wide);
    // Half a step off the whole numbers: symmetric about 0, and never at the ends, where the quantile is infinite.
    const whole = wholeNumbers(key, shape, wide, bits);
    const q = whole.sub(2 ** (bits - 1) - 0.5).mul(2 ** -bits);
    return affine(centredNormalQuantile(q, 2 ** -(bits + 1)), standardDeviation, mean).cast(dtype);
  },
  {
    attributes: strictObject({
      shape: shapeSchema,
      mean: number(),
      standardDeviation: checked(number(), minimum(0)),
      dtype: dtypeSchema,
    }),
    settings: (_, shape, { mean = 0, standardDeviation = 1, dtype = "f32" } = {}) => ({
      shape,
      mean,
      standardDeviation,
      dtype,
    }),
    check: isKeyOf("randomNormal"),
  },
);

/**
 * True with a probability that is taken to the nearest 2^−31, by comparing whole numbers: bit-equal everywhere.
 * @param key u32[2].
 */
export const bernoulli: CompositeFunction<[key: Tensor, shape: Shape, probability: number]> = unary(
  "bernoulli",
  // 31 bits leave room for the threshold of probability 1.
  (key, { shape, probability }) =>
    randomBits(key, shape)
      .shiftRight(1)
      .less(Math.round(probability * 2 ** 31)),
  {
    attributes: strictObject({
      shape: shapeSchema,
      probability: checked(number(), minimum(0), maximum(1)),
    }),
    settings: (_, shape, probability) => ({ shape, probability }),
    check: isKeyOf("bernoulli"),
  },
);

/**
 * x with each element 0 at probability `rate`, in [0, 1), and the others times 1/(1 − rate), so that the mean stays.
 * Source: Srivastava et al., "Dropout" (JMLR 15, 2014).
 * @param key u32[2].
 */
export const dropout: CompositeFunction<[x: Tensor, key: Tensor, options: { readonly rate: number }]> =
  binary(
    "dropout",
    (x, key, { rate }) => bernoulli(key, x.shape, 1 - rate).where(affine(x, 1 / (1 - rate), 0), 0),
    {
      attributes: strictObject({ rate: checked(number(), minimum(0), lt(1)) }),
      settings: (_, __, { rate }) => ({ rate }),
      check: ([x, key]) => {
        checkDTypes("dropout", [x]);
        checkKey("dropout", key);
      },
    },
  );
