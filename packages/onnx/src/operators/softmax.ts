import { int, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Dim, Tensor } from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { before } from "./older.ts";
import { type Operator, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

/** The operator set from which these work along one axis, by default the last. */
const ONE_AXIS = 13;

/** Works along one axis; before opset 13 along all axes from `axis` on together. */
const alongAxis = (
  name: string,
  build: (x: Tensor, options: { readonly axis: number }) => Tensor,
): Operator =>
  operator({
    name,
    since: [1, 11, 13],
    older: [
      before(ONE_AXIS, ({ attributes, inputs }) => ({ attributes: { axis: 1, ...attributes }, inputs })),
    ],
    attributes: strictObject({ axis: withDefault(int(), -1) }),
    import(context) {
      const x = context.input(0);
      return context.version < ONE_AXIS ? asMatrix(context, x, build) : build(x, context.attributes);
    },
  });

/** Axes before `axis` become the rows of a matrix, the others its columns. */
function asMatrix(
  context: OperatorContext<{ readonly axis: number }>,
  x: Tensor,
  build: (x: Tensor, options: { readonly axis: number }) => Tensor,
): Tensor {
  const axis = axisOf(context, context.attributes.axis, x.rank);
  if (axis === x.rank - 1) return build(x, { axis });
  const size = (sizes: readonly Dim[]): Dim => sizes.reduce<Dim>(ir.mulDims, 1);
  const matrix = x.reshape([size(x.shape.slice(0, axis)), size(x.shape.slice(axis))]);
  return build(matrix, { axis: 1 }).reshape(x.shape);
}

/** Softmax, its logarithm, and the one-hot of the largest. */
export const softmax: readonly Operator[] = [
  alongAxis("Softmax", ir.softmax),
  alongAxis("LogSoftmax", ir.logSoftmax),
  alongAxis("Hardmax", ir.hardmax),
];
