import { strictObject } from "../schema.ts";
import { type DType, dtypeInfo, isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, definePrimitive, dtypeSchema, noAttributes, operand, operands } from "../primitive.ts";
import { castScalar, elementReader, elementWriter, zeroValue } from "../value.ts";

export const convert: Rows<"cast" | "bitcast" | "stopGradient"> = {
  cast: definePrimitive({
    name: "cast",
    kind: "map",
    attributes: strictObject({ dtype: dtypeSchema }),
    infer: (inputs, { dtype }) => [{ dtype, shape: operand(operands("cast", inputs, 1), 0).shape }],
    gradient: ({ inputs }, [g]) => {
      const x = operand(inputs, 0);
      return [isFloat(x.dtype) && g !== undefined && isFloat(g.dtype) ? g.cast(x.dtype) : undefined];
    },
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { dtype } = node.attributes;
      const value = zeroValue(dtype, x.shape);
      const [read, write] = [elementReader(x), elementWriter(value)];
      const fromFloat = isFloat(x.dtype);
      for (let i = 0; i < value.data.length; i++) write(i, castScalar(read(i), dtype, fromFloat));
      return [value];
    },
  }),
  bitcast: definePrimitive({
    name: "bitcast",
    kind: "map",
    attributes: strictObject({ dtype: dtypeSchema }),
    infer: (inputs, { dtype }) => {
      const x = operand(operands("bitcast", inputs, 1), 0);
      if (
        dtypeInfo[x.dtype].bytes !== dtypeInfo[dtype].bytes ||
        (x.dtype === "bool") !== (dtype === "bool")
      ) {
        throw new AdjointError(
          "dtype",
          "bitcast",
          `${x} and ${dtype} differ in width`,
          "Take a type of the same width.",
        );
      }
      return [{ dtype, shape: x.shape }];
    },
    gradient: () => [undefined],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const { dtype } = node.attributes;
      const bytes = x.data.slice();
      return [
        {
          dtype,
          shape: x.shape,
          data: new dtypeInfo[dtype].array(bytes.buffer, bytes.byteOffset, bytes.length),
        },
      ];
    },
  }),
  stopGradient: definePrimitive({
    name: "stopGradient",
    kind: "map",
    attributes: noAttributes,
    infer: (inputs) => [operand(operands("stopGradient", inputs, 1), 0).type],
    gradient: () => [undefined],
    evaluate: (inputs) => inputs,
  }),
};

/**
 * The same elements in another dtype. Floats to integers truncate and saturate (NaN becomes 0), integers to narrower
 * ones wrap, anything to bool is `≠ 0`.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(convert.cast, [x], { dtype }).output;
}

/** The same bits read as another dtype of the same width. */
export function bitcast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(convert.bitcast, [x], { dtype }).output;
}

/** The same value; gradients treat it as a constant. */
export function stopGradient(x: Tensor): Tensor {
  return apply(convert.stopGradient, [x], {}).output;
}
