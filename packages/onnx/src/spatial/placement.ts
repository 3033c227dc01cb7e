import type { Tensor } from "@adjoint/ir";
import { type Dim, at } from "@adjoint/ir/values";
import { type DefaultSchema, type OptionalSchema, oneOf, optional, withDefault } from "@adjoint/ir/schema";
import type { OperatorContext } from "../import/context.ts";
import { ints } from "../operators/row.ts";

type AutoPad = "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID";

/** Windows with explicit pads: one number for each spatial axis, `pads` two. */
export interface WindowAttributes {
  readonly dilations?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly strides?: readonly number[] | undefined;
}

/** The attributes of convolutions and pools about their windows. */
export interface SpatialAttributes extends WindowAttributes {
  readonly auto_pad: AutoPad;
}

type OptionalInts = OptionalSchema<readonly number[]>;

/** The schema's fields of `WindowAttributes`. */
export const windowFields: {
  readonly dilations: OptionalInts;
  readonly pads: OptionalInts;
  readonly strides: OptionalInts;
} = { dilations: optional(ints), pads: optional(ints), strides: optional(ints) };

/** The schema's fields of `SpatialAttributes`. */
export const spatialFields: typeof windowFields & { readonly auto_pad: DefaultSchema<AutoPad> } = {
  ...windowFields,
  auto_pad: withDefault(oneOf(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]), "NOTSET"),
};

/** The positions of windows, in the names of the IR's convolutions and pools. */
export interface Placement {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padLow: readonly number[];
  readonly padHigh: readonly number[];
}

/** Strides, dilations and explicit pads with their defaults. */
export function givenPlacement(context: OperatorContext<WindowAttributes>, rank: number): Placement {
  const all = (value: number): number[] => Array.from({ length: rank }, () => value);
  const { strides = all(1), dilations = all(1), pads = [...all(0), ...all(0)] } = context.attributes;
  if (pads.length !== 2 * rank || strides.length !== rank || dilations.length !== rank)
    return context.refuse(`strides, dilations and pads must be for ${rank} spatial axes`);
  return { strides, dilations, padLow: pads.slice(0, rank), padHigh: pads.slice(rank) };
}

/** The elements from a window's first to its last. */
export const spanOf = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** Splits a count of fillers over both ends; of an odd count SAME_UPPER gives the end more. */
export function splitPads(autoPad: AutoPad, total: number): readonly [low: number, high: number] {
  const half = Math.floor(total / 2);
  return autoPad === "SAME_UPPER" ? [half, total - half] : [total - half, half];
}

/**
 * The positions of the windows over x [N, C, …spatial]; `auto_pad` becomes counts.
 * @throws AdjointError naming the symbols that decide a count.
 */
export function placementOf(
  context: OperatorContext<SpatialAttributes>,
  x: Tensor,
  kernel: readonly number[],
): Placement {
  const given = givenPlacement(context, kernel.length);
  const { auto_pad: autoPad } = context.attributes;
  if (autoPad === "NOTSET") return given;
  const pads = kernel.map((size, axis) => {
    const span = spanOf(size, at(given.dilations, axis));
    const total = autoPad === "VALID" ? 0 : sameTotal(context, x, axis + 2, span, at(given.strides, axis));
    return splitPads(autoPad, total);
  });
  return { ...given, padLow: pads.map(([low]) => low), padHigh: pads.map(([, high]) => high) };
}

/** The number of fillers that make ⌈extent/stride⌉ windows fit. */
function sameTotal(context: OperatorContext, x: Tensor, axis: number, span: number, stride: number): number {
  if (stride === 1) return span - 1;
  const extent = knownSize(context, x, axis);
  return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + span - extent);
}

/** One size of a tensor. @throws AdjointError if a symbol decides it. */
export function knownSize(context: OperatorContext, x: Tensor, axis: number): number {
  const size: Dim = x.shape[axis] ?? context.refuse(`wants an axis ${axis} and got ${x}`);
  if (typeof size === "number") return size;
  return context.refuse(
    `needs to know size ${axis} of ${x}`,
    `Bind the symbols of ${size}: fromOnnx(bytes, { dims }).`,
  );
}

/**
 * The sizes from axis 2 on: of [N, C, …spatial], or of a kernel.
 * @throws AdjointError if there are none, or symbols decide them.
 */
export const spatialSizes = (context: OperatorContext, x: Tensor): readonly number[] =>
  x.rank < 3
    ? context.refuse(`wants spatial axes after the first two and got ${x}`)
    : x.shape.slice(2).map((_, axis) => knownSize(context, x, axis + 2));

/** The product of sizes. */
export const productOf = (sizes: readonly number[]): number =>
  sizes.reduce((product, size) => product * size, 1);
