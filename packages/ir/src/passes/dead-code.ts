import { numbered } from "../closure.ts";
import { hasBodies, nodesOf, rootsOf } from "../walk.ts";
import { type Graph, type Node, type Tensor, again, isNode } from "../tensor.ts";
import { filled } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import { type Pass, rewriteBy } from "./driver.ts";

/** The outputs and inputs of a loop or branch that are needed, by index. */
interface Need {
  /** Outputs of the body. */
  readonly results: readonly number[];
  /** Inputs of the body. */
  readonly parameters: readonly number[];
}

/** Indices in a list that hold one of these. */
const placesOf = <T>(list: readonly T[], wanted: ReadonlySet<T>): number[] =>
  list.flatMap((element, index) => (wanted.has(element) ? [index] : []));

const at = <T>(list: readonly T[], places: readonly number[]): readonly T[] =>
  places.flatMap((place) => list.slice(place, place + 1));

/** The tensors below the roots that they need, with control flow looked into. */
function demand(roots: readonly Tensor[]): {
  readonly read: ReadonlySet<Tensor>;
  readonly needs: ReadonlyMap<Node, Need>;
} {
  const read = new Set<Tensor>(roots);
  const needs = new Map<Node, Need>();
  // Users come before what they use.
  for (const node of nodesOf(roots).toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) continue;
    const need = needOf(node, read);
    if (need === undefined) {
      for (const input of node.inputs) read.add(input);
      continue;
    }
    needs.set(node, need);
    // A condition comes before the operands of the branches.
    const shift = isNode(node, "if") ? 1 : 0;
    if (shift > 0) read.add(operand(node.inputs, 0));
    for (const place of need.parameters) read.add(operand(node.inputs, place + shift));
  }
  return { read, needs };
}

/** The indices of the parameters that some results of a body need. */
function parametersFor(body: Graph, results: readonly number[]): readonly number[] {
  const { read } = demand(at(Object.values(body.outputs), results));
  return placesOf(Object.values(body.inputs), read);
}

function needOf(node: Node, read: ReadonlySet<Tensor>): Need | undefined {
  const used = placesOf(node.outputs, read);
  if (isNode(node, "if")) {
    const parameters = node.graphs.flatMap((body) => parametersFor(body, used));
    return { results: used, parameters: [...new Set(parameters)].toSorted((a, b) => a - b) };
  }
  const [body] = node.graphs;
  if (!isNode(node, "scan") || body === undefined) return undefined;
  const { carries } = node.attributes;
  // A carry that a needed result reads is needed itself in every step but the last.
  let results = used;
  for (;;) {
    const parameters = parametersFor(body, results);
    const more = parameters.filter((place) => place < carries && !results.includes(place));
    if (more.length > 0) results = [...results, ...more].toSorted((a, b) => a - b);
    else {
      // A needed carry keeps its place among the parameters, read or not.
      const kept = new Set([...parameters, ...results.filter((place) => place < carries)]);
      return { results, parameters: [...kept].toSorted((a, b) => a - b) };
    }
  }
}

const part = (body: Graph, { results, parameters }: Need): Graph => ({
  inputs: numbered(at(Object.values(body.inputs), parameters)),
  outputs: numbered(at(Object.values(body.outputs), results)),
  updates: [],
});

const isWhole = (node: Node, { results, parameters }: Need): boolean =>
  results.length === node.outputs.length &&
  parameters.length === Object.keys(node.graphs[0]?.inputs ?? {}).length;

function shortened(node: Node, need: Need): readonly Tensor[] | undefined {
  const bodies = node.graphs.map((body) => part(body, need));
  if (isNode(node, "if")) {
    const used = at(node.inputs.slice(1), need.parameters);
    return again(node, [operand(node.inputs, 0), ...used], {}, bodies).outputs;
  }
  if (!isNode(node, "scan")) return undefined;
  const { attributes } = node;
  const isCarry = (place: number): boolean => place < attributes.carries;
  const carries = need.parameters.filter(isCarry).length;
  const sequences =
    need.parameters.filter((place) => place < attributes.carries + attributes.sequences).length - carries;
  const inputs = at(node.inputs, need.parameters);
  return again(node, inputs, { ...attributes, carries, sequences }, bodies).outputs;
}

/**
 * Dead code. Nodes that nothing reads are not in a graph at all; this pass removes outputs of loops and branches that
 * nothing reads, the carries that only they need, and operands that no body needs any more.
 */
export const deadCode: Pass = rewriteBy("dead code", (graph) => {
  if (!hasBodies(graph)) return undefined;
  const { needs } = demand(rootsOf(graph));
  return (node, _, original) => {
    const need = needs.get(original);
    if (need === undefined || isWhole(node, need)) return undefined;
    const outputs = shortened(node, need);
    if (outputs === undefined) return undefined;
    return {
      rule: "unread outputs and operands",
      // Nothing reads what stands for an unread output.
      replacement: node.outputs.map(
        ({ dtype, shape }, place) => outputs[need.results.indexOf(place)] ?? filled(0, dtype, shape),
      ),
    };
  };
});
