import { oneOf, optional, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { unary } from "./math.ts";
import { before } from "./older.ts";
import { type Form, type Operator, float, operator } from "./row.ts";

/** An operator with the float attribute alpha. */
const withAlpha = (
  name: string,
  since: readonly number[],
  alpha: number,
  build: (x: ir.Tensor, options: { readonly alpha: number }) => ir.Tensor,
): Operator =>
  operator({
    name,
    since,
    attributes: strictObject({ alpha: withDefault(float, alpha) }),
    import: (context) => build(context.input(0), context.attributes),
  });

export const activations: readonly Operator[] = [
  unary("Relu", [1, 6, 13, 14], ir.relu),
  unary("Sigmoid", [1, 6, 13], ir.sigmoid),
  unary("Softplus", [1, 22], ir.softplus),
  unary("Softsign", [1, 22], ir.softsign),
  unary("Mish", [18, 22], ir.mish),
  unary("HardSwish", [14, 22], ir.hardSwish),
  withAlpha("LeakyRelu", [1, 6, 16], 0.01, ir.leakyRelu),
  withAlpha("Elu", [1, 6, 22], 1, ir.elu),
  withAlpha("Celu", [12], 1, ir.celu),
  withAlpha("ThresholdedRelu", [10, 22], 1, ir.thresholdedRelu),
  withAlpha("Swish", [24], 1, (x, { alpha }) => (alpha === 1 ? ir.silu(x) : x.mul(ir.sigmoid(x.mul(alpha))))),
  operator({
    name: "PRelu",
    since: [1, 6, 7, 9, 16],
    older: [before(7, channelSlope)],
    import(context) {
      const [x, slope] = [context.input(0), context.input(1)];
      return ir.isFloat(x.dtype) ? ir.prelu(x, slope) : ir.where(ir.less(x, 0), x.mul(slope), x);
    },
  }),
  operator({
    name: "Selu",
    since: [1, 6, 22],
    attributes: strictObject({ alpha: optional(float), gamma: optional(float) }),
    import(context) {
      const { alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875 } = context.attributes;
      return ir.selu(context.input(0), { alpha, gamma });
    },
  }),
  operator({
    name: "HardSigmoid",
    since: [1, 6, 22],
    attributes: strictObject({ alpha: withDefault(float, 0.2), beta: withDefault(float, 0.5) }),
    import: (context) => ir.hardSigmoid(context.input(0), context.attributes),
  }),
  operator({
    name: "Gelu",
    since: [20],
    attributes: strictObject({ approximate: withDefault(oneOf(["none", "tanh"]), "none") }),
    import: (context) => ir.gelu(context.input(0), context.attributes),
  }),
  operator({
    name: "Shrink",
    since: [9],
    attributes: strictObject({ bias: withDefault(float, 0), lambd: withDefault(float, 0.5) }),
    import(context) {
      const x = context.input(0);
      const { bias, lambd } = context.attributes;
      if (ir.isFloat(x.dtype)) return ir.shrink(x, { bias, lambd });
      return ir.shrink(x.cast("f64"), { bias, lambd }).cast(x.dtype);
    },
  }),
];

/** Slopes were one a channel, whatever the rank: [C] stretches along axis 1. */
function channelSlope({ attributes, inputs }: Form): Form {
  const [x, slope] = inputs;
  if (x === undefined || slope === undefined || slope.rank !== 1 || x.rank < 3) return { attributes, inputs };
  const behind = Array.from({ length: x.rank - 2 }, (_, index) => index + 1);
  return { attributes, inputs: [x, slope.unsqueeze(behind)] };
}
