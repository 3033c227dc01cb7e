import { type Initial, elementCount } from "@adjoint/ir/values";
import {
  type Schema,
  finite,
  literal,
  nonNegative,
  oneOf,
  optional,
  parseSettings,
  positive,
  strictObject,
  variant,
  withDefault,
} from "@adjoint/ir/schema";

/** The first value of a parameter, as data: a name and its settings, so that it goes to JSON and back. */
export type Initializer =
  | { readonly name: "zeros" | "ones" }
  | { readonly name: "constant"; readonly value: number }
  | { readonly name: "normal"; readonly mean: number; readonly standardDeviation?: number | undefined }
  | { readonly name: "uniform"; readonly low: number; readonly high: number }
  | { readonly name: "xavierUniform" | "xavierNormal" | "heUniform" | "heNormal"; readonly gain: number }
  | { readonly name: "orthogonal"; readonly gain: number };

const gain = withDefault(positive, 1);

const plain = strictObject({ name: oneOf(["zeros", "ones"]) });
const scaled = strictObject({
  name: oneOf(["xavierUniform", "xavierNormal", "heUniform", "heNormal", "orthogonal"]),
  gain,
});
const schemas: { readonly [N in Initializer["name"]]: Schema<Initializer> } = {
  zeros: plain,
  ones: plain,
  constant: strictObject({ name: literal("constant"), value: finite }),
  normal: strictObject({
    name: literal("normal"),
    mean: withDefault(finite, 0),
    standardDeviation: optional(nonNegative),
  }),
  uniform: strictObject({ name: literal("uniform"), low: finite, high: finite }),
  xavierUniform: scaled,
  xavierNormal: scaled,
  heUniform: scaled,
  heNormal: scaled,
  orthogonal: scaled,
};

/** The schema of `Initializer`. */
export const initializerSchema: Schema<Initializer> = variant(
  "name",
  schemas,
  "must be an initializer, such as heNormal()",
);

const made = (name: Initializer["name"], settings: object): Initializer =>
  parseSettings(name, initializerSchema, { name, ...settings });

/** All 0. */
export const zeros = (): Initializer => ({ name: "zeros" });

/** All 1. */
export const ones = (): Initializer => ({ name: "ones" });

/** All one number. */
export const constant = (value: number): Initializer => made("constant", { value });

/** Settings of `normal`. */
export interface NormalOptions {
  /** 0 by default. */
  readonly mean?: number | undefined;
  /** 1/√n for n inputs of a unit by default. */
  readonly standardDeviation?: number | undefined;
}

/**
 * N(mean, standardDeviation²). By default N(0, 1/n) for units of n inputs, so that a unit's net input has about the
 * spread of its inputs. Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.6.
 */
export const normal = (options: NormalOptions = {}): Initializer => made("normal", { ...options });

/** Uniform in [low, high). */
export const uniform = (options: { readonly low: number; readonly high: number }): Initializer =>
  made("uniform", { ...options });

/** A factor on the spread, 1 by default. */
export interface GainOptions {
  readonly gain?: number | undefined;
}

/**
 * Uniform within ±gain·√(6 / (fanIn + fanOut)).
 * Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), equation 16.
 */
export const xavierUniform = (options: GainOptions = {}): Initializer =>
  made("xavierUniform", { ...options });

/** N(0, gain²·2 / (fanIn + fanOut)). Source: as `xavierUniform`, equation 12. */
export const xavierNormal = (options: GainOptions = {}): Initializer => made("xavierNormal", { ...options });

/**
 * Uniform within ±gain·√(6 / fanIn), for ReLU units.
 * Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015), equation 10.
 */
export const heUniform = (options: GainOptions = {}): Initializer => made("heUniform", { ...options });

/** N(0, gain²·2 / fanIn), for ReLU units. Source: as `heUniform`. */
export const heNormal = (options: GainOptions = {}): Initializer => made("heNormal", { ...options });

/**
 * Orthonormal rows or columns (whichever are fewer) of the matrix [first axis, all others], times gain.
 * Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning" (2014).
 */
export const orthogonal = (options: GainOptions = {}): Initializer => made("orthogonal", { ...options });

/** The number of inputs of a unit, and of units that an input feeds. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Fans of a matrix [inputs, units]; a vector [units] counts as one input for each. */
export function denseFans(shape: readonly number[]): Fans {
  const fanOut = shape.at(-1) ?? 1;
  return { fanIn: elementCount(shape) / Math.max(fanOut, 1), fanOut };
}

/** Fans of a kernel [filters, channels / groups, …kernel]. */
export function convFans(shape: readonly number[], groups = 1): Fans {
  const [filters = 1, channels = 1, ...kernel] = shape;
  const taps = elementCount(kernel);
  return { fanIn: channels * taps, fanOut: (filters / groups) * taps };
}

/** The start of a parameter with these fans. Samples come from the session's seed and the register's name. */
export function initialFor(initializer: Initializer, { fanIn, fanOut }: Fans): Initial {
  const normalOf = (standardDeviation: number, mean = 0): Initial => ({
    kind: "normal",
    mean,
    standardDeviation,
  });
  const within = (limit: number): Initial => ({ kind: "uniform", low: -limit, high: limit });
  const [inputs, both] = [Math.max(fanIn, 1), Math.max(fanIn + fanOut, 1)];
  switch (initializer.name) {
    case "zeros":
      return { kind: "constant", value: 0 };
    case "ones":
      return { kind: "constant", value: 1 };
    case "constant":
      return { kind: "constant", value: initializer.value };
    case "normal":
      return normalOf(initializer.standardDeviation ?? 1 / Math.sqrt(inputs), initializer.mean);
    case "uniform":
      return { kind: "uniform", low: initializer.low, high: initializer.high };
    case "xavierUniform":
      return within(initializer.gain * Math.sqrt(6 / both));
    case "xavierNormal":
      return normalOf(initializer.gain * Math.sqrt(2 / both));
    case "heUniform":
      return within(initializer.gain * Math.sqrt(6 / inputs));
    case "heNormal":
      return normalOf(initializer.gain * Math.sqrt(2 / inputs));
    case "orthogonal":
      return { kind: "orthogonal", gain: initializer.gain };
  }
}
