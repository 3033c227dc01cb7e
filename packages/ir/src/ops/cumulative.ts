import { at } from "../at.ts";
import { boolean, int, strictObject } from "../schema.ts";
import { dtypeInfo, isFloat } from "../dtype.ts";
import { type CumulativeOptions, type Primitive, type Tensor, apply } from "../tensor.ts";
import { type Rows, definePrimitive, checkAxes, normalizeAxis, operand, operands } from "../primitive.ts";
import type { CumulativeAttributes } from "../primitive-set.ts";
import { rowMajorStrides } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, zeroValue } from "../value.ts";
import { checkDomain } from "./elementwise.ts";
import { iota } from "./source.ts";
import { widened } from "./widely.ts";

type Name = "cumSum" | "cumProd";

interface Rule {
  readonly start: 0 | 1;
  readonly number: (a: number, b: number) => number;
  readonly integer?: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  readonly gradient: (x: Tensor, g: Tensor, attributes: CumulativeAttributes) => Tensor;
}

function run(x: TensorValue, { axis, exclusive, reverse }: CumulativeAttributes, rule: Rule): TensorValue {
  const result = zeroValue(x.dtype, x.shape);
  const [read, write] = [elementReader(x), elementWriter(result)];
  const size = at(x.shape, axis);
  const stride = at(rowMajorStrides(x.shape), axis);
  const info = dtypeInfo[x.dtype];
  // The dtype decides between number and bigint, which the reader's type can't say.
  const join = (info.big ? rule.big : isFloat(x.dtype) ? rule.number : (rule.integer ?? rule.number)) as (
    a: Scalar,
    b: Scalar,
  ) => Scalar;
  const rows = size === 0 ? 0 : x.data.length / size;
  for (let row = 0; row < rows; row++) {
    const base = Math.floor(row / stride) * stride * size + (row % stride);
    let sum: Scalar = info.big ? BigInt(rule.start) : rule.start;
    for (let step = 0; step < size; step++) {
      const index = base + (reverse ? size - 1 - step : step) * stride;
      const next = join(sum, read(index));
      write(index, exclusive ? sum : next);
      sum = next;
    }
  }
  return result;
}

// @__NO_SIDE_EFFECTS__
function defineCumulative<N extends Name>(name: N, rule: Rule): Primitive<N> {
  const primitive = definePrimitive<Name>({
    name,
    kind: "cumulative",
    attributes: strictObject({ axis: int(), exclusive: boolean(), reverse: boolean() }),
    infer: (inputs, { axis }) => {
      const x = operand(operands(name, inputs, 1), 0);
      checkDomain(name, "numeric", x);
      checkAxes(name, [axis], x.rank);
      return [x.type];
    },
    gradient: (node, [g]) => [g && rule.gradient(operand(node.inputs, 0), g, node.attributes)],
    evaluate: ([x], node) => (x === undefined ? [] : [run(x, node.attributes, rule)]),
  });
  // The body is the same for both names; only the literal type of `name` differs.
  return primitive as Primitive<N>;
}

/**
 * ∂/∂xₖ of Σⱼ gⱼ·∏_{i≤j} xᵢ is (∏_{i<k} xᵢ)·Sₖ with Sₖ = Σ_{j≥k} gⱼ·∏_{k<i≤j} xᵢ. Written by pairs (j, k) with masked
 * factors, so that it holds if elements are zero; costs n² products along the axis.
 */
function productGradient(x: Tensor, g: Tensor, { axis, exclusive, reverse }: CumulativeAttributes): Tensor {
  const last = x.rank - 1;
  const order = [...x.shape.keys()].filter((other) => other !== axis);
  const moved = (tensor: Tensor): Tensor => tensor.transpose([...order, axis]);
  const back = [...x.shape.keys()].map((other) => (other === axis ? last : order.indexOf(other)));
  const factors = reverse ? moved(x).flip([last]) : moved(x);
  const weights = reverse ? moved(g).flip([last]) : moved(g);
  const size = at(x.shape, axis);
  // rows[…, k, i]: the factor xᵢ, with a 1 in place of xₖ.
  const rows = factors.unsqueeze(last).broadcast([...factors.shape.slice(0, last), size, size]);
  const k = iota("i32", rows.shape, last);
  const i = iota("i32", rows.shape, last + 1);
  const products = k
    .equal(i)
    .where(1, rows)
    .cumProd({ axis: last + 1, exclusive });
  // Output j holds xₖ if k ≤ j (k < j if exclusive).
  const holds = exclusive ? k.less(i) : k.lessOrEqual(i);
  const result = holds
    .where(products.mul(weights.unsqueeze(last).broadcast(rows.shape)), 0)
    .reduceSum({ axes: [last + 1] });
  return (reverse ? result.flip([last]) : result).transpose(back);
}

export const cumulative: Rows<Name> = {
  cumSum: defineCumulative("cumSum", {
    start: 0,
    number: (a, b) => a + b,
    big: (a, b) => a + b,
    gradient: (_, g, { axis, exclusive, reverse }) => g.cumSum({ axis, exclusive, reverse: !reverse }),
  }),
  cumProd: defineCumulative("cumProd", {
    start: 1,
    number: (a, b) => a * b,
    integer: Math.imul,
    big: (a, b) => BigInt.asIntN(64, a * b),
    gradient: (x, g, attributes) => productGradient(widened(x), widened(g), attributes).cast(x.dtype),
  }),
};

const build = (
  name: Name,
  x: Tensor,
  { axis, exclusive = false, reverse = false }: CumulativeOptions,
): Tensor =>
  apply(cumulative[name], [x], { axis: normalizeAxis(name, axis, x.rank), exclusive, reverse }).output;

/** Running sums along an axis. */
export const cumSum = (x: Tensor, options: CumulativeOptions): Tensor => build("cumSum", x, options);
/** Running products along an axis. */
export const cumProd = (x: Tensor, options: CumulativeOptions): Tensor => build("cumProd", x, options);
