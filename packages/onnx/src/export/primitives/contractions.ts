import type { Tensor } from "@adjoint/ir";
import { type DotAttributes, type Node, freeAxes } from "@adjoint/ir/graph";
import { type Shape, at, isFloat, shapeSize } from "@adjoint/ir/values";
import { hasKernel } from "../kernels.ts";
import { given } from "../operands.ts";
import { type ExportRow, type ExportRows, composed } from "../row.ts";
import { convRows } from "./convolutions.ts";

type Dot = Node<DotAttributes>;

const isRange = (axes: readonly number[]): boolean => axes.every((axis, index) => axis === index);

/** Whether MatMul can express it: rows times columns, leading axes in pairs or on the left alone. */
function isProduct({ inputs, attributes }: Dot): boolean {
  const [a, b] = inputs.map((tensor) => tensor.rank);
  const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
  if (a === undefined || b === undefined || leftContract.length !== 1 || leftContract[0] !== a - 1)
    return false;
  if (leftBatch.length === 0) return b <= 2 && b >= 1 && rightContract[0] === 0;
  const batch = leftBatch.length;
  const isAligned = isRange(leftBatch) && isRange(rightBatch);
  return isAligned && a === batch + 2 && b === batch + 2 && rightContract[0] === batch;
}

/** Whether Gemm can express it: two matrices, any of them transposed. */
const isGemm = ({ inputs, attributes, output }: Dot): boolean =>
  inputs.every((tensor) => tensor.rank === 2) &&
  attributes.leftBatch.length === 0 &&
  attributes.leftContract.length === 1 &&
  isFloat(output.dtype) &&
  hasKernel("Gemm", output.dtype);

/** Both sides as batches of matrices [batch…, M, K] and [batch…, K, N]. */
function asProduct({ attributes }: Dot, a: Tensor, b: Tensor): Tensor {
  const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
  const free = [
    freeAxes(a.rank, leftBatch, leftContract),
    freeAxes(b.rank, rightBatch, rightContract),
  ] as const;
  const sizes = (tensor: Tensor, axes: readonly number[]): Shape =>
    axes.map((axis) => at(tensor.shape, axis));
  const [rows, columns] = [sizes(a, free[0]), sizes(b, free[1])];
  const batch = sizes(a, leftBatch);
  const inner = shapeSize(sizes(a, leftContract));
  const left = a
    .transpose([...leftBatch, ...free[0], ...leftContract])
    .reshape([...batch, shapeSize(rows), inner]);
  const right = b
    .transpose([...rightBatch, ...rightContract, ...free[1]])
    .reshape([...batch, inner, shapeSize(columns)]);
  const pairs = batch.map((_, axis) => axis);
  return left
    .dotGeneral(right, {
      leftBatch: pairs,
      rightBatch: pairs,
      leftContract: [left.rank - 1],
      rightContract: [right.rank - 2],
    })
    .reshape([...batch, ...rows, ...columns]);
}

const dotGeneral: ExportRow<"dotGeneral"> = (node, writer) => {
  if (isProduct(node)) return writer.one("MatMul", writer.inputs(node));
  if (isGemm(node)) {
    const { leftContract, rightContract } = node.attributes;
    const attributes = { transA: leftContract[0] === 0 ? 1 : 0, transB: rightContract[0] === 1 ? 1 : 0 };
    return writer.one("Gemm", writer.inputs(node), { attributes });
  }
  return general(node, writer);
};

const general: ExportRow<"dotGeneral"> = composed((node, a, b) => asProduct(node, given(a), given(b)));

/** Products of matrices and convolutions. */
export const contractionRows: ExportRows<"dotGeneral" | "conv" | "convTranspose" | "convWeight"> = {
  dotGeneral,
  ...convRows,
};
