import { type Tensor, conv } from "@adjoint/ir";
import { optional, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import type { OperatorContext } from "../import/context.ts";
import { deformed } from "../spatial/deformable.ts";
import {
  givenPlacement,
  placementOf,
  spatialFields,
  spatialSizes,
  windowFields,
} from "../spatial/placement.ts";
import { transposed } from "../spatial/transposed.ts";
import { type Operator, ints, operator } from "./row.ts";

const groupFields = { group: withDefault(whole(1), 1), kernel_shape: optional(ints) };
const convFields = { ...spatialFields, ...groupFields };

/** The kernel of a weight; `kernel_shape` only repeats it. */
function kernelOf(
  context: OperatorContext<{ readonly kernel_shape?: readonly number[] | undefined }>,
  weight: Tensor,
): readonly number[] {
  const kernel = spatialSizes(context, weight);
  const { kernel_shape: said = kernel } = context.attributes;
  if (said.length === kernel.length && said.every((size, axis) => size === kernel[axis])) return kernel;
  return context.refuse(`kernel_shape is [${said.join(", ")}] and the weight is ${weight}`);
}

/** Adds a bias [C] to y [N, C, …spatial]. */
function withBias(y: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? y : y.add(bias.unsqueeze([...y.shape.keys()].slice(1, -1)));
}

/** Convolutions: plain, transposed and deformable. */
export const convolution: readonly Operator[] = [
  operator({
    name: "Conv",
    since: [1, 11, 22],
    attributes: strictObject(convFields),
    import(context) {
      const [x, weight] = [context.input(0), context.input(1)];
      const kernel = kernelOf(context, weight);
      const y = conv(x, weight, { ...placementOf(context, x, kernel), groups: context.attributes.group });
      return withBias(y, context.optional(2));
    },
  }),
  operator({
    name: "ConvTranspose",
    since: [1, 11, 22],
    attributes: strictObject({
      ...convFields,
      output_padding: optional(ints),
      output_shape: optional(ints),
    }),
    import(context) {
      const [x, weight] = [context.input(0), context.input(1)];
      return withBias(transposed(context, x, weight, kernelOf(context, weight)), context.optional(2));
    },
  }),
  operator({
    name: "DeformConv",
    since: [19, 22],
    attributes: strictObject({
      ...windowFields,
      ...groupFields,
      offset_group: withDefault(whole(1), 1),
    }),
    import(context) {
      const [x, weight, offset] = [context.input(0), context.input(1), context.input(2)];
      const kernel = kernelOf(context, weight);
      const { group, offset_group: offsetGroups } = context.attributes;
      const { strides, dilations, padLow } = givenPlacement(context, kernel.length);
      const mask = context.optional(4);
      const deformation = { offset, mask, group, offsetGroups, kernel, strides, dilations, padLow };
      const y = deformed(context, x, weight, deformation);
      return withBias(y, context.optional(3));
    },
  }),
];
