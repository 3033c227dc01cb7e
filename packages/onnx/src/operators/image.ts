import type { Tensor } from "@adjoint/ir";
import { type Dim, at, valueOf } from "@adjoint/ir/values";
import {
  array,
  checked,
  length,
  oneOf,
  optional,
  strictObject,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { OperatorContext } from "../import/context.ts";
import { affineGrid, gridSample } from "../spatial/grid.ts";
import { givenPlacement, productOf, spanOf, windowFields } from "../spatial/placement.ts";
import { maxRoiPool, roiAlign } from "../spatial/regions.ts";
import { type ResizeRequest, resized } from "../spatial/resize.ts";
import { selectedBoxes } from "../spatial/suppression.ts";
import { before } from "./older.ts";
import { type Form, type Operator, flag, float, ints, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

/** Pictures made larger or smaller, read at other positions, cut and put together; boxes in them. */
export const image: readonly Operator[] = [
  operator({
    name: "Resize",
    since: [10, 11, 13, 18, 19],
    older: [before(11, plainResize)],
    attributes: strictObject({
      antialias: withDefault(flag, false),
      axes: optional(ints),
      coordinate_transformation_mode: withDefault(
        oneOf([
          ...(["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners"] as const),
          ...(["asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"] as const),
        ]),
        "half_pixel",
      ),
      cubic_coeff_a: withDefault(float, -0.75),
      exclude_outside: withDefault(flag, false),
      extrapolation_value: withDefault(float, 0),
      keep_aspect_ratio_policy: withDefault(oneOf(["stretch", "not_larger", "not_smaller"]), "stretch"),
      mode: withDefault(oneOf(["nearest", "linear", "cubic"]), "nearest"),
      nearest_mode: withDefault(
        oneOf(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]),
        "round_prefer_floor",
      ),
    }),
    import(context) {
      const x = context.input(0);
      const given = context.attributes;
      const axes = given.axes?.map((axis) => axisOf(context, axis, x.rank)) ?? [...x.shape.keys()];
      const crops = given.coordinate_transformation_mode === "tf_crop_and_resize";
      const scales = listOf(context, 2);
      return resized(context, x, {
        axes,
        ...(scales === undefined ? { sizes: context.dims(3) } : { scales }),
        ...(crops && { regions: context.numbers(1) ?? context.refuse("input 1, the region, is missing") }),
        policy: given.keep_aspect_ratio_policy,
        options: {
          mode: given.mode,
          coordinates: given.coordinate_transformation_mode,
          nearest: given.nearest_mode,
          cubic: given.cubic_coeff_a,
          excludeOutside: given.exclude_outside,
          extrapolation: given.extrapolation_value,
          antialias: given.antialias,
        },
      });
    },
  }),
  operator({
    name: "Upsample",
    since: [1, 7, 9, 10],
    older: [before(7, planeScales), before(9, scalesInput)],
    attributes: strictObject({ mode: withDefault(oneOf(["nearest", "linear", "bilinear"]), "nearest") }),
    import(context) {
      const x = context.input(0);
      const mode = context.attributes.mode === "nearest" ? "nearest" : "linear";
      const scales = context.numbers(1) ?? context.refuse("input 1, the scales, is missing");
      return resized(context, x, { axes: [...x.shape.keys()], scales, ...asUpsample(mode) });
    },
  }),
  operator({
    name: "GridSample",
    since: [16, 20, 22],
    older: [before(20, planeModes)],
    attributes: strictObject({
      align_corners: withDefault(flag, false),
      mode: withDefault(oneOf(["linear", "nearest", "cubic"]), "linear"),
      padding_mode: withDefault(oneOf(["zeros", "border", "reflection"]), "zeros"),
    }),
    import: (context) => gridSample(context, context.input(0), context.input(1), context.attributes),
  }),
  operator({
    name: "AffineGrid",
    since: [20],
    attributes: strictObject({ align_corners: withDefault(flag, false) }),
    import(context) {
      const sizes = context.numbers(1) ?? context.refuse("input 1, the size, is missing");
      return affineGrid(context.input(0), sizes.slice(2), context.attributes.align_corners);
    },
  }),
  operator({
    name: "RoiAlign",
    since: [10, 16, 22],
    older: [
      before(16, ({ attributes, inputs }) => ({
        attributes: { coordinate_transformation_mode: "output_half_pixel", ...attributes },
        inputs,
      })),
    ],
    attributes: strictObject({
      coordinate_transformation_mode: withDefault(oneOf(["half_pixel", "output_half_pixel"]), "half_pixel"),
      mode: withDefault(oneOf(["avg", "max"]), "avg"),
      output_height: withDefault(whole(1), 1),
      output_width: withDefault(whole(1), 1),
      sampling_ratio: withDefault(whole(0), 0),
      spatial_scale: withDefault(float, 1),
    }),
    import(context) {
      const { attributes } = context;
      // Regions of any size have bins of any number of elements, unless the ratio says how many are read.
      const regions = attributes.sampling_ratio > 0 ? context.input(1) : ir.constant(context.constant(1));
      return roiAlign(context, context.input(0), regions, context.input(2), attributes);
    },
  }),
  operator({
    name: "MaxRoiPool",
    since: [1, 22],
    attributes: strictObject({
      pooled_shape: checked(array(whole(1)), length(2)),
      spatial_scale: withDefault(float, 1),
    }),
    import(context) {
      const { pooled_shape: bins, spatial_scale: scale } = context.attributes;
      return maxRoiPool(context, context.input(0), context.input(1), bins, scale);
    },
  }),
  operator({
    name: "Col2Im",
    since: [18],
    attributes: strictObject(windowFields),
    import(context) {
      const x = context.input(0);
      const picture = context.numbers(1) ?? context.refuse("input 1, the picture's sizes, is missing");
      const kernel = context.numbers(2) ?? context.refuse("input 2, the kernel's sizes, is missing");
      const { strides, dilations, padLow, padHigh } = givenPlacement(context, kernel.length);
      const padded = picture.map((size, axis) => size + at(padLow, axis) + at(padHigh, axis));
      const counts = padded.map((size, axis) => {
        const room = size - spanOf(at(kernel, axis), at(dilations, axis));
        return Math.floor(room / at(strides, axis)) + 1;
      });
      const [batch = 1, columns = 1] = x.shape;
      const channels = ir.divDims(columns, productOf(kernel));
      if (channels === undefined)
        return context.refuse(`${columns} rows of ${x} in blocks of [${kernel.join(", ")}]`);
      const rank = kernel.length;
      const axes = kernel.map((_, axis) => axis + 2);
      return ir
        .windowSum(
          x
            .reshape([batch, channels, ...kernel, ...counts])
            .transpose([0, 1, ...axes.map((axis) => axis + rank), ...axes]),
          { axes, sizes: kernel, strides, dilations, extents: [batch, channels, ...padded] },
        )
        .slice([
          undefined,
          undefined,
          ...picture.map((size, axis) => ({ start: at(padLow, axis), end: at(padLow, axis) + size })),
        ]);
    },
  }),
  operator({
    name: "CenterCropPad",
    since: [18],
    attributes: strictObject({ axes: optional(ints) }),
    import(context) {
      const x = context.input(0);
      const axes = context.attributes.axes ?? [...x.shape.keys()];
      return context
        .dims(1)
        .reduce<Tensor>(
          (y, size, index) => centered(context, y, axisOf(context, at(axes, index), x.rank), size),
          x,
        );
    },
  }),
  operator({
    name: "DepthToSpace",
    since: [1, 11, 13],
    attributes: strictObject({ blocksize: whole(1), mode: withDefault(oneOf(["DCR", "CRD"]), "DCR") }),
    import: (context) => ir.depthToSpace(context.input(0), context.attributes),
  }),
  operator({
    name: "SpaceToDepth",
    since: [1, 13],
    attributes: strictObject({ blocksize: whole(1) }),
    import: (context) => ir.spaceToDepth(context.input(0), context.attributes),
  }),
  operator({
    name: "NonMaxSuppression",
    since: [10, 11],
    attributes: strictObject({ center_point_box: withDefault(flag, false) }),
    import(context) {
      const selected = selectedBoxes(
        context.constant(0),
        context.constant(1),
        {
          form: context.attributes.center_point_box ? "center" : "corners",
          most: context.number(2) ?? 0,
          overlap: context.number(3) ?? 0,
          score: context.number(4) ?? -Infinity,
        },
        (steps) => context.reserve(steps),
      );
      return ir.constant(selected);
    },
  }),
];

/** A list that decides a shape; undefined if it is absent or, as older files write that, empty. */
function listOf(context: OperatorContext, index: number): readonly number[] | undefined {
  const list = context.optional(index)?.shape[0] === 0 ? [] : context.numbers(index);
  return list?.length === 0 ? undefined : list;
}

/** One axis cut or filled up at both ends; of an odd count the end has the larger part. */
function centered(context: OperatorContext, x: Tensor, axis: number, size: Dim): Tensor {
  const missing = ir.subDims(size, at(x.shape, axis));
  if (typeof missing !== "number")
    return context.refuse(
      `cuts or fills ${missing} elements`,
      "Bind its symbols: fromOnnx(bytes, { dims }).",
    );
  const half = Math.floor(Math.abs(missing) / 2);
  const only = <T>(value: T, other: T): T[] => x.shape.map((_, index) => (index === axis ? value : other));
  return missing > 0
    ? x.pad({ low: only(half, 0), high: only(missing - half, 0) })
    : x.slice(only<ir.SliceRange | undefined>({ start: half, end: ir.addDims(half, size) }, undefined));
}

/** Opset 10 knew scales alone, and one way to count positions. */
function plainResize({ attributes, inputs: [x, scales] }: Form): Form {
  return {
    attributes: { ...attributes, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    inputs: [x, undefined, scales],
  };
}

/** Upsample is Resize as it was in opset 10. */
const asUpsample = (mode: "nearest" | "linear"): Pick<ResizeRequest, "policy" | "options"> => ({
  policy: "stretch",
  options: {
    mode,
    coordinates: "asymmetric",
    nearest: "floor",
    cubic: 0,
    excludeOutside: false,
    extrapolation: 0,
    antialias: false,
  },
});

/** Opset 1 scaled the last two of four axes. */
function planeScales({ attributes: { height_scale, width_scale, ...rest }, inputs }: Form): Form {
  const scales = [1, 1, Number(height_scale), Number(width_scale)];
  return { attributes: { ...rest, scales }, inputs };
}

/** Scales were an attribute. */
function scalesInput({ attributes: { scales, ...rest }, inputs: [x] }: Form): Form {
  const list = Array.isArray(scales) ? scales.map(Number) : [];
  return { attributes: rest, inputs: [x, ir.constant(valueOf("f32", [list.length], list))] };
}

/** Modes had other names. */
function planeModes({ attributes, inputs }: Form): Form {
  const names: { readonly [name: string]: string } = { bilinear: "linear", bicubic: "cubic" };
  const { mode = "bilinear" } = attributes;
  return { attributes: { ...attributes, mode: names[String(mode)] ?? mode }, inputs };
}
