import { AdjointError } from "../error.ts";
import { type Node, type Tensor } from "../tensor.ts";
import { broadcast } from "../ops/broadcast.ts";
import { constant, uniformConstant } from "../ops/source.ts";
import type { Kind } from "../primitive-set.ts";
import { type Match, type Rule, rewrite, rule, ruleForKinds } from "./rewrite.ts";
import type { Pass } from "./driver.ts";
import { elementCount, isStatic } from "../shape.ts";
import { type TensorValue, valueOf, zeroValue } from "../value.ts";
import { madeBy, under, valueIn } from "./facts.ts";

/** Limits of what may be computed ahead. */
export interface FoldOptions {
  /** Results of up to so many elements are kept as constants; longer ones only if they are no longer than the operands. */
  readonly maxElements?: number;
  /** Scalar steps that one operation may take in the reference evaluator. */
  readonly maxWork?: number;
}

/** Kinds whose results are known when their operands are. Control flow is not: a loop may take any time. */
const FOLDED = [
  "map",
  "reduce",
  "cumulative",
  "view",
  "contract",
  "index",
  "order",
] as const satisfies Kind[];

/** A static tensor's number of elements; Infinity if it depends on symbols. */
const sizeOf = ({ shape }: Tensor): number => (isStatic(shape) ? elementCount(shape) : Infinity);

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/** Counts of up to so many elements are known; longer ones are cheaper to count than to read. */
const SHORT_IOTA = 16;

/** The value of a constant, and of a repeated constant or an iota that is short. */
function known(tensor: Tensor, maxElements: number): TensorValue | undefined {
  const value = valueIn(tensor);
  const size = sizeOf(tensor);
  if (value !== undefined || size > maxElements) return value;
  const repeated = valueIn(under(tensor, "broadcast") ?? tensor);
  if (repeated !== undefined) return evaluated(tensor.node, [repeated])?.[tensor.index];
  const isShort = size <= SHORT_IOTA && madeBy(tensor, "iota") !== undefined;
  return isShort ? evaluated(tensor.node, [])?.[tensor.index] : undefined;
}

/** A node's values; undefined if it refuses, as gather refuses an index outside its axis: the run will say so. */
function evaluated(node: Node, inputs: readonly TensorValue[]): readonly TensorValue[] | undefined {
  if (node.operation.kind === "composite") return undefined;
  try {
    // The node was made by this operation, so its attributes are the operation's.
    return node.operation.evaluate(inputs, node as Node<never>);
  } catch (error) {
    if (error instanceof AdjointError) return undefined;
    throw error;
  }
}

/** An upper bound of the scalar steps that a node takes; a contraction meets each pair of elements at most once. */
function workOf({ node }: Match): number {
  const inputs = node.inputs.map(sizeOf);
  const sizes = total(node.outputs.map(sizeOf)) + total(inputs);
  return node.operation.kind === "contract"
    ? sizes + inputs.reduce((product, size) => product * size, 1)
    : sizes;
}

function rulesFor({ maxElements = 1024, maxWork = 2 ** 20 }: FoldOptions): readonly Rule[] {
  const isShort = ({ node }: Match): boolean => {
    const size = total(node.outputs.map(sizeOf));
    return size <= maxElements || size <= total(node.inputs.map((input) => valueIn(input)?.data.length ?? 0));
  };
  return [
    ruleForKinds("nothing to compute → empty constant", FOLDED, ({ node }) => {
      const isEmpty = node.outputs.every(({ shape }) => isStatic(shape) && shape.includes(0));
      if (!isEmpty) return undefined;
      return node.outputs.map(({ dtype, shape }) =>
        constant(zeroValue(dtype, isStatic(shape) ? shape : [0])),
      );
    }),
    // A scalar constant is a literal in kernels; as an array it would be memory.
    rule("constant of one element everywhere → broadcast scalar", "constant", ({ attributes: { value } }) => {
      const { data, dtype, shape } = value;
      if (shape.length === 0 || data.length === 0) return undefined;
      for (let i = 1; i < data.length; i++) if (!Object.is(data[i], data[0])) return undefined;
      const scalar: TensorValue = { dtype, shape: [], data: data.slice(0, 1) };
      return broadcast(constant(scalar), shape);
    }),
    ruleForKinds("f(broadcast constants) → broadcast constant", ["map"], ({ node, output }, ...inputs) => {
      const scalars: TensorValue[] = [];
      for (const input of inputs) {
        const element = uniformConstant(input);
        if (element === undefined) return undefined;
        scalars.push(valueOf(input.dtype, [], [element]));
      }
      const [value] = evaluated(node, scalars) ?? [];
      return value && broadcast(constant(value), output.shape);
    }),
    ruleForKinds("f(constants) → constant", FOLDED, (match, ...inputs) => {
      // A repeated constant stays small.
      if (madeBy(match.output, "broadcast") !== undefined) return undefined;
      const values: TensorValue[] = [];
      for (const input of inputs) {
        const value = known(input, maxElements);
        if (value === undefined) return undefined;
        values.push(value);
      }
      if (!isShort(match) || workOf(match) > maxWork) return undefined;
      return evaluated(match.node, values)?.map((value) => constant(value));
    }),
    rule("random bits of a known key → constant", "randomBits", (match, key) => {
      const value = valueIn(key);
      if (value === undefined || sizeOf(match.output) > maxElements) return undefined;
      return evaluated(match.node, [value])?.map((bits) => constant(bits));
    }),
  ];
}

/**
 * Computes known results ahead, by the reference semantics of each primitive, and never makes a constant longer than
 * 1024 elements that was not there before: a broadcast scalar stays one.
 */
export const foldWith = (options: FoldOptions = {}): Pass => rewrite("fold", rulesFor(options));

export const foldRules: readonly Rule[] = rulesFor({});

export const fold: Pass = rewrite("fold", foldRules);
