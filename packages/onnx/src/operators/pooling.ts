import type { Tensor } from "@adjoint/ir";
import { at, shapeSize } from "@adjoint/ir/values";
import { array, checked, minLength, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import {
  type Placement,
  type SpatialAttributes,
  type WindowAttributes,
  givenPlacement,
  placementOf,
  spatialFields,
  spatialSizes,
  windowFields,
} from "../spatial/placement.ts";
import { maxPoolIndices } from "../spatial/pool-indices.ts";
import { unary } from "./math.ts";
import { type Operator, flag, float, operator } from "./row.ts";

const kernelShape = checked(array(whole(1)), minLength(1));
const poolFields = { ...spatialFields, kernel_shape: kernelShape, ceil_mode: withDefault(flag, false) };

interface PoolAttributes extends SpatialAttributes {
  readonly kernel_shape: readonly number[];
  readonly ceil_mode: boolean;
}

type Pool = Placement & { readonly kernel: readonly number[]; readonly ceilMode: boolean };

/** The pool over x. Where `auto_pad` says how many windows there are, `ceil_mode` has nothing to round. */
function poolOf(context: OperatorContext<PoolAttributes>, x: Tensor): Pool {
  const { kernel_shape: kernel, ceil_mode: ceilMode, auto_pad: autoPad } = context.attributes;
  return { kernel, ceilMode: ceilMode && autoPad === "NOTSET", ...placementOf(context, x, kernel) };
}

/** Pools over windows and over whole planes. */
export const pooling: readonly Operator[] = [
  operator({
    name: "MaxPool",
    since: [1, 8, 10, 11, 12, 22],
    attributes: strictObject({ ...poolFields, storage_order: withDefault(flag, false) }),
    import(context) {
      const x = context.input(0);
      const pool = poolOf(context, x);
      const y = ir.maxPool(x, pool);
      if (context.outputs < 2) return y;
      const [sizes, counts] = [spatialSizes(context, x), spatialSizes(context, y)];
      const order = context.attributes.storage_order ? "columns" : "rows";
      return [y, maxPoolIndices(x, { ...pool, sizes, counts, order })];
    },
  }),
  operator({
    name: "AveragePool",
    since: [1, 7, 10, 11, 19, 22],
    attributes: strictObject({ ...poolFields, count_include_pad: withDefault(flag, false) }),
    import(context) {
      const x = context.input(0);
      const { count_include_pad: countIncludePad } = context.attributes;
      return ir.averagePool(x, { ...poolOf(context, x), countIncludePad });
    },
  }),
  operator({
    name: "LpPool",
    since: [1, 2, 11, 18, 22],
    attributes: strictObject({ ...poolFields, p: withDefault(float, 2) }),
    import: (context) =>
      ir.lpPool(context.input(0), { ...poolOf(context, context.input(0)), p: context.attributes.p }),
  }),
  unary("GlobalMaxPool", [1, 22], ir.globalMaxPool),
  unary("GlobalAveragePool", [1, 22], ir.globalAveragePool),
  operator({
    name: "GlobalLpPool",
    since: [1, 2, 22],
    attributes: strictObject({ p: withDefault(float, 2) }),
    import: (context) => ir.globalLpPool(context.input(0), context.attributes),
  }),
  operator({
    name: "MaxUnpool",
    since: [9, 11, 22],
    attributes: strictObject({ ...windowFields, kernel_shape: kernelShape }),
    import: unpooled,
  }),
];

/** Elements go back to where indices count them, in planes that the windows just cover; `output_shape` adds zeros behind. */
function unpooled(context: OperatorContext<WindowAttributes & Pick<PoolAttributes, "kernel_shape">>): Tensor {
  const [x, indices] = [context.input(0), context.input(1)];
  const { kernel_shape: kernel } = context.attributes;
  const { strides, padLow, padHigh } = givenPlacement(context, kernel.length);
  const sizes = kernel.map((size, axis) => {
    const steps = ir.mulDims(ir.subDims(at(x.shape, axis + 2), 1), at(strides, axis));
    return ir.addDims(steps, size - at(padLow, axis) - at(padHigh, axis));
  });
  const shape = [...x.shape.slice(0, 2), ...sizes];
  const count = shapeSize(x.shape);
  const y = ir
    .filled(0, x.dtype, [shapeSize(shape)])
    .scatter(indices.reshape([count, 1]), x.reshape([count]))
    .reshape(shape);
  if (context.optional(2) === undefined) return y;
  const missing = context.dims(2).map((size, axis) => {
    const rest = ir.subDims(size, at(shape, axis));
    return typeof rest === "number" && rest >= 0
      ? rest
      : context.refuse(`output_shape asks for ${size} where the windows cover ${shape[axis]}`);
  });
  return y.pad({ high: missing });
}
