import { currentOrigin, withOrigin } from "@adjoint/ir/graph";
import { malformed } from "../errors.ts";
import { type Operator, operatorKey } from "../operators/row.ts";
import type { FunctionSource, GraphSource, NodeSource, TensorProto } from "../proto/model.ts";
import { type Attributes, readAttributes } from "./attributes.ts";
import type { Budget } from "./budget.ts";
import { OperatorContext } from "./context.ts";
import { newestForm } from "./convert.ts";
import type { Knowledge } from "./known.ts";
import { Scope } from "./scope.ts";
import { SubGraph } from "./sub-graph.ts";
import { type HostTensor, NarrowTensor, type Value, asTensor, constantValue } from "./value.ts";
import type { Weights } from "./weights.ts";

/** The context of all graphs and functions of a model. */
export interface ModelContext {
  readonly operators: ReadonlyMap<string, Operator>;
  readonly functions: ReadonlyMap<string, FunctionSource>;
  readonly weights: Weights;
  readonly knowledge: Knowledge;
  readonly budget: Budget;
  /** Inputs that the caller could bind as constants. */
  readonly bindable: ReadonlySet<string>;
  /** Whether `toOnnx` wrote the model, which names nodes after their layers. */
  readonly isOurs: boolean;
}

/** The surroundings of the nodes of one graph or function body. */
export interface Surroundings {
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes of the function call around the nodes. */
  readonly outer: Attributes;
  readonly scope: Scope;
  /** The number of function calls around the nodes. */
  readonly depth: number;
}

/** Functions may call functions, but not themselves. */
const MAX_CALLS = 64;

/**
 * Gives a graph's initializers their names, as constants. Inputs of their names must be defined before.
 * @param read a tensor's elements.
 */
export function defineInitializers(
  { weights }: ModelContext,
  graph: GraphSource,
  scope: Scope,
  read: (tensor: TensorProto) => HostTensor,
): void {
  for (const tensor of graph.initializers) {
    const name = tensor.name ?? "";
    // Messages show the name, and an export writes it again.
    const value = withOrigin(currentOrigin().within(name), () => constantValue(read(tensor)));
    scope.define(name, value);
  }
  for (const sparse of graph.sparseInitializers)
    scope.define(sparse.values?.name ?? "", constantValue(weights.readSparse(sparse)));
}

/** Imports nodes in order; their outputs are then in the scope. */
export function importNodes(model: ModelContext, nodes: Iterable<NodeSource>, around: Surroundings): void {
  for (const node of nodes) {
    // Also where nothing is made of it: functions of nothing but calls double at each level.
    model.budget.take("nodes", 1);
    const name = node.name === "" ? (node.outputs.find((output) => output !== "") ?? "") : node.name;
    const scope = model.isOurs ? layerOf(name, node.operator) : name;
    const outputs = withOrigin(currentOrigin().within(scope), () => importNode(model, node, around));
    node.outputs.forEach((output, index) => {
      if (output === "") return;
      const value = outputs[index];
      if (value === undefined)
        throw malformed(`node "${name}" (${node.operator}) names output ${index}, which it does not have`);
      around.scope.define(output, value);
    });
  }
}

/** `dense_1` of `dense_1/MatMul_2`: another export then gives what the import made of the node its names. */
function layerOf(name: string, operator: string): string {
  const end = name.lastIndexOf("/");
  const isNamed = name.slice(end + 1).replace(/_\d+$/, "") === operator;
  return isNamed ? name.slice(0, Math.max(0, end)) : name;
}

function importNode(model: ModelContext, node: NodeSource, around: Surroundings): readonly Value[] {
  const owner = (): string => `node "${node.name}" (${node.operator})`;
  const inputs = node.inputs.map((name) => (name === "" ? undefined : around.scope.read(name, owner)));
  const attributes = readAttributes(owner, node.attributes, {
    weights: model.weights,
    outer: around.outer,
    subGraph: (source) => subGraphOf(model, source, around),
  });
  const key = operatorKey(node.domain, node.operator);
  const called = model.functions.get(key);
  if (called !== undefined) return callFunction(model, called, inputs, attributes, around);
  const row = model.operators.get(key);
  if (row === undefined) throw malformed(`${owner()} has no row`);
  const version = around.opsets.get(node.domain);
  if (version === undefined)
    throw malformed(`${owner()} is of domain "${node.domain}", whose version the model does not say`);
  const form = newestForm(row, version, { attributes, inputs });
  const context = new OperatorContext(
    key,
    // The row's own schema gave the attributes, so they are of the type that its importer takes.
    form.attributes as never,
    version,
    node.outputs.length,
    row.elements === undefined ? form.inputs : form.inputs.map(held),
    model.knowledge,
    model.budget,
    model.bindable,
    (name) => asTensor(around.scope.read(name, owner), owner()),
  );
  const outputs = context.guarded(() => row.import(context));
  const [moved] = form.inputs;
  if (row.elements !== "moved" || !(moved instanceof NarrowTensor)) return outputs;
  return outputs.map((output) => new NarrowTensor(asTensor(output, owner()), moved.type));
}

/** A tensor as its elements are held. */
const held = (value: Value | undefined): Value | undefined =>
  value instanceof NarrowTensor ? value.tensor : value;

function subGraphOf(model: ModelContext, source: GraphSource, around: Surroundings): SubGraph {
  return new SubGraph(source, (inputs) => {
    const scope = new Scope(around.scope);
    source.inputs.forEach(({ name }, index) => {
      const value = inputs[index];
      if (value !== undefined) scope.define(name, value);
    });
    defineInitializers(model, source, scope, (tensor) => model.weights.read(tensor));
    importNodes(model, source.nodes, { ...around, scope });
    return source.outputs.map(({ name }) => scope.read(name, () => "the sub-graph's output"));
  });
}

function callFunction(
  model: ModelContext,
  called: FunctionSource,
  inputs: readonly (Value | undefined)[],
  given: Attributes,
  { depth }: Surroundings,
): readonly Value[] {
  if (depth >= MAX_CALLS)
    throw malformed(`function "${called.name}" calls itself, or calls are nested too deep`);
  const owner = (): string => `function "${called.name}"`;
  const scope = new Scope();
  called.inputs.forEach((name, index) => {
    const value = inputs[index];
    if (value !== undefined) scope.define(name, value);
  });
  const missing = called.attributes.find((name) => !Object.hasOwn(given, name));
  if (missing !== undefined)
    throw malformed(`function "${called.name}" is called without attribute "${missing}"`);
  const defaults = readAttributes(owner, called.defaults, {
    weights: model.weights,
    outer: {},
    subGraph: (source) => subGraphOf(model, source, { opsets: called.opsets, outer: {}, scope, depth }),
  });
  // An input that the caller leaves out is absent for the nodes of the body too.
  const absent = new Set(called.inputs.filter((_, index) => inputs[index] === undefined));
  const nodes = called.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => (absent.has(name) ? "" : name)),
  }));
  const outer = { ...defaults, ...given };
  importNodes(model, nodes, { opsets: called.opsets, outer, scope, depth: depth + 1 });
  return called.outputs.map((name) => scope.read(name, owner));
}
