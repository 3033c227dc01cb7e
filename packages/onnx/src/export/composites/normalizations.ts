import type { Node } from "@adjoint/ir/graph";
import { asFloat } from "../draft.ts";
import { given } from "../operands.ts";
import { type Twin, twin, untyped } from "../twin.ts";

interface Axis {
  readonly axis: number;
}
interface Axes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
interface Epsilon {
  readonly epsilon: number;
}
const epsilonOf = ({ epsilon }: Epsilon): { readonly epsilon: ReturnType<typeof asFloat> } => ({
  epsilon: asFloat(epsilon),
});

/** Reductions whose axes are an input from opset 18 on. */
function reduction(operator: string): Twin {
  const row: Twin<Axes> = {
    fits: ({ inputs, attributes }) =>
      ["f32", "f16"].includes(given(inputs[0]).dtype) && attributes.axes.length > 0,
    write: (node, writer) => {
      const { axes, keepDims } = node.attributes;
      const keepdims = Number(keepDims);
      const inputs = writer.inputs(node);
      return writer.opset < 18
        ? writer.one(operator, inputs, { attributes: { axes, keepdims } })
        : writer.one(operator, [...inputs, writer.ints(axes)], { attributes: { keepdims } });
    },
  };
  return untyped(row);
}

const alongAxis = { attributes: ({ axis }: Axis) => ({ axis }) };

/** Batch normalization is defined over channels; a rank of 2 is [N, C]. */
const isImage = ({ inputs }: Node): boolean => given(inputs[0]).rank >= 3;

/** Softmax and its kin, statistics, and normalizations. */
export const normalizationTwins: { readonly [composite: string]: Twin } = {
  softmax: twin<Axis>("Softmax", 13, alongAxis),
  logSoftmax: twin<Axis>("LogSoftmax", 13, alongAxis),
  reduceLogSumExp: reduction("ReduceLogSumExp"),
  reduceL1: reduction("ReduceL1"),
  reduceL2: reduction("ReduceL2"),
  reduceSumSquare: reduction("ReduceSumSquare"),
  reduceLogSum: reduction("ReduceLogSum"),
  meanVarianceNormalization: twin<Pick<Axes, "axes">>("MeanVarianceNormalization", 13, {
    attributes: ({ axes }) => ({ axes }),
  }),
  lpNormalization: twin<Axis & { readonly p: number }>("LpNormalization", 1, {
    attributes: ({ axis, p }) => ({ axis, p }),
    fits: ({ inputs, attributes: { p } }) => given(inputs[0]).dtype !== "bf16" && (p === 1 || p === 2),
  }),
  batchNormalization: twin<Epsilon>("BatchNormalization", 9, {
    attributes: epsilonOf,
    fits: ({ inputs }) => ["f32", "f64"].includes(given(inputs[0]).dtype),
  }),
  layerNormalization: twin<Axis & Epsilon>("LayerNormalization", 17, {
    attributes: (own) => ({ axis: own.axis, ...epsilonOf(own) }),
  }),
  groupNormalization: twin<Epsilon & { readonly groups: number }>("GroupNormalization", 21, {
    attributes: (own) => ({ num_groups: own.groups, ...epsilonOf(own) }),
    fits: ({ inputs }) => given(inputs[0]).dtype === "f32" && given(inputs[0]).rank >= 3,
  }),
  instanceNormalization: twin<Epsilon>("InstanceNormalization", 6, { attributes: epsilonOf, fits: isImage }),
  rmsNormalization: twin<Axis & Epsilon>("RMSNormalization", 23, {
    attributes: (own) => ({ axis: own.axis, ...epsilonOf(own) }),
    fits: ({ inputs }) => given(inputs[0]).dtype === "f32",
  }),
  lrn: twin<{ readonly size: number; readonly alpha: number; readonly beta: number; readonly bias: number }>(
    "LRN",
    1,
    {
      attributes: ({ size, alpha, beta, bias }) => ({
        size,
        alpha: asFloat(alpha),
        beta: asFloat(beta),
        bias: asFloat(bias),
      }),
      // The kernel takes odd sizes of images alone.
      fits: ({ inputs, attributes: { size } }) => size % 2 === 1 && given(inputs[0]).rank === 4,
    },
  ),
};
