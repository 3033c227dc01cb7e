import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";

const { onnx } = onnxProto;

/** A model of nodes over f32 inputs, as bytes. Nodes are `[operator, inputs, outputs, attributes]`. */
export interface ModelParts {
  readonly opset?: number;
  /** Versions of further domains' operator sets. */
  readonly domains?: { readonly [domain: string]: number };
  readonly inputs?: { readonly [name: string]: readonly (number | string)[] };
  readonly i64Inputs?: { readonly [name: string]: readonly (number | string)[] };
  readonly outputs: { readonly [name: string]: readonly (number | string)[] | undefined };
  readonly nodes: readonly Proto.INodeProto[];
  readonly initializers?: Proto.ITensorProto[];
  readonly functions?: Proto.IFunctionProto[];
}

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: Proto.IAttributeProto[] = [],
): Proto.INodeProto => ({ opType, input, output, attribute });

export const intAttribute = (name: string, i: number): Proto.IAttributeProto => ({
  name,
  i,
  type: onnx.AttributeProto.AttributeType.INT,
});

export const intsAttribute = (name: string, values: number[]): Proto.IAttributeProto => ({
  name,
  ints: values,
  type: onnx.AttributeProto.AttributeType.INTS,
});

export const floatAttribute = (name: string, f: number): Proto.IAttributeProto => ({
  name,
  f,
  type: onnx.AttributeProto.AttributeType.FLOAT,
});

export const textAttribute = (name: string, text: string): Proto.IAttributeProto => ({
  name,
  s: new TextEncoder().encode(text),
  type: onnx.AttributeProto.AttributeType.STRING,
});

const value = (
  name: string,
  elemType: number,
  shape: readonly (number | string)[] | undefined,
): Proto.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      ...(shape && {
        shape: {
          dim: shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })),
        },
      }),
    },
  },
});

export function modelBytes(parts: ModelParts): Uint8Array {
  const {
    opset = 17,
    domains = {},
    inputs = {},
    i64Inputs = {},
    outputs,
    nodes,
    initializers = [],
    functions = [],
  } = parts;
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [
      { domain: "", version: opset },
      { domain: "own", version: 1 },
      ...Object.entries(domains).map(([domain, version]) => ({ domain, version })),
    ],
    functions,
    graph: {
      name: "g",
      node: [...nodes],
      initializer: initializers,
      input: [
        ...Object.entries(inputs).map(([name, shape]) => value(name, 1, shape)),
        ...Object.entries(i64Inputs).map(([name, shape]) => value(name, 7, shape)),
      ],
      // An output without a shape has no type either.
      output: Object.entries(outputs).map(([name, shape]) => value(name, shape === undefined ? 0 : 1, shape)),
    },
  }).finish();
}

export const tensorBytes = (tensor: Proto.ITensorProto): Uint8Array =>
  onnx.TensorProto.encode(tensor).finish();
