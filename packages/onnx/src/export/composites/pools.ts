import type { Axes } from "@adjoint/ir/graph";
import { at } from "@adjoint/ir/values";
import type { AttributeDraft } from "../draft.ts";
import { given } from "../operands.ts";
import { type Twin, twin } from "../twin.ts";

interface Pool {
  readonly kernel: Axes;
  readonly strides: Axes;
  readonly padLow: Axes;
  readonly padHigh: Axes;
  readonly dilations: Axes;
  readonly ceilMode: boolean;
}

const attributesOf = ({
  kernel,
  strides,
  padLow,
  padHigh,
  ceilMode,
}: Pool): { readonly [name: string]: AttributeDraft } => ({
  kernel_shape: kernel,
  strides,
  pads: [...padLow, ...padHigh],
  ...(ceilMode && { ceil_mode: 1 }),
});

const isPlain = ({ dilations, ceilMode }: Pool): boolean =>
  !ceilMode && dilations.every((count) => count === 1);
/** Runtimes refuse pads that reach over a whole kernel. */
const hasInnerPads = ({ kernel, padLow, padHigh }: Pool): boolean =>
  [...padLow, ...padHigh].every((count, index) => count < at(kernel, index % kernel.length));

/** Pooling. */
export const poolTwins: { readonly [composite: string]: Twin } = {
  maxPool: twin<Pool>("MaxPool", 12, {
    attributes: (own) => ({ ...attributesOf(own), dilations: own.dilations }),
    fits: ({ inputs, attributes }) =>
      given(inputs[0]).rank <= 5 && hasInnerPads(attributes) && !attributes.ceilMode,
  }),
  averagePool: twin<Pool & { readonly countIncludePad: boolean }>("AveragePool", 11, {
    attributes: (own) => ({ ...attributesOf(own), ...(own.countIncludePad && { count_include_pad: 1 }) }),
    fits: ({ inputs, attributes }) =>
      given(inputs[0]).rank <= 5 && isPlain(attributes) && hasInnerPads(attributes),
  }),
  lpPool: twin<Pool & { readonly p: number }>("LpPool", 11, {
    attributes: (own) => ({ ...attributesOf(own), p: own.p }),
    fits: ({ inputs, attributes }) =>
      given(inputs[0]).rank <= 5 &&
      isPlain(attributes) &&
      hasInnerPads(attributes) &&
      Number.isInteger(attributes.p),
  }),
  globalMaxPool: twin("GlobalMaxPool", 1),
  globalAveragePool: twin("GlobalAveragePool", 1),
  globalLpPool: twin<{ readonly p: number }>("GlobalLpPool", 2, {
    attributes: ({ p }) => ({ p }),
    fits: ({ attributes: { p } }) => Number.isInteger(p),
  }),
};
