import { AdjointError } from "../error.ts";
import { registerClash } from "../registers.ts";
import { graphNodes, nodesOf, rootsOf } from "../walk.ts";
import { type Graph, type Node, type Tensor, isNode } from "../tensor.ts";
import { withOrigin } from "../origin.ts";
import { isDefined } from "../primitive.ts";
import { safeParse } from "../schema.ts";
import type { RegisterAttributes } from "../primitive-set.ts";
import { type TensorType, equalTypes, typeText } from "../shape.ts";

/** The position of a graph among nested ones. */
interface Place {
  /** Said in messages: after which pass, and in which body. */
  readonly where: string;
  /** A body reads its parameters alone: no registers, no updates. */
  readonly isBody: boolean;
}

/**
 * Verifies the invariants of graphs: nodes come after their inputs, types follow from the operations' rules, attributes
 * fit their schemas, all inputs are declared, registers agree and are updated once with their own type, bodies are
 * closed, and no `commit` is left.
 * @param where said in the message, such as `after the pass "fold"`.
 * @throws AdjointError that names the node and what is wrong with it.
 */
export function check(graph: Graph, where = ""): void {
  checkGraph(graph, { where, isBody: false }, new Set());
}

function refuse({ where }: Place, problem: string, node?: Node): never {
  const fail = (): never => {
    throw new AdjointError("graph", "check", `${problem}${where === "" ? "" : `, ${where}`}`);
  };
  return node === undefined ? fail() : withOrigin(node.origin, fail);
}

function checkGraph(graph: Graph, place: Place, done: Set<Graph>): void {
  if (done.has(graph)) return;
  done.add(graph);
  checkInputs(graph, place);
  const seen = new Set<Node>();
  const registers = new Map<string, Tensor>();
  const register = (node: Node<RegisterAttributes>): void => {
    const { name } = node.attributes;
    const other = registers.get(name);
    const clash = other && registerClash(other, node.output);
    if (clash !== undefined) refuse(place, clash, node);
    registers.set(name, node.output);
  };
  for (const node of graphNodes(graph)) {
    for (const input of node.inputs) {
      // An order that puts inputs first exists in acyclic graphs only.
      if (!seen.has(input.node)) refuse(place, `${node.output} is among its own inputs`, node);
    }
    seen.add(node);
    checkNode(node, place);
    if (isNode(node, "commit")) refuse(place, `${node.output} is left: program() collects commits`, node);
    if (isNode(node, "register")) {
      if (place.isBody) refuse(place, `the body reads ${node.output}, which is not a parameter`, node);
      register(node);
    }
    for (const inner of node.graphs) {
      const where = [`in the body of ${node.output}`, place.where].filter((part) => part !== "").join(", ");
      checkGraph(inner, { where, isBody: true }, done);
    }
  }
  checkUpdates(graph, place, register);
}

function checkInputs(graph: Graph, place: Place): void {
  const declared = new Set<Node>();
  for (const [name, tensor] of Object.entries(graph.inputs)) {
    if (!isNode(tensor.node, "input")) refuse(place, `input "${name}" is ${tensor}`, tensor.node);
    declared.add(tensor.node);
  }
  for (const node of nodesOf(rootsOf(graph))) {
    if (isNode(node, "input") && !declared.has(node))
      refuse(place, `the graph reads ${node.output}, which is not among its inputs`, node);
  }
}

function checkUpdates(graph: Graph, place: Place, declare: (node: Node<RegisterAttributes>) => void): void {
  if (place.isBody && graph.updates.length > 0) refuse(place, "a body has updates");
  const updated = new Set<string>();
  for (const { register, next } of graph.updates) {
    const { node } = register;
    if (!isNode(node, "register")) return refuse(place, `${register} is updated and is not a register`, node);
    declare(node);
    const { name } = node.attributes;
    if (updated.has(name)) refuse(place, `register "${name}" has two updates`, node);
    updated.add(name);
    if (!equalTypes(node.attributes, next.type)) {
      refuse(
        place,
        `register "${name}" is ${typeText(node.attributes)} and its update is ${next}`,
        next.node,
      );
    }
  }
}

function checkNode(node: Node, place: Place): void {
  const { operation, attributes, inputs, outputs, graphs } = node;
  if (operation.kind !== "composite" && !isDefined(operation))
    refuse(place, `${operation.name} is not the primitive of that name`, node);
  outputs.forEach((output, index) => {
    if (output.node !== node || output.index !== index)
      refuse(place, `output ${index} of ${operation.name} belongs to another node`, node);
  });
  for (const input of inputs) {
    if (input.node.outputs[input.index] !== input)
      refuse(place, `${operation.name} reads ${input}, which is not an output of its node`, node);
  }
  const parsed = safeParse<unknown>(operation.attributes, attributes);
  if (!parsed.success) {
    const issues = parsed.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    refuse(place, `${node.output} has attributes that do not fit (${issues.join("; ")})`, node);
  }
  const types = inferred(node, place);
  const same =
    types.length === outputs.length &&
    outputs.every((output, index) =>
      equalTypes(output.type, types[index] ?? { ...output.type, shape: [-1] }),
    );
  if (!same) {
    refuse(
      place,
      `${operation.name} says ${typesText(outputs)} and its rule gives ${typesText(types)}`,
      node,
    );
  }
  if (operation.kind === "composite") checkComposite(node, place);
  else if (operation.kind !== "control" && graphs.length > 0)
    refuse(place, `${node.output} has a body`, node);
}

const typesText = (types: readonly (TensorType | Tensor)[]): string =>
  types.map(({ dtype, shape }) => typeText({ dtype, shape })).join(", ");

function inferred(node: Node, place: Place): readonly TensorType[] {
  try {
    // The schema has just accepted the attributes as the operation's.
    return node.operation.infer(node.inputs, node.attributes as never, node.graphs);
  } catch (error) {
    if (error instanceof AdjointError)
      refuse(place, `${node.operation.name} does not type: ${error.message}`, node);
    throw error;
  }
}

function checkComposite(node: Node, place: Place): void {
  const [body, ...others] = node.graphs;
  if (body === undefined || others.length > 0) {
    refuse(place, `${node.operation.name} has ${node.graphs.length} bodies instead of one`, node);
  }
  const parameters = Object.values(body.inputs);
  const fits =
    parameters.length === node.inputs.length &&
    parameters.every((parameter, index) =>
      equalTypes(parameter.type, node.inputs[index]?.type ?? { ...parameter.type, shape: [-1] }),
    );
  if (!fits) {
    refuse(
      place,
      `the body of ${node.operation.name} takes ${typesText(parameters)} and gets ${typesText(node.inputs)}`,
      node,
    );
  }
}
