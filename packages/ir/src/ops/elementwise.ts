import { AdjointError } from "../error.ts";
import { type DType, dtypeInfo, dtypeRange, isFloat, isInteger } from "../dtype.ts";
import { type Cotangent, type Operand, type Primitive, type Tensor, apply } from "../tensor.ts";
import { definePrimitive, isTensor, noAttributes, operand, operands } from "../primitive.ts";
import type { NameOf, None } from "../primitive-set.ts";
import { broadcastShapes, elementCount, equalShapes, shapeText } from "../shape.ts";
import { type Scalar, type TensorValue, elementReader, elementWriter, zeroValue } from "../value.ts";
import { constant } from "./source.ts";
import { broadcast } from "./broadcast.ts";

type MapName = NameOf<"map">;

/** The dtypes that an elementwise operation takes. */
export type Domain = "any" | "numeric" | "signed" | "float" | "integer" | "bool";

const accepts: { readonly [D in Domain]: (dtype: DType) => boolean } = {
  any: () => true,
  numeric: (dtype) => dtype !== "bool",
  signed: (dtype) => isFloat(dtype) || dtypeInfo[dtype].class === "int",
  float: isFloat,
  integer: isInteger,
  bool: (dtype) => dtype === "bool",
};

/** An elementwise function on elements: `number` for floats, and for integers if `integer` is absent; `big` for 64-bit integers. */
export interface ScalarRule {
  readonly number: (...elements: number[]) => number | boolean;
  readonly integer?: (...elements: number[]) => number | boolean;
  readonly big?: (...elements: bigint[]) => bigint | boolean;
}

type MapGradient = (inputs: readonly Tensor[], output: Tensor, g: Tensor) => readonly Cotangent[];

/** Declaration of a map primitive without attributes. */
export interface MapDefinition<N extends MapName> {
  readonly name: N;
  readonly arity: number;
  readonly domain: Domain;
  /** The operand's dtype, or bool for predicates. */
  readonly result?: "bool";
  readonly scalar: ScalarRule;
  /** Cotangents of the operands; absent if the derivative is zero wherever it exists. */
  readonly gradient?: MapGradient;
}

/** A map primitive whose operands share shape and dtype. */
// @__NO_SIDE_EFFECTS__
export function defineMap<N extends NoAttributes>(definition: MapDefinition<N>): Primitive<N> {
  const { name, arity, domain, scalar } = definition;
  const primitive = definePrimitive<NoAttributes>({
    name,
    kind: "map",
    attributes: noAttributes,
    infer(inputs) {
      const [first] = operands(name, inputs, arity);
      if (first === undefined) return [];
      for (const other of inputs) sameType(name, first, other);
      checkDomain(name, domain, first);
      const { result = first.dtype } = definition;
      // Graphs may have millions of nodes: one type for those that it is the same for.
      return [result === first.dtype ? first.type : { dtype: result, shape: first.shape }];
    },
    gradient(node, [g]) {
      if (g === undefined || definition.gradient === undefined) return node.inputs.map(() => undefined);
      return definition.gradient(node.inputs, node.output, g);
    },
    evaluate(inputs, node) {
      return [evaluateMap(inputs, node.output.dtype, scalar)];
    },
  });
  // The body is the same for every name; only the literal type of `name` differs.
  return primitive as Primitive<NameOf<"map">> as Primitive<N>;
}

/** Map primitives that take no attributes. */
export type NoAttributes = Exclude<MapName, "cast" | "bitcast">;

export function checkDomain(name: string, domain: Domain, tensor: Tensor): void {
  if (accepts[domain](tensor.dtype)) return;
  const remedy = domain === "bool" ? "Compare first." : `Cast it first, for example x.cast("f32").`;
  throw new AdjointError(
    "dtype",
    name,
    `takes ${domain === "any" ? "any" : `${domain} tensors`} and got ${tensor}`,
    remedy,
  );
}

export function sameType(name: string, a: Tensor, b: Tensor): void {
  if (a.type === b.type) return;
  if (a.dtype !== b.dtype) {
    throw new AdjointError(
      "dtype",
      name,
      `dtypes differ: a is ${a} and b is ${b}`,
      `Promotion is explicit: cast one of them, for example b.cast("${a.dtype}").`,
    );
  }
  if (!equalShapes(a.shape, b.shape))
    throw new AdjointError("shape", name, `shapes differ: a is ${a} and b is ${b}`);
}

/** Elements in order through a scalar rule; operands have the output's element count. */
export function evaluateMap(inputs: readonly TensorValue[], dtype: DType, rule: ScalarRule): TensorValue {
  const first = inputs[0];
  if (first === undefined)
    throw new AdjointError("graph", "evaluate", "an elementwise operation without operands");
  const result = zeroValue(dtype, first.shape);
  const write = elementWriter(result);
  const readers = inputs.map(elementReader);
  const info = dtypeInfo[first.dtype];
  // The dtype decides whether elements are numbers or bigints, which the readers' type can't say.
  const scalar = (
    info.big ? rule.big : info.class === "float" ? rule.number : (rule.integer ?? rule.number)
  ) as ((...elements: Scalar[]) => Scalar | boolean) | undefined;
  if (scalar === undefined) throw new AdjointError("dtype", "evaluate", `no rule for ${first.dtype}`);
  const [readA, readB, readC] = readers;
  const count = elementCount(first.shape);
  if (readA === undefined) return result;
  if (readB === undefined) for (let i = 0; i < count; i++) write(i, scalar(readA(i)));
  else if (readC === undefined) for (let i = 0; i < count; i++) write(i, scalar(readA(i), readB(i)));
  else for (let i = 0; i < count; i++) write(i, scalar(readA(i), readB(i), readC(i)));
  return result;
}

/** A number as a scalar constant of the other operand's dtype. */
export function lift(name: string, value: Operand, like: Operand): Tensor {
  if (isTensor(value)) return value;
  if (!isTensor(like))
    throw new AdjointError("graph", name, "needs at least one tensor", "Wrap a number with constant(…).");
  if (isInteger(like.dtype) && typeof value === "number" && !Number.isInteger(value)) {
    throw new AdjointError(
      "dtype",
      name,
      `${value} is not ${like.dtype} (the other operand is ${like})`,
      "Cast the tensor first.",
    );
  }
  const [low, high] = dtypeRange(like.dtype);
  if (isInteger(like.dtype) && typeof value !== "boolean" && (value < low || value > high)) {
    throw new AdjointError(
      "dtype",
      name,
      `${value} does not fit ${like.dtype}, which goes from ${low} to ${high} (the other operand is ${like})`,
      "Cast the tensor first.",
    );
  }
  return constant(value, like.dtype);
}

/** Operands as tensors of one shape, by NumPy's broadcasting. */
export function aligned(name: string, values: readonly Operand[]): readonly Tensor[] {
  const like = values.find(isTensor) ?? 0;
  return stretched(
    name,
    values.map((value) => lift(name, value, like)),
  );
}

/** Tensors stretched to their common shape. */
export function stretched(name: string, tensors: readonly Tensor[]): readonly Tensor[] {
  const [first, ...rest] = tensors;
  if (first === undefined || rest.every(({ shape }) => shape === first.shape)) return tensors;
  let shape = first.shape;
  for (const tensor of rest) {
    const joined = broadcastShapes(shape, tensor.shape);
    if (joined === undefined) {
      throw new AdjointError(
        "shape",
        name,
        `shapes do not broadcast: ${tensors.map(String).join(" and ")}`,
        `Sizes must agree from the last axis on, or be 1 (${shapeText(shape)} against ${shapeText(tensor.shape)}).`,
      );
    }
    shape = joined;
  }
  return tensors.map((tensor) => broadcast(tensor, shape));
}

/** Shared by all nodes that have none. */
const none: None = {};

/** Builds a unary map node. */
export const unary = (primitive: Primitive<NoAttributes>, x: Tensor): Tensor =>
  apply(primitive, [x], none).output;

/** Builds a binary map node over broadcast operands. */
export const binary = (primitive: Primitive<NoAttributes>, a: Operand, b: Operand): Tensor =>
  apply(primitive, aligned(primitive.name, [a, b]), none).output;

/** The operands of a node of two. */
export const pair = (inputs: readonly Tensor[]): readonly [Tensor, Tensor] => [
  operand(inputs, 0),
  operand(inputs, 1),
];
