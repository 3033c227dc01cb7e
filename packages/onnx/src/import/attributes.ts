import { malformed, unsupported } from "../errors.ts";
import type { AttributeSource, GraphSource, TypeSource } from "../proto/model.ts";
import type { SubGraph } from "./sub-graph.ts";
import type { HostTensor } from "./value.ts";
import type { Weights } from "./weights.ts";

/** A value of an attribute as rows see it, before their schema checks it. */
export type Attribute =
  | number
  | bigint
  | string
  | readonly (number | bigint)[]
  | readonly string[]
  | HostTensor
  | TypeSource
  | SubGraph;

export type Attributes = { readonly [name: string]: Attribute };

/** Shared by all nodes that have none. */
export const noAttributes: Attributes = {};

/** The parts of the graph around them that reading attributes needs. */
export interface AttributeReader {
  readonly weights: Weights;
  /** Attributes of the function call that the node is in. */
  readonly outer: Attributes;
  subGraph(source: GraphSource): SubGraph;
}

/** Attributes by name; one that refers to an attribute that the caller did not give is absent. */
export function readAttributes(
  owner: () => string,
  sources: readonly AttributeSource[],
  reader: AttributeReader,
): Attributes {
  if (sources.length === 0) return noAttributes;
  const attributes = new Map<string, Attribute>();
  for (const source of sources) {
    if (attributes.has(source.name)) throw malformed(`${owner()} has two attributes "${source.name}"`);
    const value = readAttribute(owner, source, reader);
    if (value !== undefined) attributes.set(source.name, value);
  }
  return Object.fromEntries(attributes);
}

function readAttribute(
  owner: () => string,
  source: AttributeSource,
  { outer, weights, subGraph }: AttributeReader,
): Attribute | undefined {
  switch (source.kind) {
    case "reference":
      return Object.hasOwn(outer, source.value) ? outer[source.value] : undefined;
    case "tensor":
      return weights.read(source.value);
    case "sparseTensor":
      return weights.readSparse(source.value);
    case "graph":
      return subGraph(source.value);
    case "other":
      throw unsupported(`attributes of type ${source.value}`, `${owner()}, attribute "${source.name}"`);
    default:
      return source.value;
  }
}
