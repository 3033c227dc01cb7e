import type { Bindings } from "./dim.ts";
import { AdjointError } from "./error.ts";
import { registersOf } from "./registers.ts";
import { mapRecord, nodesOf, rootsOf } from "./walk.ts";
import { initialValue } from "./initial.ts";
import { own } from "./record.ts";
import { type Graph, type Node, type Tensor, isNode, registerOf } from "./tensor.ts";
import { equalShapes, typeText } from "./shape.ts";
import { solveSymbols, specialize } from "./symbols.ts";
import type { TensorValue } from "./value.ts";

/** Values of registers by name. */
export type State = { readonly [register: string]: TensorValue };

/** Result of a run: outputs by name, and the registers after it. */
export interface Evaluation<O extends string = string> {
  readonly outputs: { readonly [name in O]: TensorValue };
  readonly state: State;
}

/** The values of tensors of a static graph, given those of some (inputs, registers, or any others). */
export function evaluateTensors(
  tensors: readonly Tensor[],
  known: ReadonlyMap<Tensor, TensorValue>,
): readonly TensorValue[] {
  const results = new Map<Node, readonly TensorValue[]>();
  const at = (tensor: Tensor): TensorValue => {
    const value = known.get(tensor) ?? results.get(tensor.node)?.[tensor.index];
    if (value === undefined) throw new AdjointError("graph", "evaluate", `no value for ${tensor}`);
    return value;
  };
  const order = nodesOf(tensors);
  const wanted = new Set(tensors.map((tensor) => tensor.node));
  const isKnown = (node: Node): boolean => node.outputs.every((output) => known.has(output));
  // Nodes that only known tensors need are not computed.
  for (const node of order.toReversed())
    if (wanted.has(node) && !isKnown(node)) for (const tensor of node.inputs) wanted.add(tensor.node);
  for (const node of order) {
    if (!wanted.has(node) || isKnown(node)) continue;
    const inputs = node.inputs.map(at);
    const [body] = node.graphs;
    results.set(
      node,
      node.operation.kind === "composite" && body !== undefined
        ? evaluateBody(body, inputs)
        : node.operation.kind === "composite"
          ? []
          : node.operation.evaluate(inputs, node as Node<never>),
    );
  }
  return tensors.map(at);
}

/** A sub-graph's outputs from its inputs, in order. */
export function evaluateBody(body: Graph, inputs: readonly TensorValue[]): readonly TensorValue[] {
  const known = new Map<Tensor, TensorValue>();
  Object.values(body.inputs).forEach((tensor, index) => {
    const value = inputs[index];
    if (value !== undefined) known.set(tensor, value);
  });
  return evaluateTensors(Object.values(body.outputs), known);
}

export interface EvaluateOptions {
  /** Registers by name; those absent start from their initial value. */
  readonly state?: State;
  readonly seed?: number;
  /** Symbols that no input binds. */
  readonly bindings?: Bindings;
}

/**
 * Runs a graph by the reference semantics of its primitives, node by node: slow, and the oracle for every backend.
 * @throws AdjointError for missing, extra or misfitting feeds.
 */
export function evaluate<O extends string>(
  graph: Graph<string, O>,
  feeds: { readonly [input: string]: TensorValue } = {},
  options: EvaluateOptions = {},
): Evaluation<O> {
  const declared = Object.entries(graph.inputs).map(([name, tensor]) => {
    const fed = own(feeds, name);
    if (fed === undefined)
      throw new AdjointError("feed", `input "${name}"`, `of type ${typeText(tensor.type)} was not fed`);
    if (fed.dtype !== tensor.dtype)
      throw new AdjointError("feed", `input "${name}"`, `is ${tensor.dtype} and was fed ${fed.dtype}`);
    return { name, shape: tensor.shape, fed: fed.shape };
  });
  const extra = Object.keys(feeds).find((name) => !Object.hasOwn(graph.inputs, name));
  if (extra !== undefined)
    throw new AdjointError(
      "feed",
      `input "${extra}"`,
      "is not among the graph's inputs",
      `They are ${Object.keys(graph.inputs).join(", ")}.`,
    );
  const bound = specialize(graph, { ...options.bindings, ...solveSymbols(declared) });
  const state = new Map<string, TensorValue>();
  for (const [name, register] of registersOf(bound)) {
    const value = own(options.state ?? {}, name) ?? initialValue(register, options.seed ?? 0);
    if (value.dtype !== register.dtype || !equalShapes(value.shape, register.shape)) {
      throw new AdjointError(
        "state",
        `register "${name}"`,
        `is ${typeText(register)} and was given ${typeText(value)}`,
      );
    }
    state.set(name, value);
  }
  const known = new Map<Tensor, TensorValue>();
  for (const [name, tensor] of Object.entries(bound.inputs)) {
    const fed = own(feeds, name);
    if (fed !== undefined) known.set(tensor, fed);
  }
  for (const node of nodesOf([...rootsOf(bound), ...bound.updates.map((update) => update.register)])) {
    const value = isNode(node, "register") ? state.get(node.attributes.name) : undefined;
    if (value !== undefined) known.set(node.output, value);
  }
  const values = evaluateTensors(rootsOf(bound), known);
  const byRoot = new Map(rootsOf(bound).map((root, index) => [root, values[index]]));
  const valueOfRoot = (root: Tensor): TensorValue => {
    const value = byRoot.get(root);
    if (value === undefined) throw new AdjointError("graph", "evaluate", `no value for ${root}`);
    return value;
  };
  for (const { register, next } of bound.updates) state.set(registerOf(register).name, valueOfRoot(next));
  // specialize keeps the names of outputs.
  const outputs = mapRecord(bound.outputs as Graph<string, O>["outputs"], valueOfRoot);
  return { outputs, state: Object.fromEntries(state) };
}
