import {
  type Bindings,
  type Dim,
  SymbolicDim,
  bindDim,
  dimSymbols,
  divDims,
  equalDims,
  subDims,
} from "./dim.ts";
import { AdjointError } from "./error.ts";
import { mapGraph, mapRecord, nodesOf, registersOf, rootsOf } from "./graph.ts";
import { initialValue } from "./initial.ts";
import { own } from "./record.ts";
import { type Graph, type Node, type Tensor, apply, isNode, registerOf } from "./tensor.ts";
import { type Shape, equalShapes, shapeText, typeText } from "./shape.ts";
import type { TensorValue } from "./value.ts";

/** Values of registers by name. */
export type State = { readonly [register: string]: TensorValue };

/** What a run gives: outputs by name, and the registers after it. */
export interface Evaluation<O extends string = string> {
  readonly outputs: { readonly [name in O]: TensorValue };
  readonly state: State;
}

/**
 * Sizes of the symbols that make declared shapes fit the fed ones.
 * @throws AdjointError naming the input, when ranks or sizes contradict.
 */
export function solveSymbols(
  declared: readonly { readonly name: string; readonly shape: Shape; readonly fed: readonly number[] }[],
): Bindings {
  let bindings: Bindings = {};
  // Lone symbols first; a composed size (`2*batch`) is solved once it has one unknown left.
  const open = declared.flatMap(({ name, shape, fed }) => {
    if (shape.length !== fed.length) {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}`,
      );
    }
    return shape.map((size, axis) => ({ name, shape, fed, axis, size }));
  });
  let progress = true;
  while (progress) {
    progress = false;
    for (const { size, fed, axis } of open) {
      const bound = bindDim(size, bindings);
      const [symbol, ...others] = dimSymbols(bound);
      if (symbol === undefined || others.length > 0) continue;
      const solution = solveLinear(bound, symbol, fed[axis] ?? 0);
      if (solution === undefined) continue;
      bindings = { ...bindings, [symbol]: solution };
      progress = true;
    }
  }
  for (const { name, shape, fed, axis, size } of open) {
    const bound = bindDim(size, bindings);
    if (typeof bound !== "number") {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}: axis ${axis} does not give ${dimSymbols(bound).join(", ")} a size in ${size} = ${fed[axis]}`,
        "Sizes are whole numbers ≥ 0, and each symbol needs an axis that it decides alone.",
      );
    }
    if (!equalDims(bound, fed[axis] ?? 0)) {
      throw new AdjointError(
        "feed",
        `input "${name}"`,
        `is declared ${shapeText(shape)} and was fed ${shapeText(fed)}: axis ${axis} should be ${size}${typeof size === "number" ? "" : ` = ${bound}`}`,
      );
    }
  }
  return bindings;
}

/** The size of a symbol that makes a polynomial of it equal `target`; undefined where it is not linear. */
function solveLinear(polynomial: Dim, symbol: string, target: number): number | undefined {
  if (typeof polynomial === "number" || polynomial.terms.some((term) => term.symbols.length > 1))
    return undefined;
  const constant = bindDim(polynomial, { [symbol]: 0 });
  const factor = subDims(bindDim(polynomial, { [symbol]: 1 }), constant);
  const solution = divDims(subDims(target, constant), factor);
  return typeof solution === "number" && solution >= 0 ? solution : undefined;
}

/** The graph with symbols replaced by sizes, everywhere. */
export function specialize(graph: Graph, bindings: Bindings): Graph {
  if (Object.keys(bindings).length === 0) return graph;
  return mapGraph(graph, (node, inputs) => {
    const attributes = bindAttributes(node.attributes, bindings);
    const graphs = node.graphs.map((inner) => specialize(inner, bindings));
    const made = apply(node.operation, inputs, attributes, graphs, node.origin).outputs;
    made.forEach((output, index) => checkBound(node, node.outputs[index], output, bindings));
    return made;
  });
}

/** Refuses sizes for which a type that was inferred with symbols does not hold. */
function checkBound(node: Node, declared: Tensor | undefined, bound: Tensor, bindings: Bindings): void {
  const expected = declared?.shape.map((size) => bindDim(size, bindings)) ?? [];
  if (declared === undefined || equalShapes(expected, bound.shape)) return;
  const sizes = Object.entries(bindings).map(([symbol, size]) => `${symbol} = ${size}`);
  throw new AdjointError(
    "shape",
    node.operation.name,
    `${declared} is ${typeText(bound.type)} for ${sizes.join(", ")}, which its symbols don't say`,
    "Sizes with gaps between their elements hold from 1 on: feed at least one element, or declare the size as a number.",
  );
}

function bindAttributes(value: unknown, bindings: Bindings): unknown {
  if (value instanceof SymbolicDim) return bindDim(value, bindings);
  if (Array.isArray(value)) return value.map((element) => bindAttributes(element, bindings));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(value).map(([key, element]) => [key, bindAttributes(element, bindings)]),
    );
  }
  return value;
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
  // What only known tensors rest on is not wanted.
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

/** Options of a reference run. */
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
