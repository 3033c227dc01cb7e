import { type Graph, type State, type Tensor, input } from "@adjoint/ir";
import {
  type AttributesOf,
  type NameOf,
  type Node,
  type Primitive,
  type PrimitiveName,
  apply,
  isNode,
  nodesOf,
  primitives,
  registerOf,
  registersOf,
  rootsOf,
} from "@adjoint/ir/graph";
import { type TensorValue, initialValue, isFloat } from "@adjoint/ir/values";
import {
  type Arithmetic,
  type Bounds,
  anything,
  at,
  bounds,
  doubles,
  exactly,
  flagged,
  flags,
  flushed,
  hosts,
} from "./bounds.ts";
import { contraction, multiplied, termsOf } from "./contractions.ts";
import { Sums, foldRules, placeOfExtreme, running } from "./folds.ts";
import { mapRules } from "./maps.ts";
import {
  OutsideAxis,
  Unpredictable,
  checkIndices,
  gathered,
  knownScalar,
  scattered,
  sorted,
} from "./ordering.ts";
import { Stack, sliceAt } from "./sequences.ts";

/** Values that are fed, and those that registers start from. */
export interface BoundedState {
  readonly [name: string]: Bounds;
}
export interface BoundedRun {
  readonly outputs: BoundedState;
  readonly state: BoundedState;
  /** It must fail: an index lies outside its axis. There are no outputs, and the registers are as they were. */
  readonly fails: boolean;
}

/** Bounds of the results of one primitive, from those of its operands. */
type Rule<N extends PrimitiveName> = (
  inputs: readonly Bounds[],
  node: Node<AttributesOf<N>>,
  arithmetic: Arithmetic,
) => readonly Bounds[];

/** The oracle's own values. */
function valuesOf<N extends PrimitiveName>(
  inputs: readonly Bounds[],
  node: Node<AttributesOf<N>>,
): readonly TensorValue[] {
  // A node of this name has the primitive of this name, which takes its attributes.
  const primitive = primitives[node.operation.name as N] as unknown as Primitive<N>;
  return primitive.evaluate(
    inputs.map(({ value }) => value),
    node,
  );
}

const first = (list: readonly Bounds[], index = 0): Bounds => {
  const found = list[index];
  if (found === undefined) throw new Error(`operand ${index} of ${list.length} is missing`);
  return found;
};

const theValue = (list: readonly TensorValue[], index = 0): TensorValue => {
  const found = list[index];
  if (found === undefined) throw new Error(`result ${index} of ${list.length} is missing`);
  return found;
};

/** The same node over doubles: moves the ends of intervals, and flags, as it moves elements. */
const twins = new WeakMap<Node, Node>();
function inDoubles(node: Node, inputs: readonly TensorValue[]): TensorValue {
  let twin = twins.get(node);
  if (twin === undefined) {
    const given = node.inputs.map((tensor, index) => input(`${index}`, "f64", tensor.shape));
    twin = apply(node.operation, given, node.attributes);
    twins.set(node, twin);
  }
  const { operation } = twin;
  if (operation.kind === "composite") throw new Error(`${operation.name} is a composite`);
  return theValue(operation.evaluate(inputs, twin as Node<never>));
}

const ends = (value: TensorValue): Float64Array => Float64Array.from(value.data, Number);

/** Data that is moved, and not changed. */
const moved = <N extends PrimitiveName>(
  inputs: readonly Bounds[],
  node: Node<AttributesOf<N>>,
): readonly Bounds[] => {
  const value = theValue(valuesOf<N>(inputs, node));
  if (inputs.every((given) => given.exact)) return [exactly(value)];
  const move = (of: (given: Bounds) => TensorValue): TensorValue => inDoubles(node, inputs.map(of));
  const low = ends(move((given) => doubles(given.value.shape, given.low)));
  const high = ends(move((given) => doubles(given.value.shape, given.high)));
  return [bounds(value, low, high, flagged(move((given) => flags(given.value.shape, given.nan))))];
};

const contracted =
  <N extends NameOf<"contract">>(name: N): Rule<N> =>
  (inputs, node) => {
    const value = theValue(valuesOf<N>(inputs, node));
    const multiply = (a: TensorValue, b: TensorValue): Float64Array =>
      isNode(node, "dotGeneral") ? multiplied(a, b, node.attributes) : ends(inDoubles(node, [a, b]));
    const terms = termsOf[name](node);
    return [
      contraction([first(inputs), first(inputs, 1)], value, { multiply, terms, pads: name !== "dotGeneral" }),
    ];
  };

const maps = Object.fromEntries(
  Object.entries(mapRules).map(([name, rule]) => [
    name,
    (inputs: readonly Bounds[], node: Node<never>, arithmetic: Arithmetic): readonly Bounds[] => [
      rule(inputs, { value: theValue(valuesOf(inputs, node)), arithmetic }),
    ],
  ]),
  // The table of the elementwise rules is total.
) as unknown as { readonly [N in NameOf<"map">]: Rule<N> };

const fold =
  <N extends keyof typeof foldRules>(name: N): Rule<N> =>
  (inputs, node, arithmetic) => [
    foldRules[name](first(inputs), node, theValue(valuesOf<N>(inputs, node)), arithmetic),
  ];

const unfed = (): never => {
  throw new Error("a source has no bounds of its own");
};

const rules: { readonly [N in PrimitiveName]: Rule<N> } = {
  ...maps,
  input: unfed,
  register: unfed,
  constant: (_, node) => [exactly(node.attributes.value)],
  iota: (inputs, node) => [exactly(theValue(valuesOf<"iota">(inputs, node)))],
  randomBits: (inputs, node) => {
    const value = theValue(valuesOf<"randomBits">(inputs, node));
    return [first(inputs).exact ? exactly(value) : anything(value)];
  },
  reduceSum: fold("reduceSum"),
  reduceProd: fold("reduceProd"),
  reduceMax: fold("reduceMax"),
  reduceMin: fold("reduceMin"),
  argMax: (inputs, node) => [
    placeOfExtreme(first(inputs), node.attributes.axis, theValue(valuesOf<"argMax">(inputs, node)), true),
  ],
  argMin: (inputs, node) => [
    placeOfExtreme(first(inputs), node.attributes.axis, theValue(valuesOf<"argMin">(inputs, node)), false),
  ],
  cumSum: (inputs, node, arithmetic) => [
    running(first(inputs), node.attributes, theValue(valuesOf<"cumSum">(inputs, node)), {
      isSum: true,
      arithmetic,
    }),
  ],
  cumProd: (inputs, node, arithmetic) => [
    running(first(inputs), node.attributes, theValue(valuesOf<"cumProd">(inputs, node)), {
      isSum: false,
      arithmetic,
    }),
  ],
  reshape: (inputs, node) => [{ ...first(inputs), value: theValue(valuesOf<"reshape">(inputs, node)) }],
  transpose: moved<"transpose">,
  broadcast: moved<"broadcast">,
  slice: moved<"slice">,
  pad: moved<"pad">,
  concat: moved<"concat">,
  flip: moved<"flip">,
  window: moved<"window">,
  windowSum: (inputs, node, arithmetic) => {
    const value = theValue(valuesOf<"windowSum">(inputs, node));
    const x = first(inputs);
    if (!isFloat(value.dtype)) return [x.exact ? exactly(value) : anything(value)];
    // Which windows hold an element is what the window's own view of places says.
    const { extents, ...attributes } = node.attributes;
    const places = doubles(
      extents.map(Number),
      Float64Array.from({ length: value.data.length }, (_, position) => position),
    );
    const view = apply(primitives.window, [input("0", "f64", places.shape)], attributes);
    const to = theValue(primitives.window.evaluate([places], view));
    const sums = new Sums(value.data.length);
    for (let index = 0; index < x.low.length; index++)
      sums.add(Number(to.data[index]), at(x.low, index), at(x.high, index), at(x.nan, index));
    return [sums.finish(value, arithmetic)];
  },
  dotGeneral: contracted("dotGeneral"),
  conv: contracted("conv"),
  convTranspose: contracted("convTranspose"),
  convWeight: contracted("convWeight"),
  gather: (inputs, node) => {
    const [data, indices] = [first(inputs), first(inputs, 1)];
    checkIndices(node, data, indices);
    return [gathered([data, indices], theValue(valuesOf<"gather">(inputs, node)))];
  },
  scatter: (inputs, node, arithmetic) => {
    const [data, indices] = [first(inputs), first(inputs, 1)];
    checkIndices(node, data, indices);
    return [
      scattered(
        [data, indices, first(inputs, 2)],
        theValue(valuesOf<"scatter">(inputs, node)),
        node.attributes.reduction,
        arithmetic,
      ),
    ];
  },
  sort: (inputs, node) => {
    const values = valuesOf<"sort">(inputs, node);
    return sorted(first(inputs), [theValue(values), theValue(values, 1)], node.attributes);
  },
  topK: (inputs, node) => {
    const values = valuesOf<"topK">(inputs, node);
    const { axis, largest } = node.attributes;
    return sorted(first(inputs), [theValue(values), theValue(values, 1)], { axis, descending: largest });
  },
  scan: scanned,
  if: (inputs, node, arithmetic) => {
    const [condition, ...used] = inputs;
    const branches = node.graphs.map((body) => () => boundBody(body, used, arithmetic));
    const known = knownScalar(condition);
    if (known !== undefined) return branches[known === 0 ? 1 : 0]?.() ?? [];
    try {
      branches.forEach((branch) => branch());
    } catch (error) {
      throw error instanceof OutsideAxis ? new Unpredictable() : error;
    }
    const values = valuesOf<"if">(inputs, node);
    return values.map(anything);
  },
  commit: (inputs) => [first(inputs)],
};

function scanned(
  inputs: readonly Bounds[],
  node: Node<AttributesOf<"scan">>,
  arithmetic: Arithmetic,
): readonly Bounds[] {
  const { carries, sequences, reverse } = node.attributes;
  const length = Number(node.attributes.length);
  const [body] = node.graphs;
  if (body === undefined) throw new Error("a scan without a body");
  let state = inputs.slice(0, carries);
  const results = node.outputs.slice(carries).map((output) => new Stack(output, length));
  for (let step = 0; step < length; step++) {
    const position = reverse ? length - 1 - step : step;
    const slices = inputs.slice(carries, carries + sequences).map((sequence) => sliceAt(sequence, position));
    const given = boundBody(body, [...state, ...slices, ...inputs.slice(carries + sequences)], arithmetic);
    state = given.slice(0, carries);
    given.slice(carries).forEach((result, index) => results[index]?.put(position, result));
  }
  return [...state, ...results.map((stack) => stack.finish())];
}

/** Bounds of the results of a body, from those of its inputs, in order. */
function boundBody(body: Graph, inputs: readonly Bounds[], arithmetic: Arithmetic): readonly Bounds[] {
  const known = new Map(Object.values(body.inputs).map((tensor, index) => [tensor, first(inputs, index)]));
  return boundTensors(Object.values(body.outputs), known, arithmetic);
}

function boundTensors(
  tensors: readonly Tensor[],
  known: ReadonlyMap<Tensor, Bounds>,
  arithmetic: Arithmetic,
): readonly Bounds[] {
  const results = new Map<Node, readonly Bounds[]>();
  const boundsOf = (tensor: Tensor): Bounds => {
    const found = known.get(tensor) ?? results.get(tensor.node)?.[tensor.index];
    if (found === undefined) throw new Error(`no bounds for ${tensor}`);
    return found;
  };
  for (const node of nodesOf(tensors)) {
    if (node.outputs.every((output) => known.has(output))) continue;
    const inputs = node.inputs.map(boundsOf);
    const [body] = node.graphs;
    const { operation } = node;
    const given =
      operation.kind === "composite"
        ? body === undefined
          ? []
          : boundBody(body, inputs, arithmetic)
        : // The rule of a primitive's name takes the attributes of its nodes.
          (rules[operation.name] as Rule<PrimitiveName>)(inputs, node as Node<never>, arithmetic);
    results.set(node, arithmetic.flushes ? given.map(flushed) : given);
  }
  return tensors.map(boundsOf);
}

/** Bounds of a static graph's outputs, and of its registers after the run. @throws Unpredictable if they are not known. */
export function boundGraph(
  graph: Graph,
  feeds: { readonly [input: string]: TensorValue },
  state: BoundedState,
  arithmetic: Arithmetic = hosts,
): BoundedRun {
  const settle = (given: Bounds): Bounds => (arithmetic.flushes ? flushed(given) : given);
  const known = new Map<Tensor, Bounds>();
  for (const [name, tensor] of Object.entries(graph.inputs)) {
    const fed = feeds[name];
    if (fed !== undefined) known.set(tensor, settle(exactly(fed)));
  }
  const roots = rootsOf(graph);
  for (const node of nodesOf([...roots, ...graph.updates.map(({ register }) => register)])) {
    const held = isNode(node, "register") ? state[node.attributes.name] : undefined;
    if (held !== undefined) known.set(node.output, settle(held));
  }
  let results: readonly Bounds[];
  try {
    results = boundTensors(roots, known, arithmetic);
  } catch (error) {
    if (!(error instanceof OutsideAxis)) throw error;
    // What nothing reads may not be looked up: the zeros of a running sum over one element, what a slice leaves out.
    const { node } = error;
    if (!roots.some((root) => root.node === node)) throw new Unpredictable();
    return { outputs: {}, state, fails: true };
  }
  const names = Object.keys(graph.outputs);
  const outputs = Object.fromEntries(names.map((name, index) => [name, first(results, index)]));
  const updates = graph.updates.map(({ register }, index) => [
    registerOf(register).name,
    first(results, names.length + index),
  ]);
  return { outputs, state: { ...state, ...Object.fromEntries(updates) }, fails: false };
}

/** The registers of graphs as they start. */
export function firstState(graphs: readonly Graph[], seed: number): BoundedState {
  const state: { [name: string]: Bounds } = {};
  for (const graph of graphs)
    for (const [name, attributes] of registersOf(graph))
      state[name] = exactly(initialValue(attributes, seed));
  return state;
}

/** The oracle's values of bounds. */
export const oracleOf = (state: BoundedState): State =>
  Object.fromEntries(Object.entries(state).map(([name, { value }]) => [name, value]));
