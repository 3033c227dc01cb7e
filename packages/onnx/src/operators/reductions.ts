import { strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { ReduceOptions, Tensor } from "@adjoint/ir";
import { before, toInputs } from "./older.ts";
import { type Operator, flag, operator } from "./row.ts";

type Build = (x: Tensor, options: ReduceOptions) => Tensor;

/** Reductions in f64 for whole numbers where the operation takes floats only. */
const inFloats =
  (build: Build): Build =>
  (x, options) =>
    ir.isFloat(x.dtype) ? build(x, options) : build(x.cast("f64"), options).cast(x.dtype);

/** Reductions of bool as those of bytes. */
const inBytes =
  (build: Build): Build =>
  (x, options) =>
    x.dtype === "bool" ? build(x.cast("u8"), options).cast("bool") : build(x, options);

/** @param moved operator set in which the axes became an input. */
const reduction = (name: string, since: readonly number[], moved: number, build: Build): Operator =>
  operator({
    name,
    since,
    older: [before(moved, toInputs(1, "axes"))],
    attributes: strictObject({
      keepdims: withDefault(flag, true),
      noop_with_empty_axes: withDefault(flag, false),
    }),
    import(context) {
      const x = context.input(0);
      const { keepdims: keepDims, noop_with_empty_axes: isNoop } = context.attributes;
      const axes = context.numbers(1) ?? [];
      if (axes.length === 0) return isNoop ? x : build(x, { keepDims });
      return build(x, { axes, keepDims });
    },
  });

/** Operator sets that changed most reductions. */
const SINCE = [1, 11, 13, 18];

export const reductions: readonly Operator[] = [
  reduction("ReduceSum", [1, 11, 13], 13, ir.reduceSum),
  reduction("ReduceMean", SINCE, 18, inFloats(ir.reduceMean)),
  reduction("ReduceProd", SINCE, 18, ir.reduceProd),
  reduction("ReduceMax", [1, 11, 12, 13, 18, 20], 18, inBytes(ir.reduceMax)),
  reduction("ReduceMin", [1, 11, 12, 13, 18, 20], 18, inBytes(ir.reduceMin)),
  reduction("ReduceL1", SINCE, 18, inFloats(ir.reduceL1)),
  reduction("ReduceL2", SINCE, 18, inFloats(ir.reduceL2)),
  reduction("ReduceSumSquare", SINCE, 18, inFloats(ir.reduceSumSquare)),
  reduction("ReduceLogSum", SINCE, 18, inFloats(ir.reduceLogSum)),
  reduction("ReduceLogSumExp", SINCE, 18, inFloats(ir.logSumExp)),
];
