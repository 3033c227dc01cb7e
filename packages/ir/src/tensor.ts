import type { Schema } from "./schema.ts";
import { AdjointError } from "./error.ts";
import { type Origin, currentOrigin } from "./origin.ts";
import type { Dim } from "./dim.ts";
import type { DType } from "./dtype.ts";
import type {
  AttributesOf,
  DotAttributes,
  FloatFunctions,
  KindOf,
  PrimitiveName,
  RegisterAttributes,
  ScatterReduction,
} from "./primitive-set.ts";
import { type Shape, type TensorType, checkRank, typeText } from "./shape.ts";
import type { TensorValue } from "./value.ts";

/** A tensor, or a number that takes the other operand's dtype. */
export type Operand = Tensor | number | bigint | boolean;

export interface ReduceOptions {
  /** Axes to reduce, negative from the end; all of them by default. */
  readonly axes?: readonly number[] | number;
  /** Reduced axes stay with size 1. */
  readonly keepDims?: boolean;
}

/** One axis of a slice: `start` to `end` (exclusive, negative from the end) by `step` ≥ 1. */
export interface SliceRange {
  readonly start?: Dim;
  readonly end?: Dim;
  readonly step?: number;
}

export interface PadOptions {
  readonly low?: readonly number[];
  readonly high?: readonly number[];
  /** Fillers between neighbours. */
  readonly interior?: readonly number[];
  readonly value?: Operand;
}

export interface WindowOptions {
  readonly axes: readonly number[];
  readonly sizes: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
}

export interface ConvOptions {
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly padLow?: readonly number[];
  readonly padHigh?: readonly number[];
  readonly groups?: number;
}

export interface CumulativeOptions {
  readonly axis: number;
  readonly exclusive?: boolean;
  readonly reverse?: boolean;
}

/** A method for each function of floats. */
type FloatMethods = { [N in keyof FloatFunctions]: () => Tensor };

/** Builders as methods; each is the function of the same name with the tensor as its first argument. */
export interface TensorMethods extends FloatMethods {
  abs(): Tensor;
  neg(): Tensor;
  sign(): Tensor;
  floor(): Tensor;
  ceil(): Tensor;
  round(): Tensor;
  isNaN(): Tensor;
  isInf(): Tensor;
  not(): Tensor;
  bitwiseNot(): Tensor;
  stopGradient(): Tensor;
  cast(dtype: DType): Tensor;
  bitcast(dtype: DType): Tensor;
  add(other: Operand): Tensor;
  sub(other: Operand): Tensor;
  mul(other: Operand): Tensor;
  div(other: Operand): Tensor;
  mod(other: Operand): Tensor;
  fmod(other: Operand): Tensor;
  pow(other: Operand): Tensor;
  atan2(other: Operand): Tensor;
  max(other: Operand): Tensor;
  min(other: Operand): Tensor;
  equal(other: Operand): Tensor;
  notEqual(other: Operand): Tensor;
  less(other: Operand): Tensor;
  lessOrEqual(other: Operand): Tensor;
  greater(other: Operand): Tensor;
  greaterOrEqual(other: Operand): Tensor;
  and(other: Operand): Tensor;
  or(other: Operand): Tensor;
  xor(other: Operand): Tensor;
  bitwiseAnd(other: Operand): Tensor;
  bitwiseOr(other: Operand): Tensor;
  bitwiseXor(other: Operand): Tensor;
  shiftLeft(other: Operand): Tensor;
  shiftRight(other: Operand): Tensor;
  /** Elements of `a` if this (bool) is true, else of `b`. */
  where(a: Operand, b: Operand): Tensor;
  reduceSum(options?: ReduceOptions): Tensor;
  reduceProd(options?: ReduceOptions): Tensor;
  reduceMax(options?: ReduceOptions): Tensor;
  reduceMin(options?: ReduceOptions): Tensor;
  reduceMean(options?: ReduceOptions): Tensor;
  argMax(options: { readonly axis: number; readonly keepDims?: boolean }): Tensor;
  argMin(options: { readonly axis: number; readonly keepDims?: boolean }): Tensor;
  cumSum(options: CumulativeOptions): Tensor;
  cumProd(options: CumulativeOptions): Tensor;
  reshape(shape: Shape): Tensor;
  transpose(permutation?: readonly number[]): Tensor;
  broadcast(shape: Shape): Tensor;
  unsqueeze(axes: readonly number[] | number): Tensor;
  squeeze(axes: readonly number[] | number): Tensor;
  slice(ranges: readonly (SliceRange | undefined)[]): Tensor;
  pad(options: PadOptions): Tensor;
  flip(axes: readonly number[]): Tensor;
  matMul(other: Tensor): Tensor;
  dotGeneral(other: Tensor, attributes: Partial<DotAttributes>): Tensor;
  gather(indices: Tensor): Tensor;
  take(indices: Tensor, axis?: number): Tensor;
  scatter(indices: Tensor, updates: Tensor, reduction?: ScatterReduction): Tensor;
}

/** One result of a node: what users hold. Immutable. Methods such as `x.add(y)` come from `chain.ts`. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the methods are set on the prototype by chain.ts
export class Tensor {
  readonly node: Node;
  /** The index among the node's outputs. */
  readonly index: number;
  readonly type: TensorType;

  constructor(node: Node, index: number, type: TensorType) {
    this.node = node;
    this.index = index;
    this.type = type;
  }

  get dtype(): DType {
    return this.type.dtype;
  }

  get shape(): Shape {
    return this.type.shape;
  }

  get rank(): number {
    return this.type.shape.length;
  }

  /** `relu: f32[batch, 500] (layer "dense_1", model.ts:12:9)`, for messages. */
  toString(): string {
    const { origin, operation, attributes } = this.node;
    const name =
      typeof attributes === "object" && attributes !== null && "name" in attributes
        ? attributes.name
        : undefined;
    const place = origin.place.replace(/[^\s"]*[/\\]/, "");
    return `${operation.name}${typeof name === "string" ? ` "${name}"` : ""}: ${typeText(this.type)}${place === "" ? "" : ` (${place})`}`;
  }
}

export interface Tensor extends TensorMethods {}

/** The nodes made since the innermost `recordNodes` began. */
let recording: Set<Node> | undefined;

/** Runs `build` and tells which nodes it made. */
export function recordNodes<T>(build: () => T): { readonly result: T; readonly made: ReadonlySet<Node> } {
  const outer = recording;
  const made = new Set<Node>();
  recording = made;
  try {
    return { result: build(), made };
  } finally {
    recording = outer;
    made.forEach((node) => outer?.add(node));
  }
}

/** Counts the nodes made since the innermost `countNodes` began. */
let counting: (() => void) | undefined;

/** Runs `build` and calls `made` for each node before it is made: what it throws ends the building. */
export function countNodes<T>(made: () => void, build: () => T): T {
  const outer = counting;
  counting = () => {
    outer?.();
    made();
  };
  try {
    return build();
  } finally {
    counting = outer;
  }
}

/** One application of an operation. Immutable; rewriting makes new nodes. */
export class Node<A = unknown> {
  readonly operation: Operation;
  readonly attributes: A;
  readonly inputs: readonly Tensor[];
  /** Bodies of control operations and the body of a composite. */
  readonly graphs: readonly Graph[];
  readonly outputs: readonly Tensor[];
  readonly origin: Origin;

  constructor(
    operation: Operation,
    attributes: A,
    inputs: readonly Tensor[],
    graphs: readonly Graph[],
    types: readonly TensorType[],
    origin: Origin,
  ) {
    counting?.();
    this.operation = operation;
    this.attributes = attributes;
    this.inputs = inputs;
    this.graphs = graphs;
    this.origin = origin;
    recording?.add(this);
    this.outputs = types.map((type, index) => new Tensor(this, index, type));
  }

  /** The first output; most nodes have no other. */
  get output(): Tensor {
    const [first] = this.outputs;
    if (first === undefined) throw new AdjointError("graph", this.operation.name, "the node has no outputs");
    return first;
  }
}

/** The common part of primitives and composites. Methods are declared as methods so that a table may mix attribute types. */
interface OperationBase<A> {
  readonly name: string;
  /** Validates attributes that come from outside: text, JSON, other formats. */
  readonly attributes: Schema<A>;
  /** The outputs' types; throws if the operands don't fit. */
  infer(inputs: readonly Tensor[], attributes: A, graphs: readonly Graph[]): readonly TensorType[];
}

/** A cotangent or gradient; undefined stands for zero. */
export type Cotangent = Tensor | undefined;

/** An operation with a row in every total table. */
export interface Primitive<N extends PrimitiveName = PrimitiveName> extends OperationBase<AttributesOf<N>> {
  readonly name: N;
  readonly kind: KindOf<N>;
  /** The vector-Jacobian product: one cotangent for each input, from one for each output. */
  gradient(node: Node<AttributesOf<N>>, cotangents: readonly Cotangent[]): readonly Cotangent[];
  /** Reference semantics; shapes of inputs are static. */
  evaluate(inputs: readonly TensorValue[], node: Node<AttributesOf<N>>): readonly TensorValue[];
}

/** A named function of other operations, kept as one node until the inline pass. */
export interface Composite<A = unknown> extends OperationBase<A> {
  readonly kind: "composite";
  /** Refuses operands, by the names and types that the caller knows them by. */
  check(inputs: readonly Tensor[], attributes: A): void;
  build(inputs: readonly Tensor[], attributes: A): readonly Tensor[];
  /** Replaces the gradient of the body if that would be less stable or slower. */
  gradient?(node: Node<A>, cotangents: readonly Cotangent[]): readonly Cotangent[];
}

export type Operation = Primitive | Composite;

/** A register's update at the end of a run. */
export interface Update {
  readonly register: Tensor;
  readonly next: Tensor;
}

/** A static computation: everything between its inputs and its outputs and updates. */
export interface Graph<I extends string = string, O extends string = string> {
  readonly inputs: { readonly [name in I]: Tensor };
  readonly outputs: { readonly [name in O]: Tensor };
  readonly updates: readonly Update[];
}

/** Shared, as most nodes have none: graphs may have millions of nodes. */
const noGraphs: readonly Graph[] = [];

/** Makes a node, with its types inferred and its origin noted. */
export function apply<A>(
  operation: OperationBase<A> & Operation,
  inputs: readonly Tensor[],
  attributes: A,
  graphs: readonly Graph[] = noGraphs,
  origin: Origin = currentOrigin(),
): Node<A> {
  const types = operation.infer(inputs, attributes, graphs);
  for (const { shape } of types) checkRank(operation.name, shape.length);
  return new Node(operation, attributes, inputs, graphs, types, origin);
}

/** The same operation on other inputs (and bodies): types are inferred anew and the origin stays. */
export function rebuild(node: Node, inputs: readonly Tensor[], graphs: readonly Graph[] = node.graphs): Node {
  if (graphs === node.graphs && inputs.every((input, index) => input === node.inputs[index])) return node;
  return apply(node.operation, inputs, node.attributes, graphs, node.origin);
}

/** The node's operation on other inputs, with other attributes and bodies. */
export const again = <A>(
  node: Node<A>,
  inputs: readonly Tensor[],
  attributes: A,
  graphs: readonly Graph[] = noGraphs,
): Node<A> =>
  // The node was made by this operation, so its attributes are the operation's.
  apply<A>(node.operation as OperationBase<A> & Operation, inputs, attributes, graphs);

/**
 * Narrows a node to one primitive's.
 * The name decides the attributes' type: only `apply` makes nodes, and it takes the two together.
 */
export function isNode<N extends PrimitiveName>(node: Node, name: N): node is Node<AttributesOf<N>> {
  return node.operation.name === name && node.operation.kind !== "composite";
}

/** The attributes of a register's tensor. */
export function registerOf(tensor: Tensor): RegisterAttributes {
  const { node } = tensor;
  if (isNode(node, "register")) return node.attributes;
  throw new AdjointError(
    "graph",
    "register",
    `${tensor} is not a register`,
    "Make registers with register(name, …).",
  );
}
