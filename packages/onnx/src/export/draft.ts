import type { DType, Shape, TensorValue } from "@adjoint/ir";

/** A tensor of the model being written. Names are given at the end, when it is known what is used. */
export type Value = InputValue | InitializerValue | OutputValue;

/** An input of a graph, or of a body, which the loop around it feeds. */
export interface InputValue {
  readonly kind: "input";
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly home: GraphDraft;
}

/** A value that the file holds. */
export interface InitializerValue {
  readonly kind: "initializer";
  readonly name: string;
  readonly dtype: DType;
  readonly value: TensorValue;
}

/** An output of a node. */
export interface OutputValue {
  readonly kind: "output";
  readonly dtype: DType;
  readonly node: NodeDraft;
  readonly index: number;
}

/** Whole numbers become INT, others FLOAT, unless wrapped by `asFloat`. */
export type AttributeDraft =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: TensorValue }
  | GraphDraft;

export interface NodeDraft {
  readonly operator: string;
  /** The layers it comes from; see `Origin`. */
  readonly scope: string;
  /** The graph it stands in. */
  readonly home: GraphDraft;
  /** undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: { readonly [name: string]: AttributeDraft };
  readonly outputs: readonly OutputValue[];
}

/** A graph or a body. Its nodes are those that its outputs need. */
export interface GraphDraft {
  readonly inputs: InputValue[];
  readonly outputs: OutputDraft[];
}

interface OutputDraft {
  /** Absent in bodies, whose outputs are known by their order. */
  readonly name?: string;
  readonly value: Value;
  readonly shape: Shape;
}

/** The graph that a value stands in; initializers all stand in the outermost, which is visible everywhere. */
export const homeOf = (value: Value): GraphDraft | undefined =>
  value.kind === "input" ? value.home : value.kind === "output" ? value.node.home : undefined;

/** The bodies of a node. */
export const bodiesOf = ({ attributes }: NodeDraft): readonly GraphDraft[] =>
  Object.values(attributes).filter(isGraph);

export const isGraph = (attribute: AttributeDraft): attribute is GraphDraft =>
  typeof attribute === "object" && "outputs" in attribute;

/** A float attribute, also where its value is a whole number. */
export const asFloat = (value: number): AttributeDraft => ({ float: value });
