import { at } from "../at.ts";
import { type DType, dtypeRange } from "../dtype.ts";
import { type Tensor, apply } from "../tensor.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { broadcast, stretchedAxes } from "../ops/broadcast.ts";
import { filled } from "../ops/source.ts";
import { reshape } from "../ops/reshape.ts";
import { type Rule, rule } from "./rewrite.ts";
import { elementCount, isStatic } from "../shape.ts";
import { isUnit } from "./axis-groups.ts";
import { isNeverMinusZero, under } from "./facts.ts";

/** The sum of one term: sums start from +0, so that −0 becomes 0. */
const sumOfOne = (x: Tensor): Tensor => (isNeverMinusZero(x) ? x : add(x, filled(0, x.dtype, x.shape)));

/** Whole numbers up to here are values of the type. */
const WHOLE: { readonly [D in DType]?: number } = { f64: 2 ** 53, f32: 2 ** 24, f16: 2 ** 11, bf16: 2 ** 8 };

/** Reductions over equal elements. Exact to the bit unless a rule says otherwise. */
export const reduceRules: readonly Rule[] = [
  rule(
    "reduction over axes of size 1",
    ["reduceSum", "reduceProd", "reduceMax", "reduceMin"],
    ({ node, attributes, output }, x) => {
      const axes = attributes.axes.filter((axis) => !isUnit(at(x.shape, axis)));
      if (axes.length > 0) {
        return axes.length < attributes.axes.length
          ? reshape(apply(node.operation, [x], { axes }).output, output.shape)
          : undefined;
      }
      const same = reshape(x, output.shape);
      return node.operation.name === "reduceSum" ? sumOfOne(same) : same;
    },
  ),
  // n·x rounds once, the sum of n copies may round at each step; both overflow alike.
  rule(
    "reduction of a broadcast",
    ["reduceSum", "reduceMax", "reduceMin"],
    ({ node, attributes: { axes }, output }, x) => {
      const y = under(x, "broadcast");
      if (y === undefined) return undefined;
      const stretched = stretchedAxes(y.shape, x.shape).filter((axis) => axes.includes(axis));
      const sizes = stretched.map((axis) => at(x.shape, axis));
      const count = isStatic(sizes) ? elementCount(sizes) : 0;
      if (stretched.length === 0 || count === 0) return undefined;
      if (count > Number(WHOLE[x.dtype] ?? dtypeRange(x.dtype)[1])) return undefined;
      const missing = x.rank - y.rank;
      const gone = y.shape.flatMap((_, axis) => (axes.includes(axis + missing) ? [axis] : []));
      const own = gone.filter((axis) => !stretched.includes(axis + missing));
      const left = own.length > 0 ? apply(node.operation, [y], { axes: own }).output : y;
      const rest = reshape(
        left,
        y.shape.filter((_, axis) => !gone.includes(axis)),
      );
      if (node.operation.name !== "reduceSum") return broadcast(rest, output.shape);
      const product = count === 1 ? rest : mul(rest, filled(count, x.dtype, []));
      return broadcast(own.length > 0 ? product : sumOfOne(product), output.shape);
    },
  ),
  rule("place of the extreme of one", ["argMax", "argMin"], ({ attributes, output }, x) =>
    isUnit(at(x.shape, attributes.axis)) ? filled(0, "i32", output.shape) : undefined,
  ),
  rule("running total of one", ["cumSum", "cumProd"], ({ node, attributes }, x) => {
    if (!isUnit(at(x.shape, attributes.axis))) return undefined;
    const isSum = node.operation.name === "cumSum";
    if (attributes.exclusive) return filled(isSum ? 0 : 1, x.dtype, x.shape);
    return isSum ? sumOfOne(x) : x;
  }),
];
