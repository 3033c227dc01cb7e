import { asFloat } from "../draft.ts";
import { type CompositeRow, twin } from "../twin.ts";

interface Alpha {
  readonly alpha: number;
}
const alpha = (attributes: Alpha): { readonly alpha: ReturnType<typeof asFloat> } => ({
  alpha: asFloat(attributes.alpha),
});

/** Activations. */
export const activationTwins: { readonly [composite: string]: CompositeRow } = {
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
    attributes: (given) => ({ ...alpha(given), gamma: asFloat(given.gamma) }),
  }),
  celu: twin<Alpha>("Celu", 12, { attributes: alpha }),
  relu: twin("Relu", 14),
  leakyRelu: twin<Alpha>("LeakyRelu", 6, { attributes: alpha }),
  prelu: twin("PRelu", 7),
  rrelu: "parts",
  thresholdedRelu: twin<Alpha>("ThresholdedRelu", 10, { attributes: alpha }),
  shrink: twin<{ readonly bias: number; readonly lambd: number }>("Shrink", 9, {
    attributes: ({ bias, lambd }) => ({ bias: asFloat(bias), lambd: asFloat(lambd) }),
  }),
  hardSigmoid: twin<Alpha & { readonly beta: number }>("HardSigmoid", 6, {
    attributes: (given) => ({ ...alpha(given), beta: asFloat(given.beta) }),
  }),
  hardSwish: twin("HardSwish", 14),
  binaryStep: "parts",
  clip: "parts",
  maxout: "parts",
  hardmax: twin<{ readonly axis: number }>("Hardmax", 13, { attributes: ({ axis }) => ({ axis }) }),
};
