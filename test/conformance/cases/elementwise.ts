import { type DType, type Scalar, type Tensor, type TensorValue, valueOf } from "@adjoint/ir";
import { type Case, type CaseOptions, make } from "../case.ts";
import { filledWith, pairs, vector } from "../samples.ts";

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

/** A scalar, nothing, and three axes of odd sizes: an elementwise kernel has no favourite shape. */
export const unaryShapes = (dtype: DType, elements: readonly Scalar[], f: Unary): Case =>
  make(
    `${dtype}, a scalar, no elements, three axes`,
    {
      scalar: filledWith(dtype, [], elements),
      none: filledWith(dtype, [2, 0, 3], elements),
      box: filledWith(dtype, [3, 5, 7], elements),
    },
    ({ scalar, none, box }) => ({ scalar: f(scalar), none: f(none), box: f(box) }),
  );

/** Every way a pair of operands broadcasts. */
export const binaryShapes = (
  dtype: DType,
  left: readonly Scalar[],
  right: readonly Scalar[],
  f: Binary,
): Case => {
  const a = (shape: readonly number[]): TensorValue => filledWith(dtype, shape, left);
  const b = (shape: readonly number[]): TensorValue => filledWith(dtype, shape, right);
  return make(
    `${dtype}, broadcast operands, scalars, no elements`,
    {
      a: a([3, 1, 5]),
      b: b([4, 1]),
      row: b([5]),
      box: a([3, 4, 5]),
      scalar: b([]),
      one: a([]),
      none: a([0, 5]),
    },
    (x) => ({
      both: f(x.a, x.b),
      row: f(x.box, x.row),
      column: f(x.box, x.b),
      scalarRight: f(x.box, x.scalar),
      scalarLeft: f(x.one, x.row),
      scalars: f(x.one, x.scalar),
      none: f(x.none, x.row),
      noneScalar: f(x.none, x.scalar),
    }),
  );
};

export const unaryCase = (
  name: string,
  dtype: DType,
  elements: readonly Scalar[],
  f: Unary,
  options: CaseOptions = {},
): Case => make(name, { x: vector(dtype, elements) }, ({ x }) => f(x), options);

/** All pairs of the two lists. */
export function pairCase(
  name: string,
  dtype: DType,
  left: readonly Scalar[],
  right: readonly Scalar[],
  f: Binary,
  options: CaseOptions = {},
): Case {
  const { a, b } = pairs(left, right);
  const shape = [left.length, right.length];
  return make(
    name,
    { a: valueOf(dtype, shape, a), b: valueOf(dtype, shape, b) },
    (x) => f(x.a, x.b),
    options,
  );
}
