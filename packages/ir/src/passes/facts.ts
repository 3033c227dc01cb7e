import { dtypeInfo, dtypeRange, isFloat } from "../dtype.ts";
import { evaluateTensors } from "../evaluate.ts";
import { type Node, type Tensor, isNode } from "../tensor.ts";
import { constant, uniformConstant } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import { own } from "../record.ts";
import type { AttributesOf, PrimitiveName } from "../primitive-set.ts";
import { type TensorValue, castScalar, elementReader, valueOf } from "../value.ts";

/** The node that makes a tensor, if it is one of these primitives. */
export function madeBy<N extends PrimitiveName>(
  tensor: Tensor,
  ...names: readonly N[]
): Node<AttributesOf<N>> | undefined {
  const { node } = tensor;
  for (const name of names) if (isNode(node, name)) return node;
  return undefined;
}

/** The first input of the node that makes a tensor, if that is one of these primitives. */
export function under<N extends PrimitiveName>(tensor: Tensor, ...names: readonly N[]): Tensor | undefined {
  return madeBy(tensor, ...names)?.inputs[0];
}

/** A constant's value. */
export function valueIn(tensor: Tensor): TensorValue | undefined {
  return isNode(tensor.node, "constant") ? tensor.node.attributes.value : undefined;
}

/** Every element is this number, known now; −0 is not 0. */
export function isAll(tensor: Tensor, value: number): boolean {
  const element = uniformConstant(tensor);
  return element !== undefined && Object.is(element, castScalar(value, tensor.dtype));
}

/** Every element is the lowest (or highest) of the dtype, −∞ (or ∞) of floats. */
export function isExtreme(tensor: Tensor, which: "lowest" | "highest"): boolean {
  const [low, high] = dtypeRange(tensor.dtype);
  return uniformConstant(tensor) === (which === "lowest" ? low : high);
}

/** The depth to which facts look; below it nothing is known. */
const DEPTH = 6;

type Fact = (tensor: Tensor, depth: number) => boolean;

/** Facts that hold of a node's output if they hold of its inputs, by primitive; no row says that nothing is known. */
type Facts = { readonly [N in PrimitiveName]?: (node: Node, depth: number, self: Fact) => boolean };

const always = (): boolean => true;
const ofFirst = (node: Node, depth: number, self: Fact): boolean => self(operand(node.inputs, 0), depth);
const ofAll = (node: Node, depth: number, self: Fact): boolean =>
  node.inputs.every((input) => self(input, depth));
const ofAny = (node: Node, depth: number, self: Fact): boolean =>
  node.inputs.some((input) => self(input, depth));
const ofBranches = (node: Node, depth: number, self: Fact): boolean =>
  node.inputs.slice(1).every((input) => self(input, depth));
const isSquare = (node: Node): boolean => node.inputs[0] === node.inputs[1];

/** Operations that only move elements. */
const moves: Facts = {
  broadcast: ofFirst,
  reshape: ofFirst,
  transpose: ofFirst,
  slice: ofFirst,
  flip: ofFirst,
  window: ofFirst,
  gather: ofFirst,
  stopGradient: ofFirst,
  concat: ofAll,
  pad: ofAll,
  where: ofBranches,
};

const elementsAre =
  (holds: (element: number) => boolean) =>
  (node: Node): boolean => {
    const value = valueIn(node.output);
    // Long constants that matter are uniform, and those are broadcast scalars once folded.
    if (value === undefined || value.data.length > 64) return false;
    const read = elementReader(value);
    return value.data.every((_: unknown, index: number) => holds(Number(read(index))));
  };

const nonNegativeFacts: Facts = {
  ...moves,
  constant: elementsAre((element) => Number.isNaN(element) || element > 0 || Object.is(element, 0)),
  iota: always,
  abs: always,
  exp: always,
  cosh: always,
  max: ofAny,
  min: ofAll,
  add: ofAll,
  div: ofAll,
  mul: (node, depth, self) => isSquare(node) || ofAll(node, depth, self),
  sqrt: ofFirst,
  pow: ofFirst,
  cast: ofFirst,
  reduceSum: ofFirst,
  reduceProd: ofFirst,
  cumSum: ofFirst,
  cumProd: ofFirst,
};

const nonNegative: Fact = (tensor, depth) => {
  const { class: kind } = dtypeInfo[tensor.dtype];
  if (kind === "uint" || kind === "bool") return true;
  // Signed integers wrap, so that even |x| may be negative.
  if (kind === "int" || depth === 0 || tensor.node.operation.kind === "composite") return false;
  return own(nonNegativeFacts, tensor.node.operation.name)?.(tensor.node, depth - 1, nonNegative) ?? false;
};

const notMinusZeroFacts: Facts = {
  ...moves,
  constant: elementsAre((element) => !Object.is(element, -0)),
  // A sum is −0 only if both terms are; x·x and what is ≥ 0 never are.
  add: ofAny,
  sub: ofFirst,
  min: ofAll,
  max: ofAll,
  reduceSum: ofFirst,
};

const notMinusZero: Fact = (tensor, depth) => {
  if (!isFloat(tensor.dtype)) return true;
  if (depth === 0 || tensor.node.operation.kind === "composite") return false;
  return (
    (own(notMinusZeroFacts, tensor.node.operation.name)?.(tensor.node, depth - 1, notMinusZero) ?? false) ||
    nonNegative(tensor, depth)
  );
};

/** Every element is certainly ≥ +0 or NaN; −0 is excluded. */
export const isNonNegative = (tensor: Tensor): boolean => nonNegative(tensor, DEPTH);

/** No element can be −0. */
export const isNeverMinusZero = (tensor: Tensor): boolean => notMinusZero(tensor, DEPTH);

/** The element that a tensor repeats, as a scalar constant; undefined if its elements differ or are not known. */
export function uniformScalar(tensor: Tensor): Tensor | undefined {
  const element = uniformConstant(tensor);
  return element === undefined ? undefined : constant(valueOf(tensor.dtype, [], [element]));
}

/** The result of a small graph over scalar constants, as a constant. */
export function computed(scalar: Tensor): Tensor {
  const [value] = evaluateTensors([scalar], new Map());
  return value === undefined ? scalar : constant(value);
}
