import { at } from "../at.ts";
import { int, strictObject } from "../schema.ts";
import { divDims, mulDims, type Dim } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { dtypeInfo, dtypeRange } from "../dtype.ts";
import { type Primitive, type ReduceOptions, type Tensor, apply, type Cotangent } from "../tensor.ts";
import {
  type Rows,
  axesAttributes,
  checkAxes,
  definePrimitive,
  normalizeAxes,
  normalizeAxis,
  operand,
  operands,
} from "../primitive.ts";
import type { Axes } from "../primitive-set.ts";
import { type Shape, elementCount, rowMajorStrides, shapeSize } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, zeroValue } from "../value.ts";
import { strided } from "./strided.ts";
import { checkDomain } from "./elementwise.ts";
import { filled } from "./source.ts";
import { widely, widened } from "./widely.ts";

type Reduction = "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin";

/** The shape without the axes. */
const without = (shape: Shape, axes: Axes): Shape => shape.filter((_, axis) => !axes.includes(axis));
/** The shape with the axes at size 1. */
const kept = (shape: Shape, axes: Axes): Shape => shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** The fold of a reduction, and the result of an empty one. */
interface Fold {
  readonly start: (dtype: Tensor["dtype"]) => Scalar;
  readonly number: (a: number, b: number) => number;
  readonly integer?: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  /** A zero among finite numbers gives 0 even if the others overflow, in any order. */
  readonly zeroWins?: true;
  readonly gradient: (x: Tensor, y: Tensor, g: Tensor, axes: Axes) => Cotangent;
}

/** Visits every group of elements that fold into one result. */
function* groups(
  shape: readonly number[],
  axes: Axes,
): Generator<{ readonly from: (inner: number) => number; readonly count: number }> {
  const strides = rowMajorStrides(shape);
  const pick = (keep: boolean): readonly number[] =>
    shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) !== keep);
  const sizes = (list: readonly number[]): number[] => list.map((axis) => at(shape, axis));
  const steps = (list: readonly number[]): number[] => list.map((axis) => at(strides, axis));
  const [outer, inner] = [pick(true), pick(false)];
  const outerPosition = strided(sizes(outer), steps(outer));
  const innerPosition = strided(sizes(inner), steps(inner));
  const count = elementCount(sizes(inner));
  for (let index = 0; index < elementCount(sizes(outer)); index++) {
    const base = outerPosition(index);
    yield { from: (term) => base + innerPosition(term), count };
  }
}

function fold(x: TensorValue, axes: Axes, rule: Fold): TensorValue {
  const result = zeroValue(x.dtype, without(x.shape, axes) as readonly number[]);
  const [read, write] = [elementReader(x), elementWriter(result)];
  const info = dtypeInfo[x.dtype];
  // The dtype decides between number and bigint, which the reader's type can't say.
  const join = (
    info.big ? rule.big : info.class === "float" ? rule.number : (rule.integer ?? rule.number)
  ) as (a: Scalar, b: Scalar) => Scalar;
  let index = 0;
  for (const { from, count } of groups(x.shape, axes)) {
    let sum = rule.start(x.dtype);
    for (let term = 0; term < count; term++) sum = join(sum, read(from(term)));
    if (rule.zeroWins && Number.isNaN(sum)) {
      const elements = Array.from({ length: count }, (_, term) => Number(read(from(term))));
      if (elements.includes(0) && elements.every(Number.isFinite)) sum = 0;
    }
    write(index++, sum);
  }
  return result;
}

// @__NO_SIDE_EFFECTS__
function defineReduce<N extends Reduction>(name: N, rule: Fold): Primitive<N> {
  const primitive = definePrimitive<Reduction>({
    name,
    kind: "reduce",
    attributes: axesAttributes,
    infer: (inputs, { axes }) => {
      const x = operand(operands(name, inputs, 1), 0);
      checkDomain(name, "numeric", x);
      checkAxes(name, axes, x.rank);
      return [{ dtype: x.dtype, shape: without(x.shape, axes) }];
    },
    gradient: (node, [g]) => [
      g && rule.gradient(operand(node.inputs, 0), node.output, g, node.attributes.axes),
    ],
    evaluate: ([x], node) => (x === undefined ? [] : [fold(x, node.attributes.axes, rule)]),
  });
  // The body is the same for every name; only the literal type of `name` differs.
  return primitive as Primitive<N>;
}

const zeroOf = (dtype: Tensor["dtype"]): Scalar => (dtypeInfo[dtype].big ? 0n : 0);
const oneOf = (dtype: Tensor["dtype"]): Scalar => (dtypeInfo[dtype].big ? 1n : 1);

/** y or g of a reduction stretched back over the reduced axes. */
const restore = (small: Tensor, x: Tensor, axes: Axes): Tensor =>
  small.reshape(kept(x.shape, axes)).broadcast(x.shape);

/** Elements that reach the extreme share its gradient equally. */
const extreme = (x: Tensor, y: Tensor, g: Tensor, axes: Axes): Tensor => {
  const reached = x.equal(restore(y, x, axes));
  // Of no elements, none reaches the extreme.
  const share = widely(g, (wide) => wide.div(reached.cast(wide.dtype).reduceSum({ axes }).max(1)));
  return reached.where(restore(share, x, axes), 0);
};

/**
 * The product of all other elements: products before times products after. A zero among them makes it 0, even if the
 * rest overflows.
 */
const otherFactors = (x: Tensor, axes: Axes): Tensor => {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const moved = x.transpose(order);
  const flat = moved.reshape([
    ...rest.map((axis) => at(x.shape, axis)),
    shapeSize(axes.map((axis) => at(x.shape, axis))),
  ]);
  const axis = rest.length;
  const along = { axes: [axis], keepDims: true };
  const product = flat
    .cumProd({ axis, exclusive: true })
    .mul(flat.cumProd({ axis, exclusive: true, reverse: true }));
  const isZero = flat.equal(0).cast("i32");
  const hasZero = isZero.reduceSum(along).sub(isZero).greater(0);
  // NaN if an element is infinite or NaN, 0 otherwise.
  const zero = flat.mul(0).reduceSum(along);
  // 0·∞ alone is replaced, so that the second derivatives of all other products stay.
  const others = product.isNaN().and(hasZero).where(zero, product);
  return others.reshape(moved.shape).transpose(order.map((_, index) => order.indexOf(index)));
};

/** Index of the extreme along an axis; `better(a, b)` says that a later a beats the best b so far. NaN beats all. */
// @__NO_SIDE_EFFECTS__
function defineArg<N extends "argMax" | "argMin">(
  name: N,
  better: (a: Scalar, b: Scalar) => boolean,
): Primitive<N> {
  const primitive = definePrimitive<"argMax" | "argMin">({
    name,
    kind: "reduce",
    attributes: strictObject({ axis: int() }),
    infer: (inputs, { axis }) => {
      const x = operand(operands(name, inputs, 1), 0);
      checkDomain(name, "numeric", x);
      checkAxes(name, [axis], x.rank);
      if (x.shape[axis] === 0) throw new AdjointError("shape", name, `axis ${axis} of ${x} is empty`);
      return [{ dtype: "i32", shape: without(x.shape, [axis]) }];
    },
    gradient: () => [undefined],
    evaluate: ([x], node) => {
      if (x === undefined) return [];
      const axes = [node.attributes.axis];
      const result = zeroValue("i32", without(x.shape, axes) as readonly number[]);
      const read = elementReader(x);
      let index = 0;
      for (const { from, count } of groups(x.shape, axes)) {
        let best = 0;
        for (let term = 1; term < count; term++) {
          const [candidate, current] = [read(from(term)), read(from(best))];
          if (!Number.isNaN(current) && (Number.isNaN(candidate) || better(candidate, current))) best = term;
        }
        result.data[index++] = best;
      }
      return [result];
    },
  });
  // The body is the same for both names; only the literal type of `name` differs.
  return primitive as Primitive<N>;
}

export const reduce: Rows<Reduction | "argMax" | "argMin"> = {
  reduceSum: defineReduce("reduceSum", {
    start: zeroOf,
    number: (a, b) => a + b,
    big: (a, b) => a + b,
    gradient: (x, _, g, axes) => restore(g, x, axes),
  }),
  reduceProd: defineReduce("reduceProd", {
    start: oneOf,
    number: (a, b) => a * b,
    integer: Math.imul,
    big: (a, b) => BigInt.asIntN(64, a * b),
    zeroWins: true,
    gradient: (x, _, g, axes) =>
      otherFactors(widened(x), axes)
        .mul(restore(widened(g), x, axes))
        .cast(x.dtype),
  }),
  reduceMax: defineReduce("reduceMax", {
    start: (dtype) => dtypeRange(dtype)[0],
    number: Math.max,
    big: (a, b) => (a > b ? a : b),
    gradient: extreme,
  }),
  reduceMin: defineReduce("reduceMin", {
    start: (dtype) => dtypeRange(dtype)[1],
    number: Math.min,
    big: (a, b) => (a < b ? a : b),
    gradient: extreme,
  }),
  argMax: defineArg("argMax", (a, b) => a > b),
  argMin: defineArg("argMin", (a, b) => a < b),
};

function build(name: Reduction, x: Tensor, options: ReduceOptions): Tensor {
  const axes = normalizeAxes(name, options.axes, x.rank);
  const result = axes.length === 0 ? x : apply(reduce[name], [x], { axes }).output;
  return options.keepDims === true ? result.reshape(kept(x.shape, axes)) : result;
}

/** Sums along axes; an empty sum is 0. */
export const reduceSum = (x: Tensor, options: ReduceOptions = {}): Tensor => build("reduceSum", x, options);
/** Products along axes; an empty product is 1. A zero among finite numbers gives 0, even if the others overflow. */
export const reduceProd = (x: Tensor, options: ReduceOptions = {}): Tensor => build("reduceProd", x, options);
/** Maxima along axes; NaN if any is; an empty maximum is the type's lowest value. Ties share the gradient. */
export const reduceMax = (x: Tensor, options: ReduceOptions = {}): Tensor => build("reduceMax", x, options);
/** Minima along axes; NaN if any is; an empty minimum is the type's highest value. Ties share the gradient. */
export const reduceMin = (x: Tensor, options: ReduceOptions = {}): Tensor => build("reduceMin", x, options);

/** Means along axes, of floats; those of f16 and bf16 are summed and divided in f32. */
export function reduceMean(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkDomain("reduceMean", "float", x);
  const sizes = normalizeAxes("reduceMean", options.axes, x.rank).map((axis) => at(x.shape, axis));
  return widely(x, (wide) => reduceSum(wide, options).div(countOf(sizes, wide)));
}

/** The number of elements along axes as a scalar, also if a size is a symbol: a sum of ones, folded once bound. */
export function countOf(sizes: readonly Dim[], like: Tensor): Tensor {
  const count = sizes.reduce<Dim>(mulDims, 1);
  if (typeof count === "number") return filled(count, like.dtype, []);
  // Symbols stay out of arithmetic on elements; the known factor is taken out so that the sum is short.
  const known = sizes.reduce<number>(
    (product, size) => (typeof size === "number" ? product * size : product),
    1,
  );
  const symbolic = divDims(count, known) ?? count;
  return filled(1, like.dtype, [symbolic]).reduceSum().mul(known);
}

interface ArgOptions {
  readonly axis: number;
  readonly keepDims?: boolean;
}

function arg(name: "argMax" | "argMin", x: Tensor, options: ArgOptions): Tensor {
  const axis = normalizeAxis(name, options.axis, x.rank);
  const result = apply(reduce[name], [x], { axis }).output;
  return options.keepDims === true ? result.reshape(kept(x.shape, [axis])) : result;
}

/** i32 index of the first largest element along an axis; the first NaN if there is one. */
export const argMax = (x: Tensor, options: ArgOptions): Tensor => arg("argMax", x, options);
/** i32 index of the first smallest element along an axis; the first NaN if there is one. */
export const argMin = (x: Tensor, options: ArgOptions): Tensor => arg("argMin", x, options);
