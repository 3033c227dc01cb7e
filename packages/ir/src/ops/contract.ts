import { at } from "../at.ts";
import { strictObject } from "../schema.ts";
import { equalDims } from "../dim.ts";
import { dtypeInfo } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Tensor, apply } from "../tensor.ts";
import { type Rows, axesSchema, checkAxes, definePrimitive, normalizeAxis, operands } from "../primitive.ts";
import type { Axes, DotAttributes } from "../primitive-set.ts";
import { broadcastShapes, elementCount, rowMajorStrides } from "../shape.ts";
import { type TensorValue, elementReader, elementWriter, toNumbers, zeroValue } from "../value.ts";
import { checkDomain } from "./elementwise.ts";
import { broadcast } from "./broadcast.ts";
import { reshape } from "./reshape.ts";
import { strided } from "./strided.ts";
import { pair } from "./elementwise.ts";

/** The axes that are neither batch nor contracted, in order. */
export const freeAxes = (rank: number, ...used: readonly Axes[]): number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !used.some((axes) => axes.includes(axis)));

const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

const inverse = (permutation: Axes): number[] => permutation.map((_, axis) => permutation.indexOf(axis));

/**
 * The cotangent of one side. `g` has axes batch…, left free…, right free…; contracting it with the other side over
 * that side's free axes gives batch…, own free…, own contracted axes in the order of the other side's, which a
 * transpose brings home.
 */
function sideGradient(
  g: Tensor,
  own: { readonly rank: number; readonly batch: Axes; readonly contract: Axes; readonly freeFirst: number },
  other: {
    readonly tensor: Tensor;
    readonly batch: Axes;
    readonly contract: Axes;
    readonly freeFirst: number;
  },
): Tensor {
  const otherFree = freeAxes(other.tensor.rank, other.batch, other.contract);
  const ownFree = freeAxes(own.rank, own.batch, own.contract);
  const product = g.dotGeneral(other.tensor, {
    leftBatch: range(0, own.batch.length),
    rightBatch: other.batch,
    leftContract: range(other.freeFirst, otherFree.length),
    rightContract: otherFree,
  });
  // The other side's contracted axes come out in that side's order.
  const remaining = other.contract
    .toSorted((a, b) => a - b)
    .map((axis) => at(own.contract, other.contract.indexOf(axis)));
  return product.transpose(inverse([...own.batch, ...ownFree, ...remaining]));
}

export const contraction: Rows<"dotGeneral"> = {
  dotGeneral: definePrimitive({
    name: "dotGeneral",
    kind: "contract",
    attributes: strictObject({
      leftBatch: axesSchema,
      rightBatch: axesSchema,
      leftContract: axesSchema,
      rightContract: axesSchema,
    }),
    infer: (inputs, attributes) => {
      operands("dotGeneral", inputs, 2);
      const [a, b] = pair(inputs);
      checkDomain("dotGeneral", "numeric", a);
      const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
      if (a.dtype !== b.dtype) {
        throw new AdjointError(
          "dtype",
          "dotGeneral",
          `dtypes differ: a is ${a} and b is ${b}`,
          `Cast one of them.`,
        );
      }
      if (leftBatch.length !== rightBatch.length || leftContract.length !== rightContract.length) {
        throw new AdjointError("attribute", "dotGeneral", "batch and contracted axes must come in pairs");
      }
      const pairs: readonly (readonly [Axes, Axes, string])[] = [
        [leftBatch, rightBatch, "batch"],
        [leftContract, rightContract, "inner"],
      ];
      for (const [left, right, what] of pairs) {
        left.forEach((axis, index) => {
          const other = at(right, index);
          checkAxes("dotGeneral", [axis], a.rank);
          checkAxes("dotGeneral", [other], b.rank);
          if (!equalDims(a.shape[axis] ?? -1, b.shape[other] ?? -2)) {
            throw new AdjointError(
              "shape",
              "dotGeneral",
              `${what} sizes differ: a is ${a} and b is ${b} (axis ${axis} against axis ${other})`,
              "Transpose or reshape one of them so that the sizes agree.",
            );
          }
        });
      }
      const used = [leftBatch.concat(leftContract), rightBatch.concat(rightContract)] as const;
      if (used.some((axes) => new Set(axes).size !== axes.length)) {
        throw new AdjointError("attribute", "dotGeneral", "an axis is named twice");
      }
      const sizes = (tensor: Tensor, axes: Axes): Tensor["shape"] =>
        axes.map((axis) => at(tensor.shape, axis));
      const shape = [
        ...sizes(a, leftBatch),
        ...sizes(a, freeAxes(a.rank, used[0])),
        ...sizes(b, freeAxes(b.rank, used[1])),
      ];
      return [{ dtype: a.dtype, shape }];
    },
    gradient: ({ inputs, attributes }, [g]) => {
      const [a, b] = pair(inputs);
      if (g === undefined) return [undefined, undefined];
      const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
      const leftFree = freeAxes(a.rank, leftBatch, leftContract).length;
      const left = {
        tensor: a,
        rank: a.rank,
        batch: leftBatch,
        contract: leftContract,
        freeFirst: leftBatch.length,
      };
      const right = {
        tensor: b,
        rank: b.rank,
        batch: rightBatch,
        contract: rightContract,
        freeFirst: leftBatch.length + leftFree,
      };
      return [sideGradient(g, left, right), sideGradient(g, right, left)];
    },
    evaluate: ([a, b], node) => (a && b ? [evaluateDot(a, b, node.attributes)] : []),
  }),
};

function evaluateDot(a: TensorValue, b: TensorValue, attributes: DotAttributes): TensorValue {
  const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
  const [leftFree, rightFree] = [
    freeAxes(a.shape.length, leftBatch, leftContract),
    freeAxes(b.shape.length, rightBatch, rightContract),
  ];
  const [aStrides, bStrides] = [rowMajorStrides(a.shape), rowMajorStrides(b.shape)];
  const sizes = (value: TensorValue, axes: Axes): number[] => axes.map((axis) => at(value.shape, axis));
  const steps = (strides: readonly number[], axes: Axes): number[] => axes.map((axis) => at(strides, axis));
  const shape = [...sizes(a, leftBatch), ...sizes(a, leftFree), ...sizes(b, rightFree)];
  const aOuter = strided(shape, [
    ...steps(aStrides, leftBatch),
    ...steps(aStrides, leftFree),
    ...rightFree.map(() => 0),
  ]);
  const bOuter = strided(shape, [
    ...steps(bStrides, rightBatch),
    ...leftFree.map(() => 0),
    ...steps(bStrides, rightFree),
  ]);
  const inner = sizes(a, leftContract);
  const count = elementCount(inner);
  const aPositions = Int32Array.from({ length: count }, (_, i) =>
    strided(inner, steps(aStrides, leftContract))(i),
  );
  const bPositions = Int32Array.from({ length: count }, (_, i) =>
    strided(inner, steps(bStrides, rightContract))(i),
  );
  const result = zeroValue(a.dtype, shape);
  const write = elementWriter(result);
  const aAt = (k: number): number => aPositions[k] ?? 0;
  const bAt = (k: number): number => bPositions[k] ?? 0;
  if (dtypeInfo[a.dtype].big) {
    const [readA, readB] = [elementReader(a), elementReader(b)];
    for (let index = 0; index < result.data.length; index++) {
      const [aBase, bBase] = [aOuter(index), bOuter(index)];
      let sum = 0n;
      for (let k = 0; k < count; k++) sum += BigInt(readA(aBase + aAt(k))) * BigInt(readB(bBase + bAt(k)));
      write(index, BigInt.asIntN(64, sum));
    }
    return result;
  }
  const [left, right] = [Float64Array.from(toNumbers(a)), Float64Array.from(toNumbers(b))];
  const float = dtypeInfo[a.dtype].class === "float";
  for (let index = 0; index < result.data.length; index++) {
    const [aBase, bBase] = [aOuter(index), bOuter(index)];
    // Floats sum in f64 and round once; integers wrap to 32 bits at each step.
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const [x, y] = [left[aBase + aAt(k)] ?? NaN, right[bBase + bAt(k)] ?? NaN];
      sum = float ? sum + x * y : (sum + Math.imul(x, y)) | 0;
    }
    write(index, sum);
  }
  return result;
}

/** A tensor product over paired axes; output axes are batch…, a's free axes, b's free axes. */
export function dotGeneral(a: Tensor, b: Tensor, attributes: Partial<DotAttributes>): Tensor {
  const { leftBatch = [], rightBatch = [], leftContract = [], rightContract = [] } = attributes;
  const norm = (axes: Axes, tensor: Tensor): number[] =>
    axes.map((axis) => normalizeAxis("dotGeneral", axis, tensor.rank));
  return apply(contraction.dotGeneral, [a, b], {
    leftBatch: norm(leftBatch, a),
    rightBatch: norm(rightBatch, b),
    leftContract: norm(leftContract, a),
    rightContract: norm(rightContract, b),
  }).output;
}

/**
 * Matrix product as NumPy's `matmul`: the last two axes multiply, leading axes broadcast, vectors act as a row on the
 * left and a column on the right.
 * @throws AdjointError when the inner sizes differ.
 */
export function matMul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0)
    throw new AdjointError(
      "shape",
      "matMul",
      `scalars can't be multiplied as matrices: a is ${a} and b is ${b}`,
      "Use mul.",
    );
  const [aRows, bColumns] = [a.rank > 1, b.rank > 1];
  const inner = b.shape[bColumns ? b.rank - 2 : 0] ?? -1;
  if (!equalDims(a.shape[a.rank - 1] ?? -2, inner)) {
    throw new AdjointError(
      "shape",
      "matMul",
      `inner sizes differ: a is ${a} and b is ${b}`,
      "Transpose or reshape one of them so that a's last size is b's second to last.",
    );
  }
  if (b.rank <= 2) {
    // A single matrix on the right needs no batch: a's leading axes are rows.
    return dotGeneral(a, b, { leftContract: [a.rank - 1], rightContract: [bColumns ? b.rank - 2 : 0] });
  }
  const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (leading === undefined)
    throw new AdjointError("shape", "matMul", `leading axes do not broadcast: a is ${a} and b is ${b}`);
  const left = aRows ? a : reshape(a, [1, ...a.shape]);
  const x = broadcast(left, [...leading, ...left.shape.slice(-2)]);
  const y = broadcast(b, [...leading, ...b.shape.slice(-2)]);
  const batch = range(0, leading.length);
  const product = dotGeneral(x, y, {
    leftBatch: batch,
    rightBatch: batch,
    leftContract: [-1],
    rightContract: [-2],
  });
  return aRows ? product : reshape(product, [...leading, at(b.shape, b.rank - 1)]);
}
