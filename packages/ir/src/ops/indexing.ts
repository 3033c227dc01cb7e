import { oneOf, strictObject } from "../schema.ts";
import type { Dim } from "../dim.ts";
import { dtypeInfo, isFloat, isInteger } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, definePrimitive, noAttributes, normalizeAxis, operand, operands } from "../primitive.ts";
import type { ScatterReduction } from "../primitive-set.ts";
import { type Shape, elementCount, equalShapes, rowMajorStrides, shapeText } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter } from "../value.ts";
import { filled, iota } from "./source.ts";
import { isNarrow, widely, widened } from "./widely.ts";
import { concat } from "./concat.ts";
import { unsqueeze } from "./reshape.ts";
import { copyElements } from "./strided.ts";

/** The number of leading axes of the data that indices address: their last size. */
function depthOf(operation: string, data: Tensor, indices: Tensor): number {
  const depth = indices.shape[indices.rank - 1];
  if (indices.dtype !== "i32") {
    throw new AdjointError(
      "dtype",
      operation,
      `indices must be i32 and are ${indices}`,
      `Cast them: indices.cast("i32").`,
    );
  }
  if (typeof depth !== "number" || depth > data.rank) {
    throw new AdjointError(
      "shape",
      operation,
      `the last axis of the indices addresses up to ${data.rank} axes of ${data}, and they are ${indices}`,
    );
  }
  return depth;
}

/**
 * Offsets of the addressed blocks. Blocks without elements have none: nothing is read or written there, so no index is looked at.
 * @throws AdjointError when an index lies outside its axis.
 */
function blockOffsets(
  operation: string,
  data: TensorValue,
  indices: TensorValue,
): { offsets: number[]; block: number } {
  const depth = indices.shape[indices.shape.length - 1] ?? 0;
  const strides = rowMajorStrides(data.shape);
  const block = elementCount(data.shape.slice(depth));
  const count = block === 0 ? 0 : elementCount(indices.shape.slice(0, -1));
  const offsets = Array.from({ length: count }, (_, row) => {
    let offset = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = Number(indices.data[row * depth + axis]);
      const size = data.shape[axis] ?? 0;
      if (index < 0 || index >= size)
        throw new AdjointError(
          "index",
          operation,
          `index ${index} lies outside axis ${axis} of size ${size}`,
        );
      offset += index * (strides[axis] ?? 1);
    }
    return offset;
  });
  return { offsets, block };
}

/** The function that joins an update with the element that is there. */
const joins: {
  readonly [R in ScatterReduction]: (old: Scalar, update: Scalar, float: boolean) => Scalar;
} = {
  none: (_, update) => update,
  add: (old, update) =>
    typeof old === "bigint" && typeof update === "bigint" ? old + update : Number(old) + Number(update),
  mul: (old, update, float) => {
    if (typeof old === "bigint" && typeof update === "bigint") return old * update;
    return float ? Number(old) * Number(update) : Math.imul(Number(old), Number(update));
  },
  max: (old, update) => (Number.isNaN(old) || old > update ? old : update),
  min: (old, update) => (Number.isNaN(old) || old < update ? old : update),
};

const reductions = ["none", "add", "mul", "max", "min"] as const;

export const indexing: Rows<"gather" | "scatter"> = {
  gather: definePrimitive({
    name: "gather",
    kind: "index",
    attributes: noAttributes,
    infer: (inputs) => {
      operands("gather", inputs, 2);
      const [data, indices] = [operand(inputs, 0), operand(inputs, 1)];
      const depth = depthOf("gather", data, indices);
      return [{ dtype: data.dtype, shape: [...indices.shape.slice(0, -1), ...data.shape.slice(depth)] }];
    },
    gradient: ({ inputs: [data, indices] }, [g]) => {
      if (data === undefined || indices === undefined || g === undefined) return [undefined, undefined];
      const sums = filled(0, data.dtype, data.shape);
      return [scatter(sums, indices, g, "add"), undefined];
    },
    evaluate: ([data, indices], node) => {
      if (data === undefined || indices === undefined) return [];
      const { offsets, block } = blockOffsets("gather", data, indices);
      const shape = node.output.shape.map(Number);
      return [copyElements(data, shape, (i) => (offsets[Math.floor(i / block)] ?? 0) + (i % block))];
    },
  }),
  scatter: definePrimitive({
    name: "scatter",
    kind: "index",
    attributes: strictObject({ reduction: oneOf(reductions) }),
    infer: (inputs, { reduction }) => {
      operands("scatter", inputs, 3);
      const [data, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
      const depth = depthOf("scatter", data, indices);
      const expected: Shape = [...indices.shape.slice(0, -1), ...data.shape.slice(depth)];
      if (updates.dtype !== data.dtype || !equalShapes(updates.shape, expected)) {
        throw new AdjointError(
          "shape",
          "scatter",
          `updates must be ${data.dtype}${shapeText(expected)} and are ${updates}`,
        );
      }
      if (reduction !== "none" && data.dtype === "bool")
        throw new AdjointError("dtype", "scatter", `can't ${reduction} bool tensors`);
      return [data.type];
    },
    gradient: ({ inputs, output, attributes: { reduction } }, [g]) => {
      const [data, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
      if (g === undefined) return [undefined, undefined, undefined];
      const [byData, byUpdates] = scatterGradients[reduction](data, indices, updates, output, g);
      return [byData, undefined, byUpdates];
    },
    evaluate: ([data, indices, updates], node) => {
      if (data === undefined || indices === undefined || updates === undefined) return [];
      const { offsets, block } = blockOffsets("scatter", data, indices);
      const result: TensorValue = { ...data, data: data.data.slice() };
      const [write, read, update] = [elementWriter(result), elementReader(result), elementReader(updates)];
      const join = joins[node.attributes.reduction];
      const float = isFloat(data.dtype);
      for (let i = 0; i < updates.data.length; i++) {
        const at = (offsets[Math.floor(i / block)] ?? 0) + (i % block);
        write(at, join(read(at), update(i), float));
      }
      return [result];
    },
  }),
};

type ScatterGradient = (
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  output: Tensor,
  g: Tensor,
) => readonly [Tensor, Tensor];

/** Those that reach the extreme share its gradient equally. */
const extreme: ScatterGradient = (data, indices, updates, output, g) => {
  const kept = data.equal(output);
  const reached = updates.equal(output.gather(indices));
  const shared = widely(g, (wide) =>
    wide.div(scatter(kept.cast(wide.dtype), indices, reached.cast(wide.dtype), "add").max(1)),
  );
  return [kept.where(shared, 0), reached.where(shared.gather(indices), 0)];
};

const scatterGradients: { readonly [R in ScatterReduction]: ScatterGradient } = {
  // The last update of an element wins; earlier ones get nothing.
  none: (data, indices, updates, _, g) => {
    const order = iota("i32", [elementTotal(updates)], 0).reshape(updates.shape);
    const winner = filled(-1, "i32", data.shape).scatter(indices, order, "none");
    const untouched = winner.equal(-1);
    const won = winner.gather(indices).equal(order);
    return [untouched.where(g, 0), won.where(g.gather(indices), 0)];
  },
  add: (_, indices, __, ___, g) => [g, g.gather(indices)],
  // The product of all other factors of an element, exact if factors are zero: zeros are counted apart from the rest.
  mul: (ownData, indices, ownUpdates, _, ownG) => {
    const [data, updates, g] = [widened(ownData), widened(ownUpdates), widened(ownG)];
    const isZero = (x: Tensor): Tensor => x.equal(0).cast(g.dtype);
    const nonZero = (x: Tensor): Tensor => x.equal(0).where(1, x);
    const product = nonZero(data).scatter(indices, nonZero(updates), "mul");
    const zeros = isZero(data).scatter(indices, isZero(updates), "add");
    const others = (x: Tensor, all: Tensor, count: Tensor): Tensor =>
      count
        .sub(isZero(x))
        .greater(0)
        .where(0, all.div(nonZero(x)));
    const byData = g.mul(others(data, product, zeros));
    const byUpdates = g.gather(indices).mul(others(updates, product.gather(indices), zeros.gather(indices)));
    return [byData.cast(ownData.dtype), byUpdates.cast(ownData.dtype)];
  },
  max: extreme,
  min: extreme,
};

function elementTotal(tensor: Tensor): Dim {
  return tensor.reshape([-1]).shape[0] ?? 1;
}

/** Any integer tensor as i32 indices; what i32 can't hold is clamped, and then refused as outside its axis. */
export function asIndices(operation: string, indices: Tensor): Tensor {
  if (!isInteger(indices.dtype))
    throw new AdjointError("dtype", operation, `indices must be integers and are ${indices}`);
  if (dtypeInfo[indices.dtype].bytes < 4 || indices.dtype === "i32") return indices.cast("i32");
  const capped = indices.min(indices.dtype === "u32" ? 2147483647 : 2147483647n);
  return (indices.dtype === "i64" ? capped.max(-1n) : capped).cast("i32");
}

/** ONNX GatherND: rows of the last axis of `indices` address the leading axes of `data`. Outside an axis is an error. */
export function gather(data: Tensor, indices: Tensor): Tensor {
  return apply(indexing.gather, [data, asIndices("gather", indices)], {}).output;
}

/**
 * ONNX ScatterND: a copy of `data` with updates written or joined at the addressed elements, in row-major order. Sums and
 * products of f16 and bf16 are held in f32 and rounded once.
 */
export function scatter(
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  reduction: ScatterReduction = "none",
): Tensor {
  const accumulates = reduction === "add" || reduction === "mul";
  if (accumulates && isNarrow(data) && updates.dtype === data.dtype)
    return widely(data, (wide) => scatter(wide, indices, widened(updates), reduction));
  return apply(indexing.scatter, [data, asIndices("scatter", indices), updates], { reduction }).output;
}

/** ONNX Gather: slices of `x` along an axis; the axis is replaced by the shape of `indices`. */
export function take(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const at = normalizeAxis("take", axis, x.rank);
  const others = [...x.shape.keys()].filter((other) => other !== at);
  const taken = gather(x.transpose([at, ...others]), unsqueeze(indices, indices.rank));
  // Axes are now indices…, others…; the indices' go where the axis was.
  const places = [...indices.shape.keys()];
  const rest = others.map((_, index) => indices.rank + index);
  return taken.transpose([...rest.slice(0, at), ...places, ...rest.slice(at)]);
}

/** Full coordinates for indices that run along one axis of a tensor. */
function alongAxis(operation: string, indices: Tensor, axis: number, rank: number): Tensor {
  if (indices.rank !== rank)
    throw new AdjointError("shape", operation, `indices must have rank ${rank} and are ${indices}`);
  const coordinates = indices.shape.map((_, at) =>
    at === axis ? asIndices(operation, indices) : iota("i32", indices.shape, at),
  );
  return concat(
    coordinates.map((coordinate) => unsqueeze(coordinate, rank)),
    rank,
  );
}

/** ONNX GatherElements: out[i][j] = x[indices[i][j]][j] for axis 0, and so on. */
export function gatherElements(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const at = normalizeAxis("gatherElements", axis, x.rank);
  return gather(x, alongAxis("gatherElements", indices, at, x.rank));
}

/** ONNX ScatterElements: the counterpart of `gatherElements`. */
export function scatterElements(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis = 0,
  reduction: ScatterReduction = "none",
): Tensor {
  const at = normalizeAxis("scatterElements", axis, x.rank);
  return scatter(x, alongAxis("scatterElements", indices, at, x.rank), updates, reduction);
}
