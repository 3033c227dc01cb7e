import type { onnx } from "onnx-proto";

/** A tensor as the file holds it: `tensor.ts` reads its elements. */
export type TensorProto = onnx.ITensorProto;

/** The name of who wrote a model, in those of `toOnnx`. */
export const PRODUCER = "adjoint";

/** A model, free of the generated code's nulls. */
export interface ModelSource {
  readonly irVersion: number;
  readonly producer: string;
  /** Operator set versions by domain; ONNX's own domain is "". */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: GraphSource;
  readonly functions: readonly FunctionSource[];
  readonly metadata: { readonly [key: string]: string };
}

export interface GraphSource {
  readonly name: string;
  readonly nodes: Iterable<NodeSource>;
  /** The operators that the nodes call, in their order. */
  readonly calls: Iterable<CallSource>;
  readonly inputs: readonly ValueSource[];
  readonly outputs: readonly ValueSource[];
  readonly initializers: Iterable<TensorProto>;
  readonly initializerNames: Iterable<string>;
  readonly sparseInitializers: readonly onnx.ISparseTensorProto[];
}

export interface CallSource {
  /** "" is ONNX's own. */
  readonly domain: string;
  readonly operator: string;
  /** Those that hold graphs at least. */
  readonly attributes: readonly AttributeSource[];
}

export interface NodeSource extends CallSource {
  readonly name: string;
  /** "" stands for an absent optional one. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** All of them. */
  readonly attributes: readonly AttributeSource[];
}

export interface FunctionSource {
  readonly domain: string;
  readonly name: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes that callers must give. */
  readonly attributes: readonly string[];
  /** Attributes with a value for callers that give none. */
  readonly defaults: readonly AttributeSource[];
  readonly nodes: readonly NodeSource[];
}

/** An attribute's value; `reference` names the attribute of the calling function to take. */
export type AttributeValue =
  | { readonly kind: "number"; readonly value: number | bigint }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "numbers"; readonly value: readonly (number | bigint)[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: TensorProto }
  | { readonly kind: "sparseTensor"; readonly value: onnx.ISparseTensorProto }
  | { readonly kind: "graph"; readonly value: GraphSource }
  | { readonly kind: "reference"; readonly value: string }
  | { readonly kind: "type"; readonly value: TypeSource }
  /** Lists of graphs, tensors and types: no operator that can be imported takes them. */
  | { readonly kind: "other"; readonly value: string };

export type AttributeSource = AttributeValue & { readonly name: string };

/** A declared type: of a tensor, a sequence, an optional value, or what else it is, in words. */
export type TypeSource =
  | { readonly kind: "tensor"; readonly dataType: number; readonly shape: readonly DimSource[] | undefined }
  | { readonly kind: "sequence"; readonly element: TypeSource }
  | { readonly kind: "optional"; readonly element: TypeSource }
  | { readonly kind: "other"; readonly text: string };

/** A size, a symbol's name, or nothing known. */
export type DimSource = number | string | undefined;

export interface ValueSource {
  readonly name: string;
  readonly type: TypeSource | undefined;
}
