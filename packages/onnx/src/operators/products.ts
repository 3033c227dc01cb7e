import { strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { before, dropped } from "./older.ts";
import { type Operator, flag, float, operator } from "./row.ts";

/** Products of matrices. */
export const products: readonly Operator[] = [
  operator({
    name: "MatMul",
    since: [1, 9, 13],
    import: (context) => ir.matMul(context.input(0), context.input(1)),
  }),
  operator({
    name: "Gemm",
    since: [1, 6, 7, 9, 11, 13],
    older: [before(7, dropped("broadcast"))],
    attributes: strictObject({
      alpha: withDefault(float, 1),
      beta: withDefault(float, 1),
      transA: withDefault(flag, false),
      transB: withDefault(flag, false),
    }),
    import(context) {
      const { alpha, beta, transA, transB } = context.attributes;
      const product = ir.dotGeneral(context.input(0), context.input(1), {
        leftContract: [transA ? 0 : 1],
        rightContract: [transB ? 1 : 0],
      });
      const scaled = alpha === 1 ? product : product.mul(alpha);
      const addend = context.optional(2);
      if (addend === undefined || beta === 0) return scaled;
      return scaled.add(beta === 1 ? addend : addend.mul(beta));
    },
  }),
];
