import type { Tensor } from "@adjoint/ir";
import { type Node, evaluateTensors, isNode, nodesOf, uniformConstant } from "@adjoint/ir/graph";
import {
  AdjointError,
  type DType,
  type Dim,
  type TensorValue,
  addDims,
  divDims,
  elementCount,
  elementReader,
  equalDims,
  isInteger,
  isStatic,
  mulDims,
  own,
  shapeSize,
  subDims,
  valueOf,
} from "@adjoint/ir/values";
import type { Budget } from "./budget.ts";

/** Elements known before the run; those of shapes may hold symbols. */
interface Known {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly dims: readonly Dim[];
}

type Result = TensorValue | Known | undefined;

/** Symbolic values are shapes; longer ones are data. */
const MAX_DIMS = 64;

const isValue = (result: Result): result is TensorValue => result !== undefined && "data" in result;

/**
 * Facts about tensors that are known before a run: values by the reference semantics of the operations, and where sizes are
 * symbols, sums and products of them. Everything is computed once and only when asked for.
 */
export class Knowledge {
  readonly #results = new Map<Node, readonly Result[]>();
  /** Steps of the nodes that were not computed because of their cost. */
  readonly #costly = new Map<Node, number>();
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The value of a tensor that rests on constants alone. */
  valueOf(tensor: Tensor): TensorValue | undefined {
    const result = this.#resultOf(tensor);
    return isValue(result) ? result : undefined;
  }

  /** The elements of an integer tensor, symbols among them, row-major. */
  dimsOf(tensor: Tensor): readonly Dim[] | undefined {
    const result = this.#resultOf(tensor);
    return result === undefined ? undefined : asKnown(result)?.dims;
  }

  /** @throws LimitError if a value is unknown because of what it costs. */
  checkLimit(tensor: Tensor, operation: string): void {
    if (this.#costly.size === 0) return;
    for (const node of nodesOf([tensor])) {
      const steps = this.#costly.get(node);
      if (steps !== undefined) throw this.#budget.error("elements", steps, operation);
    }
  }

  #resultOf(tensor: Tensor): Result {
    // Explicit stack: graphs are often deeper than the call stack.
    const stack = [tensor.node];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const open = this.#results.has(node)
        ? []
        : node.inputs.map((input) => input.node).filter((input) => !this.#results.has(input));
      for (const input of open) stack.push(input);
      if (open.length === 0) {
        if (!this.#results.has(node)) this.#results.set(node, this.#compute(node));
        stack.pop();
      }
    }
    return this.#results.get(tensor.node)?.[tensor.index];
  }

  #compute(node: Node): readonly Result[] {
    const inputs = node.inputs.map((input) => this.#results.get(input.node)?.[input.index]);
    if (inputs.every(isValue)) return this.#evaluate(node, inputs);
    const result = symbolic(node, inputs);
    return [result === undefined ? undefined : settled(result)];
  }

  #evaluate(node: Node, inputs: readonly TensorValue[]): readonly Result[] {
    if (isNode(node, "constant")) return [node.attributes.value];
    if (node.operation.kind === "control" || isNode(node, "input") || isNode(node, "register")) return [];
    const steps = stepsOf(node);
    // Larger values are computed at the run.
    if (steps > this.#budget.mostAtOnce || !this.#budget.has("elements", steps)) {
      this.#costly.set(node, steps);
      return [];
    }
    this.#budget.take("elements", steps);
    try {
      return valuesOf(node, inputs);
    } catch (error) {
      // An index outside its axis, for example: the run will say so.
      if (error instanceof AdjointError) return [];
      throw error;
    }
  }
}

/** The values of one node's outputs, whatever it stands in. */
function valuesOf(node: Node, inputs: readonly TensorValue[]): readonly TensorValue[] {
  const { operation } = node;
  // The node was made by this operation, so its attributes are the operation's.
  if (operation.kind !== "composite") return operation.evaluate(inputs, node as Node<never>);
  const [body] = node.graphs;
  if (body === undefined) return [];
  const known = new Map<Tensor, TensorValue>();
  Object.values(body.inputs).forEach((tensor, index) => {
    const value = inputs[index];
    if (value !== undefined) known.set(tensor, value);
  });
  return evaluateTensors(Object.values(body.outputs), known);
}

const sizeOf = ({ shape }: Tensor): number => (isStatic(shape) ? elementCount(shape) : Infinity);

/**
 * Scalar steps that a node takes, those of a composite's body among them: each element is read or written once, and a
 * contraction meets each pair of elements at most once.
 */
function stepsOf(node: Node): number {
  const { operation, inputs, outputs, graphs } = node;
  if (operation.kind === "control") return Infinity;
  if (operation.kind === "composite")
    return nodesOf(Object.values(graphs[0]?.outputs ?? {})).reduce((sum, inner) => sum + stepsOf(inner), 0);
  const read =
    operation.kind === "contract"
      ? inputs.reduce((product, input) => product * sizeOf(input), 1)
      : inputs.reduce((sum, input) => sum + sizeOf(input), 1);
  return outputs.reduce((sum, output) => sum + sizeOf(output), read);
}

/** A value of few integers as sizes. */
function asKnown(result: TensorValue | Known): Known | undefined {
  if (!isValue(result)) return result;
  if (!(isInteger(result.dtype) || result.dtype === "bool") || result.data.length > MAX_DIMS)
    return undefined;
  const read = elementReader(result);
  const dims = Array.from({ length: result.data.length }, (_, index) => Number(read(index)));
  return { dtype: result.dtype, shape: result.shape, dims };
}

/** A value again, once no symbol is left. */
const settled = (known: Known): Result =>
  isStatic(known.dims) ? valueOf(known.dtype, known.shape, known.dims) : known;

/** The result of an operation on sizes, as far as it is an integer polynomial of them. */
function symbolic(node: Node, inputs: readonly Result[]): Known | undefined {
  const [first] = node.inputs;
  const { dtype, shape } = node.output;
  if (!isStatic(shape) || elementCount(shape) > MAX_DIMS) return undefined;
  // The size of a symbolic axis as a tensor: a sum of ones.
  if (isNode(node, "reduceSum") && inputs[0] === undefined && first !== undefined && shape.length === 0) {
    const element = uniformConstant(first);
    return element === undefined
      ? undefined
      : { dtype, shape, dims: [mulDims(Number(element), shapeSize(first.shape))] };
  }
  const known = inputs.map((input) => (input === undefined ? undefined : asKnown(input)));
  if (!known.every((input) => input !== undefined)) return undefined;
  const [a, b] = known;
  if (MOVES.has(node.operation.name) || node.operation.kind === "view") return moved(node, known);
  if (a === undefined) return undefined;
  if (isNode(node, "cast")) return isInteger(dtype) ? { ...a, dtype } : undefined;
  const fold = own(folds, node.operation.name);
  if (fold !== undefined && shape.length === 0) return elementwise(dtype, shape, [a.dims.reduce(...fold)]);
  const rule = own(rules, node.operation.name);
  if (rule === undefined) return undefined;
  return elementwise(
    dtype,
    shape,
    a.dims.map((size, index) => rule(size, b?.dims[index] ?? 0)),
  );
}

function elementwise(
  dtype: DType,
  shape: readonly number[],
  dims: readonly (Dim | undefined)[],
): Known | undefined {
  return dims.every((size) => size !== undefined) ? { dtype, shape, dims } : undefined;
}

type DimRule = (a: Dim, b: Dim) => Dim | undefined;

/** Elementwise arithmetic on sizes; undefined if the symbols decide. */
const rules: { readonly [operation: string]: DimRule | undefined } = {
  add: addDims,
  sub: subDims,
  mul: mulDims,
  div: divDims,
  neg: (a) => mulDims(a, -1),
  max: (a, b) => (equalDims(a, b) ? a : undefined),
  min: (a, b) => (equalDims(a, b) ? a : undefined),
  equal: (a, b) => (equalDims(a, b) ? 1 : neverNegative(a, b) ? 0 : undefined),
};

/** A size is not −1, which ONNX's shapes use as a mark. */
const neverNegative = (a: Dim, b: Dim): boolean =>
  (typeof a === "number" && a < 0) || (typeof b === "number" && b < 0) || isBothNumbers(a, b);
const isBothNumbers = (a: Dim, b: Dim): boolean => typeof a === "number" && typeof b === "number";

const folds: { readonly [operation: string]: [(a: Dim, b: Dim) => Dim, Dim] | undefined } = {
  reduceSum: [addDims, 0],
  reduceProd: [mulDims, 1],
};

/** Operations beside the views that only move elements. */
const MOVES: ReadonlySet<string> = new Set(["gather", "where"]);

/** Runs an operation that only moves elements on their numbers in a pool, and takes the sizes from there. */
function moved(node: Node, inputs: readonly Known[]): Known | undefined {
  if (node.operation.kind === "composite") return undefined;
  const pool: Dim[] = [];
  const labels = inputs.map(({ shape, dims }): TensorValue => {
    const start = pool.length;
    pool.push(...dims);
    return valueOf(
      "i32",
      shape,
      dims.map((_, index) => start + index),
    );
  });
  // Indices and conditions are not moved: they keep their values.
  const decider = node.operation.name === "gather" ? 1 : node.operation.name === "where" ? 0 : undefined;
  const deciding = decider === undefined ? undefined : inputs[decider];
  if (decider !== undefined && deciding !== undefined) {
    if (!isStatic(deciding.dims)) return undefined;
    labels[decider] = valueOf(deciding.dtype, deciding.shape, deciding.dims);
  }
  // The node was made by this operation, so its attributes are the operation's.
  const [result] = node.operation.evaluate(labels, node as Node<never>);
  if (result === undefined) return undefined;
  const read = elementReader(result);
  const dims = Array.from({ length: result.data.length }, (_, index) => pool[Number(read(index))]);
  return elementwise(node.output.dtype, result.shape, dims);
}
