import { at } from "../at.ts";
import { window } from "../ops/window.ts";
import { boolean, checked, minimum, number, strictObject } from "../schema.ts";
import { type Dim, addDims } from "../dim.ts";
import { dtypeRange } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { CompositeFunction } from "../composite.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { checkDomain } from "../ops/elementwise.ts";
import { filled } from "../ops/source.ts";
import { axesSchema } from "../primitive.ts";
import type { Axes, None } from "../primitive-set.ts";
import { type UnaryOptions, unary } from "./define.ts";
import { powerNorm } from "./power-norm.ts";

/*
 * Pooling over the spatial axes of [N, C, …spatial].
 */

interface Pool {
  kernel: Axes;
  strides: Axes;
  padLow: Axes;
  padHigh: Axes;
  dilations: Axes;
  ceilMode: boolean;
}
type AveragePool = Pool & { countIncludePad: boolean };

const poolFields = {
  kernel: axesSchema,
  strides: axesSchema,
  padLow: axesSchema,
  padHigh: axesSchema,
  dilations: axesSchema,
  ceilMode: boolean(),
};
const power = checked(number(), minimum(1));

/** Refuses x of a rank that does not fit the kernel, and settings that are not whole numbers in range. */
function checkPool(name: string, x: Tensor, attributes: Pool): void {
  const { kernel, strides, padLow, padHigh, dilations } = attributes;
  if (x.rank !== kernel.length + 2 || kernel.length === 0) {
    throw new AdjointError(
      "shape",
      name,
      `a kernel of [${kernel.join(", ")}] wants [N, C, …] with ${kernel.length} spatial axes and got ${x}`,
    );
  }
  const fits = (list: Axes, least: number): boolean =>
    list.length === kernel.length && list.every((count) => Number.isInteger(count) && count >= least);
  if (
    ![kernel, strides, dilations].every((list) => fits(list, 1)) ||
    ![padLow, padHigh].every((list) => fits(list, 0))
  ) {
    throw new AdjointError(
      "attribute",
      name,
      `wants a kernel ≥ 1, a stride ≥ 1, a dilation ≥ 1 and pads ≥ 0 for each of the ${kernel.length} spatial axes`,
    );
  }
}

/** Fillers that `ceilMode` adds at each axis's end so that the last, partial window is whole. */
function ceilPads(name: string, x: Tensor, attributes: Pool): number[] {
  const { kernel, strides, padLow, padHigh, dilations, ceilMode } = attributes;
  return kernel.map((size, axis) => {
    const [stride, low] = [at(strides, axis), at(padLow, axis)];
    if (!ceilMode || stride === 1) return 0;
    const extent = at(x.shape, axis + 2);
    if (typeof extent !== "number") {
      throw new AdjointError(
        "shape",
        name,
        `with ceilMode the windows over axis ${axis + 2} of ${x} depend on a symbol`,
        `Bind ${extent} to a number.`,
      );
    }
    const total = extent + low + at(padHigh, axis);
    const span = (size - 1) * at(dilations, axis) + 1;
    const steps = Math.ceil((total - span) / stride);
    // A window that would start in the fillers at the end is left out.
    const last = steps * stride >= extent + low ? steps - 1 : steps;
    return Math.max(0, last * stride + span - total);
  });
}

const spatialPads = (low: Axes, high: Axes): { readonly low: number[]; readonly high: number[] } => ({
  low: [0, 0, ...low],
  high: [0, 0, ...high],
});

const sums = (a: Axes, b: Axes): number[] => a.map((count, index) => count + at(b, index));

/** The windows' axes: after those of x. */
const within = (x: Tensor): number[] => x.shape.slice(2).map((_, index) => x.rank + index);

/** All windows over the spatial axes, in new last axes. */
function windows(x: Tensor, { kernel, strides, dilations }: Pool): Tensor {
  const axes = kernel.map((_, index) => index + 2);
  return window(x, { axes, sizes: kernel, strides, dilations });
}

/** All windows over x with its padding. */
const paddedWindows = (name: string, x: Tensor, attributes: Pool, value: Operand): Tensor => {
  const high = sums(attributes.padHigh, ceilPads(name, x, attributes));
  return windows(x.pad({ ...spatialPads(attributes.padLow, high), value }), attributes);
};

/** The number of elements that each window averages. */
function windowCounts(x: Tensor, attributes: AveragePool): Tensor | number {
  const { kernel, padLow, padHigh, countIncludePad } = attributes;
  const extra = ceilPads("averagePool", x, attributes);
  const none = (list: Axes): boolean => list.every((count) => count === 0);
  if (none(extra) && (countIncludePad || (none(padLow) && none(padHigh)))) {
    return kernel.reduce((product, size) => product * size, 1);
  }
  // Ones for elements that count and zeros elsewhere: constant, and no larger than one channel of one example.
  const sizes = x.shape
    .slice(2)
    .map((extent, axis): Dim =>
      countIncludePad ? addDims(extent, at(padLow, axis) + at(padHigh, axis)) : extent,
    );
  const ones = filled(1, x.dtype, [1, 1, ...sizes]);
  const pads = countIncludePad
    ? spatialPads(
        extra.map(() => 0),
        extra,
      )
    : spatialPads(padLow, sums(padHigh, extra));
  return windows(ones.pad(pads), attributes).reduceSum({ axes: within(x) });
}

/** Options of pooling: one number for each spatial axis. */
export interface PoolOptions {
  readonly kernel: readonly number[];
  /** 1 by default, as ONNX's. */
  readonly strides?: readonly number[];
  readonly padLow?: readonly number[];
  readonly padHigh?: readonly number[];
  readonly dilations?: readonly number[];
  /** Keeps a last window that reaches past the end. */
  readonly ceilMode?: boolean;
}

function poolOf({ kernel, ceilMode = false, ...rest }: PoolOptions): Pool {
  const [ones, zeros] = [kernel.map(() => 1), kernel.map(() => 0)];
  const { strides = ones, padLow = zeros, padHigh = zeros, dilations = ones } = rest;
  return { kernel, strides, padLow, padHigh, dilations, ceilMode };
}

/** A composite over windows. */
// @__NO_SIDE_EFFECTS__
function pool<A extends Pool, O>(
  name: string,
  build: (x: Tensor, attributes: A) => Tensor,
  { domain = "float", ...rest }: UnaryOptions<A, [options: O]> & { readonly domain?: "numeric" | "float" },
): CompositeFunction<[x: Tensor, options: O]> {
  return unary(name, build, {
    ...rest,
    check: ([x], attributes) => {
      checkDomain(name, domain, x);
      checkPool(name, x, attributes);
    },
  });
}

/** A composite over all spatial axes, which stay at size 1. */
// @__NO_SIDE_EFFECTS__
function globalPool<A = None, P extends readonly unknown[] = []>(
  name: string,
  build: (x: Tensor, axes: number[], attributes: A) => Tensor,
  options: UnaryOptions<A, P> = {},
): CompositeFunction<[x: Tensor, ...P]> {
  const built = (x: Tensor, attributes: A): Tensor => {
    if (x.rank < 3) throw new AdjointError("shape", name, `wants [N, C, …spatial] and got ${x}`);
    return build(x, [...x.shape.keys()].slice(2), attributes);
  };
  return unary(name, built, options);
}

/**
 * The largest element of each window; padding never wins. Ties share the gradient equally.
 * @param x [N, C, …spatial] of any numeric type.
 */
export const maxPool: CompositeFunction<[x: Tensor, options: PoolOptions]> = pool(
  "maxPool",
  (x, attributes) =>
    paddedWindows("maxPool", x, attributes, dtypeRange(x.dtype)[0]).reduceMax({ axes: within(x) }),
  {
    domain: "numeric",
    exact: true,
    attributes: strictObject(poolFields),
    settings: (_, options) => poolOf(options),
  },
);

export interface AveragePoolOptions extends PoolOptions {
  /** The padding's zeros count as elements (what `ceilMode` adds never does). */
  readonly countIncludePad?: boolean;
}

/** The mean of each window of x [N, C, …spatial]. */
export const averagePool: CompositeFunction<[x: Tensor, options: AveragePoolOptions]> = pool(
  "averagePool",
  (x, attributes) =>
    paddedWindows("averagePool", x, attributes, 0)
      .reduceSum({ axes: within(x) })
      .div(windowCounts(x, attributes)),
  {
    attributes: strictObject({ ...poolFields, countIncludePad: boolean() }),
    settings: (_, { countIncludePad = false, ...options }) => ({ ...poolOf(options), countIncludePad }),
  },
);

export interface LpPoolOptions extends PoolOptions {
  readonly p?: number;
}

/** (Σ |x|^p)^(1/p) over each window of x [N, C, …spatial]. */
export const lpPool: CompositeFunction<[x: Tensor, options: LpPoolOptions]> = pool(
  "lpPool",
  (x, attributes) =>
    powerNorm(paddedWindows("lpPool", x, attributes, 0), attributes.p, { axes: within(x), keepDims: false }),
  {
    attributes: strictObject({ ...poolFields, p: power }),
    settings: (_, { p = 2, ...options }) => ({ ...poolOf(options), p }),
  },
);

/** The largest element of each channel: [N, C, …spatial] → [N, C, 1…]. Ties share the gradient equally. */
export const globalMaxPool: CompositeFunction<[x: Tensor]> = globalPool(
  "globalMaxPool",
  (x, axes) => x.reduceMax({ axes, keepDims: true }),
  { exact: true },
);

/** The mean of each channel: [N, C, …spatial] → [N, C, 1…]. */
export const globalAveragePool: CompositeFunction<[x: Tensor]> = globalPool("globalAveragePool", (x, axes) =>
  x.reduceMean({ axes, keepDims: true }),
);

/** (Σ |x|^p)^(1/p) of each channel: [N, C, …spatial] → [N, C, 1…]. */
export const globalLpPool: CompositeFunction<[x: Tensor, options?: { readonly p?: number }]> = globalPool(
  "globalLpPool",
  (x, axes, { p }) => powerNorm(x, p, { axes, keepDims: true }),
  { attributes: strictObject({ p: power }), settings: (_, { p = 2 } = {}) => ({ p }) },
);
