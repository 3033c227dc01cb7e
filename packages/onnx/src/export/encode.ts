import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { AdjointError, type DType, type Shape, type TensorValue } from "@adjoint/ir";
import { elementTypes } from "../element-type.ts";
import { PRODUCER } from "../proto/model.ts";
import { type AttributeDraft, type GraphDraft, type NodeDraft, type Value, isGraph } from "./draft.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { type Names, namesOf } from "./names.ts";

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;

/** The parts of a model's file besides its graph. */
export interface Header {
  readonly opset: number;
  readonly name: string;
  readonly metadata: { readonly [key: string]: string };
}

/** The format's version that came with an operator set; runtimes refuse files that are newer than they. */
const irVersions: readonly (readonly [opset: number, version: number])[] = [
  [25, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [0, 7],
];

/** A model's bytes: the same for the same graph. */
export function encodeModel(graph: GraphDraft, { opset, name, metadata }: Header): Uint8Array {
  const layout = layoutOf(graph);
  const names = namesOf(graph, layout);
  const encoder = new Encoder(layout, names);
  return onnx.ModelProto.encode({
    irVersion: irVersions.find(([since]) => opset >= since)?.[1] ?? 8,
    producerName: PRODUCER,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      ...encoder.graph(graph, name),
      initializer: names.initializers.map((value) => tensorProto(value.value, encoder.nameOf(value))),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}

class Encoder {
  readonly #layout: Layout;
  readonly #names: Names;

  constructor(layout: Layout, names: Names) {
    this.#layout = layout;
    this.#names = names;
  }

  graph(draft: GraphDraft, name: string): Proto.IGraphProto {
    return {
      name,
      node: (this.#layout.get(draft) ?? []).map((node) => this.#node(node)),
      input: draft.inputs.map((input) => valueInfo(this.nameOf(input), input.dtype, input.shape)),
      output: draft.outputs.map(({ value, shape }) => valueInfo(this.nameOf(value), value.dtype, shape)),
    };
  }

  nameOf(value: Value | undefined): string {
    // An input that is left out has the name "" in the format.
    if (value === undefined) return "";
    const name = this.#names.values.get(value);
    if (name === undefined)
      throw new AdjointError("graph", "toOnnx", `a value of type ${value.dtype} has no name`);
    return name;
  }

  #node(node: NodeDraft): Proto.INodeProto {
    const name = this.#names.nodes.get(node) ?? "";
    return {
      name,
      opType: node.operator,
      input: node.inputs.map((input) => this.nameOf(input)),
      output: node.outputs.map((output) => this.nameOf(output)),
      attribute: Object.entries(node.attributes).map(([key, value]) => this.#attribute(key, value, name)),
    };
  }

  #attribute(name: string, value: AttributeDraft, owner: string): Proto.IAttributeProto {
    if (typeof value === "string")
      return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    if (typeof value === "number") {
      return Number.isInteger(value)
        ? { name, type: AttributeType.INT, i: value }
        : { name, type: AttributeType.FLOAT, f: value };
    }
    if (isGraph(value)) return { name, type: AttributeType.GRAPH, g: this.graph(value, `${owner}/${name}`) };
    if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
    if ("tensor" in value) return { name, type: AttributeType.TENSOR, t: tensorProto(value.tensor, "") };
    return { name, type: AttributeType.INTS, ints: [...value] };
  }
}

/** Elements as raw bytes: typed arrays are little-endian on all supported hosts, as ONNX is. */
function tensorProto({ dtype, shape, data }: TensorValue, name: string): Proto.ITensorProto {
  return {
    name,
    dataType: elementTypes[dtype],
    dims: [...shape],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

const valueInfo = (name: string, dtype: DType, shape: Shape): Proto.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: elementTypes[dtype],
      shape: {
        dim: shape.map((size) =>
          typeof size === "number" ? { dimValue: size } : { dimParam: String(size) },
        ),
      },
    },
  },
});
