import { type DType, type Scalar, type Tensor, type TensorValue, constant, valueOf } from "@adjoint/ir";
import { type PrimitiveName, evaluateTensors } from "@adjoint/ir/graph";

/** Nested arrays of elements; its nesting is the shape. */
export type Elements = Scalar | boolean | readonly Elements[];

export type Known = Map<Tensor, TensorValue>;

/** What a graph of constants gives, computed by hand. */
export interface Example {
  readonly it: string;
  /** Builds the graph; what it feeds it puts into `known`. */
  readonly of: (known: Known) => readonly Tensor[];
  readonly is: readonly TensorValue[];
  /** Relative error allowed; exact, the sign of zero too, where absent. */
  readonly within?: number;
}

/** A table that names each primitive of a family. */
export type Examples<N extends PrimitiveName> = { readonly [K in N]: readonly Example[] };

const shapeOf = (elements: Elements): readonly number[] =>
  isList(elements) ? [elements.length, ...(elements[0] === undefined ? [] : shapeOf(elements[0]))] : [];

const isList = (elements: Elements): elements is readonly Elements[] => Array.isArray(elements);

const flat = (elements: Elements): readonly (Scalar | boolean)[] =>
  isList(elements) ? elements.flatMap(flat) : [elements];

/** A host value, written as nested arrays. */
export const value = (dtype: DType, elements: Elements, shape = shapeOf(elements)): TensorValue =>
  valueOf(dtype, shape, flat(elements));

/** A constant, written as nested arrays. */
export const tensor = (dtype: DType, elements: Elements, shape = shapeOf(elements)): Tensor =>
  constant(value(dtype, elements, shape));

export const example = (
  it: string,
  of: (known: Known) => Tensor,
  is: TensorValue,
  within?: number,
): Example => ({
  it,
  of: (known) => [of(known)],
  is: [is],
  ...(within === undefined ? {} : { within }),
});

/** An example with several outputs. */
export const examples = (
  it: string,
  of: (known: Known) => readonly Tensor[],
  ...is: readonly TensorValue[]
): Example => ({ it, of, is });

/** The values of tensors that rest on constants alone. */
export const run = (...tensors: readonly Tensor[]): readonly TensorValue[] =>
  evaluateTensors(tensors, new Map());
