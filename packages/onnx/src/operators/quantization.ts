import {
  type Output,
  ObjectSchema,
  int,
  optional,
  strictObject,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { dtypeOfElement, elementType, elementTypes } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import { centred, numbersOf, quantized, scalesOf, typeOfValue } from "../quantization/affine.ts";
import { alongAxis, alongOne, alongRows } from "../quantization/layout.ts";
import { placementOf, spatialFields, spatialSizes } from "../spatial/placement.ts";
import { type Operator, flag, ints, operator } from "./row.ts";

const blockFields = { axis: withDefault(int(), 1), block_size: withDefault(whole(0), 0) };
const convFields = { ...spatialFields, group: withDefault(whole(1), 1), kernel_shape: optional(ints) };

/** The largest sums of 8-bit products are whole in f64, where convolutions are fast. */
function wholeConv(
  context: OperatorContext<Output<ObjectSchema<typeof convFields>>>,
  x: Tensor,
  weight: Tensor,
): Tensor {
  const placement = placementOf(context, x, spatialSizes(context, weight));
  const options = { ...placement, groups: context.attributes.group };
  return ir.conv(x.cast("f64"), weight.cast("f64"), options).cast("i32");
}

/** Quantized elements: what turns numbers into them and back, and products of them. */
export const quantization: readonly Operator[] = [
  operator({
    name: "QuantizeLinear",
    since: [10, 13, 19, 21, 23, 24, 25],
    attributes: strictObject({
      ...blockFields,
      saturate: withDefault(flag, true),
      output_dtype: withDefault(int(), 0),
      precision: withDefault(int(), 0),
    }),
    import(context) {
      const [x, scales, zero] = [context.input(0), scalesOf(context.value(1)), context.optionalValue(2)];
      const { saturate, output_dtype: said, precision } = context.attributes;
      const to =
        zero === undefined
          ? elementType(said === 0 ? elementTypes.u8 : said, "QuantizeLinear's result")
          : typeOfValue(zero);
      const dtype = precision === 0 ? scales.dtype : dtypeOfElement(precision, "QuantizeLinear's precision");
      const ratio = x.cast(dtype).div(alongAxis(context, scales.cast(dtype), x));
      return quantized(ratio, zero && alongAxis(context, numbersOf(zero), x), to, saturate);
    },
  }),
  operator({
    name: "DequantizeLinear",
    since: [10, 13, 19, 21, 23, 24, 25],
    attributes: strictObject({ ...blockFields, output_dtype: withDefault(int(), 0) }),
    import(context) {
      const [x, scales, zero] = [
        numbersOf(context.value(0)),
        scalesOf(context.value(1)),
        context.optionalValue(2),
      ];
      const { output_dtype: said } = context.attributes;
      const dtype = said === 0 ? scales.dtype : dtypeOfElement(said, "DequantizeLinear's result");
      const moved = zero === undefined ? x : x.sub(alongAxis(context, numbersOf(zero), x));
      return moved
        .cast("f32")
        .mul(alongAxis(context, scales.cast("f32"), x))
        .cast(dtype);
    },
  }),
  operator({
    name: "DynamicQuantizeLinear",
    since: [11],
    import(context) {
      const x = context.input(0);
      const [low, high] = [x.reduceMin().min(0), x.reduceMax().max(0)];
      const scale = high.sub(low).div(255);
      const zero = low.neg().div(scale).max(0).min(255).round();
      return [
        quantized(x.div(scale), zero, { dtype: "u8", narrow: undefined }, true),
        scale,
        zero.cast("u8"),
      ];
    },
  }),
  operator({
    name: "MatMulInteger",
    since: [10],
    import(context) {
      const rowZero = context.optional(2);
      const a = centred(context.input(0), rowZero && alongRows(rowZero));
      return ir.matMul(a, centred(context.input(1), context.optional(3)));
    },
  }),
  operator({
    name: "QLinearMatMul",
    since: [10, 21],
    import(context) {
      const scale = (index: number): Tensor => context.input(index).cast("f32");
      const zero = context.value(7);
      const a = centred(context.input(0), alongRows(context.input(2)));
      const product = ir.matMul(a, centred(context.input(3), context.input(5)));
      const ratio = product.cast("f32").mul(alongRows(scale(1)).mul(scale(4)).div(scale(6)));
      return quantized(ratio, numbersOf(zero), typeOfValue(zero), true);
    },
  }),
  operator({
    name: "ConvInteger",
    since: [10],
    attributes: strictObject(convFields),
    import(context) {
      const [x, weight] = [context.input(0), context.input(1)];
      const [zero, weightZero] = [context.optional(2), context.optional(3)];
      return wholeConv(
        context,
        centred(x, zero?.reshape([])),
        centred(weight, weightZero && alongOne(weightZero, 0, weight.rank)),
      );
    },
  }),
  operator({
    name: "QLinearConv",
    since: [10],
    attributes: strictObject(convFields),
    import(context) {
      const [x, weight, bias] = [context.input(0), context.input(3), context.optional(8)];
      const scalar = (index: number): Tensor => context.input(index).reshape([]);
      const sums = wholeConv(
        context,
        centred(x, scalar(2)),
        centred(weight, alongOne(context.input(5), 0, weight.rank)),
      );
      const biased = bias === undefined ? sums : sums.add(alongOne(bias, 1, x.rank));
      const ratio = biased
        .cast("f32")
        .mul(alongOne(context.input(4), 1, x.rank).mul(scalar(1)).div(scalar(6)));
      return quantized(ratio, scalar(7), typeOfValue(scalar(7)), true);
    },
  }),
];
