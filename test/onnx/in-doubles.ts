import { type Graph, type Tensor, cast, constant, input, iota, toNumbers, valueOf } from "@adjoint/ir";
import { type Node, applyComposite, isNode, mapGraph, rebuild } from "@adjoint/ir/graph";

/** The same function in f64 wherever it was in f32: differences of it show derivatives to ten digits. */
export const inDoubles = (graph: Graph): Graph => mapGraph(graph, doubled);

function doubled(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { operation, attributes } = node;
  if (isNode(node, "input") && node.attributes.dtype === "f32")
    return [input(node.attributes.name, "f64", node.attributes.shape)];
  if (isNode(node, "constant") && node.attributes.value.dtype === "f32") {
    const { value } = node.attributes;
    return [constant(valueOf("f64", value.shape, toNumbers(value)))];
  }
  if (isNode(node, "iota") && node.attributes.dtype === "f32")
    return [iota("f64", node.attributes.shape, node.attributes.axis)];
  if (isNode(node, "cast") && node.attributes.dtype === "f32")
    return inputs.map((operand) => cast(operand, "f64"));
  if (isNode(node, "bitcast") || isNode(node, "randomBits"))
    throw new TypeError(`${operation.name} has no form in f64`);
  if (operation.kind === "composite") return applyComposite(operation, inputs, attributes);
  return node.graphs.length === 0 ? undefined : rebuild(node, inputs, node.graphs.map(inDoubles)).outputs;
}
