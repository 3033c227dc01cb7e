import { type Value, asFloat } from "../draft.ts";
import { hasKernel } from "../kernels.ts";
import { given } from "../operands.ts";
import { type Twin, twin, untyped } from "../twin.ts";

interface Alpha {
  readonly alpha: number;
}
const alpha = (attributes: Alpha): { readonly alpha: ReturnType<typeof asFloat> } => ({
  alpha: asFloat(attributes.alpha),
});

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Bounds are inputs, either of which may be absent. */
const clip: Twin = untyped<Bounds>({
  fits: ({ inputs }) => hasKernel("Clip", given(inputs[0]).dtype),
  write: (node, writer) => {
    const [x] = writer.inputs(node);
    const { min, max } = node.attributes;
    const bound = (value: number | undefined): Value | undefined =>
      value === undefined || x === undefined ? undefined : writer.scalar(value, x.dtype);
    return writer.one("Clip", max === undefined ? [x, bound(min)] : [x, bound(min), bound(max)]);
  },
});

/** Activations. */
export const activationTwins: { readonly [composite: string]: Twin } = {
  sigmoid: twin("Sigmoid", 6),
  softplus: twin("Softplus", 1),
  softsign: twin("Softsign", 1),
  silu: twin("Swish", 24),
  mish: twin("Mish", 18),
  gelu: twin<{ readonly approximate: string }>("Gelu", 20, {
    attributes: ({ approximate }) => ({ approximate }),
  }),
  elu: twin<Alpha>("Elu", 6, { attributes: alpha }),
  selu: twin<Alpha & { readonly gamma: number }>("Selu", 6, {
    attributes: (own) => ({ ...alpha(own), gamma: asFloat(own.gamma) }),
  }),
  celu: twin<Alpha>("Celu", 12, { attributes: alpha }),
  relu: twin("Relu", 6),
  leakyRelu: twin<Alpha>("LeakyRelu", 6, { attributes: alpha }),
  prelu: twin("PRelu", 7),
  thresholdedRelu: twin<Alpha>("ThresholdedRelu", 10, { attributes: alpha }),
  shrink: twin<{ readonly bias: number; readonly lambd: number }>("Shrink", 9, {
    attributes: ({ bias, lambd }) => ({ bias: asFloat(bias), lambd: asFloat(lambd) }),
  }),
  hardSigmoid: twin<Alpha & { readonly beta: number }>("HardSigmoid", 6, {
    attributes: (own) => ({ ...alpha(own), beta: asFloat(own.beta) }),
  }),
  hardSwish: twin("HardSwish", 14),
  clip,
  hardmax: twin<{ readonly axis: number }>("Hardmax", 13, { attributes: ({ axis }) => ({ axis }) }),
};
