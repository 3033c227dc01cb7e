import type { Tensor } from "@adjoint/ir";
import { type AttributesOf, type Node, freeAxes } from "@adjoint/ir/graph";
import { AdjointError, at } from "@adjoint/ir/values";
import { type Access, type Affine, axisOf } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { viewOf } from "./expression.ts";
import type { Group, OpenGroup } from "../fusion/group.ts";
import type { ContractOperand, ConvolutionGeometry } from "../kernel/kernel.ts";
import type { LoweringContext } from "./context.ts";
import { ScalarBuilder } from "../kernel/scalar.ts";

/** Sizes of the parts of a contraction. */
export interface Axes {
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly inner: readonly number[];
}

/** One side of a product: the tensor, and its coordinates over batch ++ rows ++ columns ++ inner. */
interface Side {
  readonly tensor: Tensor;
  readonly access: Access;
}

/** A contraction, and its result's coordinates over batch ++ rows ++ columns. */
export function contraction(
  axes: Axes,
  sides: readonly [Side, Side],
  output: Tensor,
  coordinates: readonly Affine[],
  context: LoweringContext,
  convolution?: ConvolutionGeometry,
): readonly Group[] {
  const operands = sides.map(({ tensor, access }): ContractOperand | undefined => {
    const view = viewOf(tensor, access, context);
    return (
      view && {
        buffer: view.buffer,
        dtype: tensor.dtype,
        index: { ...view.index, guards: view.access.guards },
      }
    );
  });
  const [left, right] = operands;
  const buffer = context.target(output);
  // A side that is not in memory yet was demanded; this round is only for finding out.
  if (left === undefined || right === undefined) return [];
  const builder = new ScalarBuilder();
  const value = builder.add({ kind: "accumulator", dtype: output.dtype, index: 0 });
  const group: OpenGroup = {
    open: true,
    anchor: {
      form: "contract",
      ...axes,
      dtype: output.dtype,
      left,
      right,
      ...(convolution && { convolution }),
    },
    domain: [...axes.batch, ...axes.rows, ...axes.columns],
    shape: sizesOf(output),
    coordinates,
    builder,
    results: new Map([[buffer, { value, dtype: output.dtype }]]),
  };
  return [group];
}

const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

export function lowerDot(
  node: Node<AttributesOf<"dotGeneral">>,
  output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) throw new AdjointError("graph", "dotGeneral", "has no operands");
  const { leftBatch, rightBatch, leftContract, rightContract } = node.attributes;
  const [leftFree, rightFree] = [
    freeAxes(a.rank, leftBatch, leftContract),
    freeAxes(b.rank, rightBatch, rightContract),
  ];
  const pick = (tensor: Tensor, list: readonly number[]): number[] =>
    list.map((axis) => at(sizesOf(tensor), axis));
  const axes: Axes = {
    batch: pick(a, leftBatch),
    rows: pick(a, leftFree),
    columns: pick(b, rightFree),
    inner: pick(a, leftContract),
  };
  const domain = [...axes.batch, ...axes.rows, ...axes.columns, ...axes.inner];
  const rowsAt = leftBatch.length;
  const columnsAt = rowsAt + leftFree.length;
  const innerAt = columnsAt + rightFree.length;
  const side = (
    tensor: Tensor,
    batch: readonly number[],
    free: readonly number[],
    freeAt: number,
    contract: readonly number[],
  ): Side => {
    const order = [...batch, ...free, ...contract];
    const domainAxes = [
      ...range(0, batch.length),
      ...range(freeAt, free.length),
      ...range(innerAt, contract.length),
    ];
    const coordinates = tensor.shape.map((_, axis) =>
      axisOf(at(domainAxes, order.indexOf(axis)), domain.length),
    );
    return { tensor, access: { domain, coordinates, guards: [] } };
  };
  const results = range(0, innerAt).map((axis) => axisOf(axis, innerAt));
  return contraction(
    axes,
    [
      side(a, leftBatch, leftFree, rowsAt, leftContract),
      side(b, rightBatch, rightFree, columnsAt, rightContract),
    ],
    output,
    results,
    context,
  );
}
