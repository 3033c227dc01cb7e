import onnxProto from "onnx-proto";
import type { onnx as Proto } from "onnx-proto";
import { AdjointError } from "@adjoint/ir";
import { malformed, unsupported } from "../errors.ts";
import { Cursor, lastField, withoutField } from "./fields.ts";
import { toInteger, toSize } from "./integer.ts";
import type {
  AttributeSource,
  AttributeValue,
  CallSource,
  DimSource,
  FunctionSource,
  GraphSource,
  ModelSource,
  NodeSource,
  TypeSource,
  ValueSource,
} from "./model.ts";
import { scanModel } from "./scan.ts";

const { onnx } = onnxProto;

/** Fields that are newer than the generated code. */
const NODE_OVERLOAD = 8;
const FUNCTION_DEFAULTS = 11;
const FUNCTION_OVERLOAD = 13;
const MODEL_FUNCTIONS = 25;

/** Fields of the messages that a large model has most of (onnx.proto3). */
const MODEL_GRAPH = 7;
const graphFields = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  sparseInitializer: 15,
} as const;
const nodeFields = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE_GRAPH = 6;
const TENSOR_NAME = 8;

/**
 * Reads a model's bytes.
 * @throws AdjointError when they are broken, or hold no graph.
 */
export function decodeModel(bytes: Uint8Array): ModelSource {
  const defaults: AttributeSource[][] = [];
  scanModel(bytes, (message, field, content) => {
    if (message === "Model" && field === MODEL_FUNCTIONS) defaults.push([]);
    if (message === "Function" && field === FUNCTION_DEFAULTS)
      defaults.at(-1)?.push(attributeOf(decoded(() => onnx.AttributeProto.decode(content()))));
    const isOverload =
      (message === "Node" && field === NODE_OVERLOAD) ||
      (message === "Function" && field === FUNCTION_OVERLOAD);
    if (isOverload && content().length > 0) throw unsupported("overloaded functions");
  });
  const graph = decoded(() => lastField(bytes, MODEL_GRAPH));
  if (graph === undefined) throw malformed("the model holds no graph", "Is the file complete?");
  // All of the model but its graph: as a message each of its nodes takes many times the memory that it has in the file.
  const model = decoded(() => onnx.ModelProto.decode(withoutField(bytes, MODEL_GRAPH)));
  return {
    irVersion: toSize("the IR version", model.irVersion),
    producer: model.producerName,
    opsets: opsetsOf(model.opsetImport),
    graph: readGraph(graph),
    functions: (model.functions ?? []).map((fn, index) => functionOf(fn, defaults[index] ?? [])),
    metadata: Object.fromEntries(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? "", value ?? ""]),
    ),
  };
}

/** Reads the bytes of a lone TensorProto. */
export const decodeTensor = (bytes: Uint8Array): Proto.ITensorProto =>
  decoded(() => onnx.TensorProto.decode(bytes));

/** Runs the generated code; its errors become ours. */
function decoded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw decodingError(error);
  }
}

const decodingError = (error: unknown): AdjointError =>
  error instanceof AdjointError
    ? error
    : malformed(
        `the bytes are no ONNX model (${error instanceof Error ? error.message : String(error)})`,
        "Is the file complete?",
      );

/** ONNX's own domain has two names. */
const domainOf = (domain: string | null | undefined): string =>
  domain == null || domain === "ai.onnx" ? "" : domain;

function opsetsOf(
  imports: readonly Proto.IOperatorSetIdProto[] | null | undefined,
): ReadonlyMap<string, number> {
  return new Map(
    (imports ?? []).map(({ domain, version }) => [domainOf(domain), toSize("an opset's version", version)]),
  );
}

/** The model's own graph. What it has millions of is read each time that it is walked through: none of it stays. */
function readGraph(bytes: Uint8Array): GraphSource {
  const each = <T>(field: number, read: (cursor: Cursor) => T): Iterable<T> => ({
    *[Symbol.iterator]() {
      try {
        const cursor = Cursor.over(bytes);
        while (cursor.next()) if (cursor.field === field) yield read(cursor);
      } catch (error) {
        throw decodingError(error);
      }
    },
  });
  const value = ({ bytes: content }: Cursor): ValueSource => valueOf(onnx.ValueInfoProto.decode(content));
  return {
    name: new TextDecoder().decode(lastField(bytes, graphFields.name)),
    nodes: each(graphFields.node, (cursor) => readNode(cursor.inner())),
    calls: each(graphFields.node, (cursor) => readCall(cursor.inner())),
    inputs: [...each(graphFields.input, value)],
    outputs: [...each(graphFields.output, value)],
    initializers: each(graphFields.initializer, (cursor) => onnx.TensorProto.decode(cursor.bytes)),
    initializerNames: each(graphFields.initializer, (cursor) => textOf(cursor.inner(), TENSOR_NAME)),
    sparseInitializers: [
      ...each(graphFields.sparseInitializer, (cursor) => onnx.SparseTensorProto.decode(cursor.bytes)),
    ],
  };
}

/** The last text of a field, which is the one that counts. */
function textOf(cursor: Cursor, field: number): string {
  let text = "";
  while (cursor.next()) if (cursor.field === field) text = cursor.text;
  return text;
}

function readNode(cursor: Cursor): NodeSource {
  let [name, domain, operator] = ["", "", ""];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: AttributeSource[] = [];
  while (cursor.next()) {
    if (cursor.field === nodeFields.input) inputs.push(cursor.text);
    else if (cursor.field === nodeFields.output) outputs.push(cursor.text);
    else if (cursor.field === nodeFields.name) name = cursor.text;
    else if (cursor.field === nodeFields.operator) operator = cursor.text;
    else if (cursor.field === nodeFields.domain) domain = domainOf(cursor.text);
    else if (cursor.field === nodeFields.attribute)
      attributes.push(attributeOf(onnx.AttributeProto.decode(cursor.bytes)));
  }
  return { name, domain, operator, inputs, outputs, attributes };
}

/** The operators that nodes call. Names, and attributes without a graph, are not even read. */
function readCall(cursor: Cursor): CallSource {
  let [domain, operator] = ["", ""];
  const attributes: AttributeSource[] = [];
  while (cursor.next()) {
    if (cursor.field === nodeFields.operator) operator = cursor.text;
    else if (cursor.field === nodeFields.domain) domain = domainOf(cursor.text);
    else if (cursor.field === nodeFields.attribute && holdsGraph(cursor.inner()))
      attributes.push(attributeOf(onnx.AttributeProto.decode(cursor.bytes)));
  }
  return { domain, operator, attributes };
}

function holdsGraph(attribute: Cursor): boolean {
  while (attribute.next()) if (attribute.field === ATTRIBUTE_GRAPH) return true;
  return false;
}

const graphOf = (graph: Proto.IGraphProto): GraphSource => {
  const nodes = (graph.node ?? []).map(nodeOf);
  const initializers = graph.initializer ?? [];
  return {
    name: graph.name ?? "",
    nodes,
    calls: nodes,
    inputs: (graph.input ?? []).map(valueOf),
    outputs: (graph.output ?? []).map(valueOf),
    initializers,
    initializerNames: initializers.map(({ name }) => name ?? ""),
    sparseInitializers: graph.sparseInitializer ?? [],
  };
};

const nodeOf = (node: Proto.INodeProto): NodeSource => ({
  name: node.name ?? "",
  domain: domainOf(node.domain),
  operator: node.opType ?? "",
  inputs: node.input ?? [],
  outputs: node.output ?? [],
  attributes: (node.attribute ?? []).map(attributeOf),
});

const functionOf = (fn: Proto.IFunctionProto, defaults: readonly AttributeSource[]): FunctionSource => ({
  domain: domainOf(fn.domain),
  name: fn.name ?? "",
  opsets: opsetsOf(fn.opsetImport),
  inputs: fn.input ?? [],
  outputs: fn.output ?? [],
  attributes: fn.attribute ?? [],
  defaults,
  nodes: (fn.node ?? []).map(nodeOf),
});

const attributeOf = (attribute: Proto.IAttributeProto): AttributeSource => ({
  name: attribute.name ?? "",
  ...attributeValue(attribute),
});

/** The value by the attribute's type, or by which field is filled where the file is too old to say the type. */
function attributeValue(attribute: Proto.IAttributeProto): AttributeValue {
  const { AttributeType: types } = onnx.AttributeProto;
  if (attribute.refAttrName != null && attribute.refAttrName !== "")
    return { kind: "reference", value: attribute.refAttrName };
  const type = attribute.type ?? types.UNDEFINED;
  const isUntyped = type === types.UNDEFINED;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const has = (expected: number, filled: boolean): boolean => type === expected || (isUntyped && filled);
  const own = (field: string): boolean => Object.hasOwn(attribute, field);
  if (has(types.FLOAT, own("f"))) return { kind: "number", value: attribute.f ?? 0 };
  if (has(types.INT, own("i"))) return { kind: "number", value: toInteger(attribute.i) };
  if (has(types.STRING, own("s"))) return { kind: "string", value: text(attribute.s ?? new Uint8Array()) };
  if (has(types.TENSOR, own("t"))) return { kind: "tensor", value: attribute.t ?? {} };
  if (has(types.GRAPH, own("g"))) return { kind: "graph", value: graphOf(attribute.g ?? {}) };
  if (has(types.SPARSE_TENSOR, own("sparseTensor")))
    return { kind: "sparseTensor", value: attribute.sparseTensor ?? {} };
  if (has(types.FLOATS, own("floats"))) return { kind: "numbers", value: attribute.floats ?? [] };
  if (has(types.INTS, own("ints"))) return { kind: "numbers", value: (attribute.ints ?? []).map(toInteger) };
  if (has(types.STRINGS, own("strings")))
    return { kind: "strings", value: (attribute.strings ?? []).map(text) };
  if (has(types.TYPE_PROTO, own("tp"))) return { kind: "type", value: typeOf(attribute.tp ?? {}) };
  return { kind: "other", value: types[type] ?? `type ${type}` };
}

const valueOf = (value: Proto.IValueInfoProto): ValueSource => ({
  name: value.name ?? "",
  type: value.type == null ? undefined : typeOf(value.type),
});

function typeOf(type: Proto.ITypeProto): TypeSource {
  const tensor = type.tensorType;
  if (tensor != null) {
    return {
      kind: "tensor",
      dataType: tensor.elemType ?? 0,
      shape: tensor.shape == null ? undefined : (tensor.shape.dim ?? []).map(dimOf),
    };
  }
  if (type.sequenceType != null)
    return { kind: "sequence", element: typeOf(type.sequenceType.elemType ?? {}) };
  if (type.optionalType != null)
    return { kind: "optional", element: typeOf(type.optionalType.elemType ?? {}) };
  if (type.mapType != null) return { kind: "other", text: "a map" };
  return { kind: "other", text: "a value of unknown type" };
}

function dimOf(dim: Proto.TensorShapeProto.IDimension): DimSource {
  if (dim.dimValue != null && Object.hasOwn(dim, "dimValue")) return toSize("a size", dim.dimValue);
  return dim.dimParam == null || dim.dimParam === "" ? undefined : dim.dimParam;
}
