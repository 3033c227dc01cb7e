import { at } from "../at.ts";
import { boolean, checked, int, minimum, strictObject } from "../schema.ts";
import { isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Cotangent, type Tensor, apply } from "../tensor.ts";
import { type Rows, checkAxes, definePrimitive, normalizeAxis, operand, operands } from "../primitive.ts";
import type { Shape } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, zeroValue } from "../value.ts";
import { rowMajorStrides } from "../shape.ts";
import { checkDomain } from "./elementwise.ts";
import { scatterElements } from "./indexing.ts";
import { filled } from "./source.ts";

/** Ascending, NaN last. */
function compare(a: Scalar, b: Scalar): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The first `count` of each line along the axis, in order, with their indices; ties by lower index. */
function ordered(x: TensorValue, axis: number, count: number, descending: boolean): readonly TensorValue[] {
  const size = at(x.shape, axis);
  const shape = x.shape.map((extent, other) => (other === axis ? count : extent));
  const [values, indices] = [zeroValue(x.dtype, shape), zeroValue("i32", shape)];
  const [read, write] = [elementReader(x), elementWriter(values)];
  const stride = at(rowMajorStrides(x.shape), axis);
  const lines = size === 0 ? 0 : x.data.length / size;
  for (let line = 0; line < lines; line++) {
    const [block, inner] = [Math.floor(line / stride), line % stride];
    const position = (place: number): number => block * stride * size + place * stride + inner;
    const places = Array.from({ length: size }, (_, place) => place);
    places.sort(
      (a, b) =>
        (descending
          ? compare(read(position(b)), read(position(a)))
          : compare(read(position(a)), read(position(b)))) || a - b,
    );
    for (let rank = 0; rank < count; rank++) {
      const place = places[rank] ?? 0;
      const to = block * stride * count + rank * stride + inner;
      write(to, read(position(place)));
      indices.data[to] = place;
    }
  }
  return [values, indices];
}

/** The cotangent of the values goes back to the elements that they came from. */
const backToPlaces = (x: Tensor, indices: Tensor | undefined, g: Cotangent, axis: number): Cotangent =>
  g && indices && isFloat(x.dtype)
    ? scatterElements(filled(0, x.dtype, x.shape), indices, g, axis, "add")
    : undefined;

export const order: Rows<"sort" | "topK"> = {
  sort: definePrimitive({
    name: "sort",
    kind: "order",
    attributes: strictObject({ axis: int(), descending: boolean() }),
    infer: (inputs, { axis }) => {
      const x = operand(operands("sort", inputs, 1), 0);
      checkDomain("sort", "numeric", x);
      checkAxes("sort", [axis], x.rank);
      return [x.type, { dtype: "i32", shape: x.shape }];
    },
    gradient: (node, [g]) => [
      backToPlaces(operand(node.inputs, 0), node.outputs[1], g, node.attributes.axis),
    ],
    evaluate: ([x], { attributes: { axis, descending } }) =>
      x === undefined ? [] : ordered(x, axis, at(x.shape, axis), descending),
  }),
  topK: definePrimitive({
    name: "topK",
    kind: "order",
    attributes: strictObject({ axis: int(), k: checked(int(), minimum(0)), largest: boolean() }),
    infer: (inputs, { axis, k }) => {
      const x = operand(operands("topK", inputs, 1), 0);
      checkDomain("topK", "numeric", x);
      checkAxes("topK", [axis], x.rank);
      const size = x.shape[axis];
      if (typeof size === "number" && k > size)
        throw new AdjointError("shape", "topK", `k = ${k} of ${size} elements: axis ${axis} of ${x}`);
      const shape: Shape = x.shape.map((extent, index) => (index === axis ? k : extent));
      return [
        { dtype: x.dtype, shape },
        { dtype: "i32", shape },
      ];
    },
    gradient: (node, [g]) => [
      backToPlaces(operand(node.inputs, 0), node.outputs[1], g, node.attributes.axis),
    ],
    evaluate: ([x], { attributes: { axis, k, largest } }) =>
      x === undefined ? [] : ordered(x, axis, k, largest),
  }),
};

interface Ordered {
  readonly values: Tensor;
  /** i32 indices along the axis. */
  readonly indices: Tensor;
}

const result = ([values, indices]: readonly Tensor[]): Ordered => {
  if (values === undefined || indices === undefined)
    throw new AdjointError("graph", "sort", "an order has two outputs");
  return { values, indices };
};

/** Stable sort along an axis (the last by default); NaN counts as largest. */
export function sort(
  x: Tensor,
  options: { readonly axis?: number; readonly descending?: boolean } = {},
): Ordered {
  const { axis = -1, descending = false } = options;
  return result(apply(order.sort, [x], { axis: normalizeAxis("sort", axis, x.rank), descending }).outputs);
}

/** The k largest (or smallest) along an axis (the last by default), in order, ties by lower index. */
export function topK(
  x: Tensor,
  k: number,
  options: { readonly axis?: number; readonly largest?: boolean } = {},
): Ordered {
  const { axis = -1, largest = true } = options;
  return result(apply(order.topK, [x], { axis: normalizeAxis("topK", axis, x.rank), k, largest }).outputs);
}
