import { strictObject, string } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import { shapeSize } from "@adjoint/ir/values";
import { type Operator, operator } from "./row.ts";

/** Products over named axes, and what matrices have beside products. */
export const algebra: readonly Operator[] = [
  operator({
    name: "Einsum",
    since: [12],
    attributes: strictObject({ equation: string() }),
    import: (context) => ir.einsum(context.attributes.equation, ...context.inputs()),
  }),
  operator({
    name: "Det",
    since: [11, 22],
    import(context) {
      const x = context.input(0);
      const [rows = 0, columns = 0] = x.shape.slice(-2);
      if (x.rank < 2 || typeof rows !== "number" || rows !== columns)
        return context.refuse(`wants square matrices of known size and got ${x}`);
      const batch = x.shape.slice(0, -2);
      return determinants(x.reshape([shapeSize(batch), rows, rows])).reshape(batch);
    },
  }),
];

/** Gaussian elimination with partial pivoting: [b, n, n] → [b]. Source: Golub, Van Loan, "Matrix Computations", 3.4. */
function determinants(matrices: Tensor): Tensor {
  const [batch = 1, size = 1] = matrices.shape;
  const row = ir.iota("i32", [batch, size], 1);
  const one = ir.filled(1, matrices.dtype, [batch]);
  const { carry } = ir.scan(
    { carry: [matrices, one], sequences: [ir.iota("i32", [size])] },
    ([matrix = matrices, product = one], [step = row]) => {
      const column = picked(matrix, row.equal(step), 2);
      const pivotRow = row.less(step).where(-1, column.abs()).argMax({ axis: 1 }).unsqueeze(1);
      const isPivot = row.equal(pivotRow);
      const [upper, current] = [picked(matrix, isPivot, 1), picked(matrix, row.equal(step), 1)];
      const pivot = isPivot.where(column, 0).reduceSum({ axes: [1] });
      const swapped = isPivot.unsqueeze(2).where(current.unsqueeze(1), matrix);
      const below = row.greater(step);
      // Nothing is left to eliminate where the largest element is 0.
      const divisor = pivot.equal(0).where(1, pivot).unsqueeze(1);
      const factors = below.where(picked(swapped, row.equal(step), 2).div(divisor), 0);
      const isSwap = pivotRow.squeeze(1).notEqual(step);
      return {
        carry: [
          swapped.sub(factors.unsqueeze(2).mul(upper.unsqueeze(1))),
          product.mul(isSwap.where(pivot.neg(), pivot)),
        ],
      };
    },
  );
  return carry[1] ?? one;
}

/** The rows (axis 1) or columns (axis 2) of [b, n, n] that a mask [b, n] marks, one each: [b, n]. */
const picked = (matrix: Tensor, mask: Tensor, axis: 1 | 2): Tensor =>
  mask
    .unsqueeze(axis === 1 ? 2 : 1)
    .where(matrix, 0)
    .reduceSum({ axes: [axis] });
