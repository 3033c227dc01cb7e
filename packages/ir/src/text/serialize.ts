import { parseDim } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Graph, type Node, type Tensor, isNode } from "../tensor.ts";
import { Origin, withOrigin } from "../origin.ts";
import type { TensorType } from "../shape.ts";
import { type ReadOptions, buildNode, buildUpdate, located } from "./build.ts";
import { foldValue } from "./fold.ts";
import {
  type BodyJson,
  type GraphJson,
  type NamedJson,
  type NodeJson,
  type Reference,
  type TypeJson,
  type UncheckedBody,
  type UncheckedNode,
  checkBody,
  checkNode,
  checkGraph,
} from "./json-schema.ts";
import { type Json, jsonWriter, readJsonRecord } from "./json-value.ts";
import { checkDepth, checkShape } from "./limits.ts";
import { bodiesOf, inputNode, listNodes } from "./listing.ts";

export type { GraphJson, Json, ReadOptions };

/**
 * A graph as plain JSON, for `JSON.stringify`. `deserialize` gives back a graph that prints the same; elements keep their
 * bits. Bodies of composites are left out: the reader needs their definitions.
 *
 * Nodes are a flat list, each after its inputs, which are `[node, output]`. Symbolic sizes are strings in types and
 * `{ dim: "batch" }` in attributes; numbers that JSON lacks are `{ number: "NaN" }`, bigints `{ bigint: "1" }`, tensor
 * values `{ tensor: { dtype, shape, data } }` with the base64 of little-endian bytes.
 * @throws AdjointError if an attribute is not plain data or an input was not made by `input`.
 */
export function serialize(graph: Graph): GraphJson {
  return { format: "adjoint-graph", version: 1, ...bodyJson(graph, 0) };
}

function bodyJson(graph: Graph, depth: number): BodyJson {
  checkDepth(depth, "graphs");
  const nodes = listNodes(graph);
  const places = new Map(nodes.map((node, index) => [node, index]));
  const reference = (tensor: Tensor): Reference => {
    const place = places.get(tensor.node);
    if (place === undefined) throw new AdjointError("text", "serialize", `${tensor} is not among the nodes`);
    return [place, tensor.index];
  };
  return {
    nodes: nodes.map((node) => nodeJson(node, reference, depth)),
    inputs: Object.entries(graph.inputs).map(([name, tensor]) => {
      inputNode(name, tensor);
      return { name, value: reference(tensor) };
    }),
    outputs: Object.entries(graph.outputs).map(([name, tensor]) => ({
      name,
      value: reference(tensor),
    })),
    updates: graph.updates.map(({ register, next }) => ({
      register: reference(register),
      next: reference(next),
    })),
  };
}

function nodeJson(node: Node, reference: (tensor: Tensor) => Reference, depth: number): NodeJson {
  const { operation, attributes, origin } = node;
  const written = foldValue(jsonWriter, attributes, `the attributes of ${operation.name}`);
  const bodies = bodiesOf(node);
  return {
    operation: operation.name,
    attributes: written,
    inputs: node.inputs.map(reference),
    ...(bodies.length > 0 && { graphs: bodies.map((body) => bodyJson(body, depth + 1)) }),
    types: node.outputs.map(({ type }) => ({
      dtype: type.dtype,
      shape: type.shape.map((size) => (typeof size === "number" ? size : size.text)),
    })),
    ...(origin.scope !== "" && { scope: origin.scope }),
  };
}

/**
 * Reads the JSON that `serialize` writes, from `JSON.parse` or anywhere: all of it is checked, the envelope by a schema, attributes
 * by their operation's, declared types against inferred ones.
 * @throws AdjointError (code `text`) with the path of the fault, such as `nodes[3].inputs[0]`.
 */
export function deserialize(json: unknown, options: ReadOptions = {}): Graph {
  const trace = new Error("deserialized here");
  return readBody(checkGraph(json), { options, trace, path: "", depth: 0 });
}

/** State of reading one graph among nested ones. */
interface Reading {
  readonly options: ReadOptions;
  /** One call site for all nodes: the call of `deserialize`. */
  readonly trace: Error;
  readonly path: string;
  readonly depth: number;
}

const refuse = (path: string, problem: string): AdjointError =>
  new AdjointError("text", "deserialize", `${path}: ${problem}`);

const at = <T>(path: string, run: () => T): T => located("deserialize", () => path, run);

function readBody(body: UncheckedBody, reading: Reading): Graph {
  const { path } = reading;
  const nodes: (readonly Tensor[])[] = [];
  const resolve = ([node, output]: Reference, place: string): Tensor => {
    const tensor = nodes[node]?.[output];
    if (tensor !== undefined) return tensor;
    const problem =
      node < nodes.length ? `node ${node} has no output ${output}` : `node ${node} is not before it`;
    throw refuse(place, problem);
  };
  body.nodes.forEach((json, index) => {
    const place = `${path}nodes[${index}]`;
    nodes.push(readNode(checkNode(json, place), resolve, { ...reading, path: place }));
  });
  const updated = new Set<string>();
  const updates = body.updates.map(({ register, next }, index) => {
    const place = `${path}updates[${index}]`;
    const [from, to] = [resolve(register, `${place}.register`), resolve(next, `${place}.next`)];
    return at(place, () => buildUpdate(from, to, updated));
  });
  const inputs = readNamed(body.inputs, `${path}inputs`, resolve);
  for (const [name, tensor] of inputs) {
    if (!isNode(tensor.node, "input"))
      throw refuse(`${path}inputs`, `"${name}" is ${tensor.node.operation.name}, no input`);
  }
  return {
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(readNamed(body.outputs, `${path}outputs`, resolve)),
    updates,
  };
}

type Resolve = (reference: Reference, place: string) => Tensor;

function readNamed(named: readonly NamedJson[], path: string, resolve: Resolve): ReadonlyMap<string, Tensor> {
  const result = new Map<string, Tensor>();
  named.forEach(({ name, value }, index) => {
    const place = `${path}[${index}]`;
    if (result.has(name)) throw refuse(place, `"${name}" names two of them`);
    result.set(name, resolve(value, `${place}.value`));
  });
  return result;
}

function readNode(node: UncheckedNode, resolve: Resolve, reading: Reading): readonly Tensor[] {
  const { path, options, trace, depth } = reading;
  const attributes = at(`${path}.attributes`, () => readJsonRecord(node.attributes));
  const inputs = node.inputs.map((reference, index) => resolve(reference, `${path}.inputs[${index}]`));
  const types = node.types.map((type, index) => at(`${path}.types[${index}]`, () => readType(type)));
  const graphs = (node.graphs ?? []).map((graph, index) => {
    const place = `${path}.graphs[${index}]`;
    at(place, () => checkDepth(depth + 1, "graphs"));
    return readBody(checkBody(graph, place), { ...reading, path: `${place}.`, depth: depth + 1 });
  });
  return withOrigin(new Origin(node.scope ?? "", trace), () =>
    at(path, () => buildNode({ operation: node.operation, attributes, inputs, graphs, types }, options)),
  );
}

const readType = ({ dtype, shape }: TypeJson): TensorType => ({
  dtype,
  shape: checkShape(shape.map((size) => (typeof size === "number" ? size : parseDim(size)))),
});
