import { type Graph, type Tensor, evaluate, gradients, input, program } from "@adjoint/ir";
import { isNode, mapGraph, nodesOf, rebuild } from "@adjoint/ir/graph";
import {
  AdjointError,
  type DType,
  type TensorValue,
  elementCount,
  elementReader,
  isFloat,
  valueOf,
} from "@adjoint/ir/values";
import { rounded, unitAt } from "./bounds/bounds.ts";
import { Choices, Draw, Shared, floatSources, shapeOf } from "./draw.ts";
import { Words } from "./elements.ts";
import type { Maker } from "./makers/maps.ts";

type Feeds = { readonly [name: string]: TensorValue };

/** One operation on operands of a type, and its gradients. */
interface Made {
  readonly graph: Graph;
  readonly feeds: Feeds;
}

/** The tensor that a maker makes from numbers, with a program of its gradients from it and its inputs. */
function made(
  maker: Maker,
  numbers: readonly number[],
  dtype: DType,
  finish: (y: Tensor, weight: Tensor, shared: Shared) => Graph,
): Made | undefined {
  const shared = new Shared(numbers[0] ?? 0, dtype, { elements: 1200, products: 60_000 }, { single: true });
  const draw = new Draw(new Choices(numbers), shared);
  try {
    const result = maker(draw);
    const [y] = result === undefined ? [] : "node" in result ? [result] : result;
    if (y === undefined || y.dtype !== dtype) return undefined;
    // Cotangents that differ: those of a plain sum cancel in many gradients.
    const graph = finish(y, draw.source(dtype, shapeOf(y)), shared);
    const feeds = Object.fromEntries(
      Object.entries(shared.feeds).filter(([name]) => Object.hasOwn(graph.inputs, name)),
    );
    return { graph, feeds };
  } catch (error) {
    if (error instanceof AdjointError) return undefined;
    throw error;
  }
}

/** y and its gradients by the inputs that it rests on. */
function withGradients(y: Tensor, weight: Tensor, shared: Shared): Graph {
  const wrt = floatSources(y).filter((tensor) => isNode(tensor.node, "input"));
  const derivatives = wrt.length === 0 ? [] : gradients(y.mul(weight).reduceSum(), wrt);
  const outputs = named("g", derivatives);
  return program({ inputs: used(shared.inputs, [y, ...derivatives]), outputs: { y, ...outputs } });
}

const named = (prefix: string, tensors: readonly Tensor[]): { readonly [name: string]: Tensor } =>
  Object.fromEntries(tensors.map((tensor, index) => [`${prefix}${index}`, tensor]));

function used(
  inputs: { readonly [name: string]: Tensor },
  tensors: readonly Tensor[],
): { readonly [name: string]: Tensor } {
  const nodes = new Set(nodesOf(tensors));
  return Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => nodes.has(tensor.node)));
}

/**
 * The same with two factors behind every node between the inputs and y, which are 1, or as far from it as a rounding is: what
 * stands between two nodes has the type of the operands, and meets the first; so has its cotangent, which meets the second. Each
 * of them, and its cotangent, is an output too.
 */
function withRoundings(y: Tensor, weight: Tensor, shared: Shared): Graph {
  const factors: { [name: string]: Tensor } = {};
  const between: Tensor[] = [];
  const factor = (name: string, { dtype, shape }: Tensor): Tensor =>
    (factors[name] = input(name, dtype, shape));
  const factored = (tensor: Tensor): Tensor => {
    if (!isFloat(tensor.dtype)) return tensor;
    const [own, back] = [factor(`u${between.length}`, tensor), factor(`v${between.length}`, tensor)];
    // The second term is 0, and has the cotangent alone.
    const result = tensor.mul(own).stopGradient().add(tensor.sub(tensor.stopGradient()).mul(back));
    between.push(result);
    return result;
  };
  const forward = mapGraph(program({ inputs: used(shared.inputs, [y]), outputs: { y } }), (node, inputs) =>
    isNode(node, "input") ? undefined : rebuild(node, inputs).outputs.map(factored),
  );
  const result = forward.outputs["y"] ?? y;
  const wrt = floatSources(y).filter((tensor) => isNode(tensor.node, "input"));
  const derivatives = gradients(result.mul(weight).reduceSum(), [...wrt, ...between]);
  const outputs = {
    y: result,
    ...named("g", derivatives.slice(0, wrt.length)),
    ...named("t", between),
    ...named("c", derivatives.slice(wrt.length)),
  };
  return program({
    inputs: used({ ...shared.inputs, ...factors }, Object.values(outputs)),
    outputs,
  });
}

/** Magnitudes of operands: plain, and so large that squares and sums leave the range of f16. */
const scales = [1, 30, 300, 1000, 0.01];

/** Random operands that halves hold, and the same ones moved by up to a unit in their last place. */
function drawn(
  feeds: Feeds,
  half: DType,
  words: Words,
): { readonly exact: Feeds; readonly moved: () => Feeds } {
  const scale = scales[words.next() % scales.length] ?? 1;
  const numbers = new Map<string, readonly number[]>();
  for (const [name, { dtype, data }] of Object.entries(feeds))
    if (isFloat(dtype))
      numbers.set(
        name,
        Array.from({ length: data.length }, () => rounded(half, (4 * words.unit() - 2) * scale)),
      );
  const of = (change: (x: number) => number): Feeds =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => {
        const list = numbers.get(name);
        return [name, list === undefined ? value : valueOf("f64", value.shape, list.map(change))];
      }),
    );
  return { exact: of((x) => x), moved: () => of((x) => x + (2 * words.unit() - 1) * unitAt(half, x)) };
}

/** How many units in the last place of a half a result may be off, beside what a rounding between two nodes moves it by. */
const UNITS = 16;
/** Draws of such roundings. */
const MOVES = 6;
/**
 * Inside a gradient rule, which works in f32, large terms may cancel. What that loses is measured: by the same program of f32,
 * on the operands and on moved ones. A result may be so many times the largest such loss of its tensor off.
 */
const INSIDE = 8;
const MOVES_IN_SINGLES = 2;

/** What came of one operation: what was lost, where it is more than the type explains. */
export interface Compared {
  readonly lost: string | undefined;
  /** A tensor between two nodes, or its cotangent, is beyond the type's range: infinite in halves, and nothing is compared. */
  readonly isBeyond: boolean;
}

/**
 * An operation of f16 or bf16 operands beside the same one of doubles: what is lost must be no more than the type explains.
 * Undefined if the maker refuses its numbers.
 */
export function comparedWithDoubles(
  maker: Maker,
  { seed, half }: { readonly seed: number; readonly half: "f16" | "bf16" },
): Compared | undefined {
  const words = new Words(seed);
  const numbers = Array.from({ length: 60 }, () => words.next() % 0x10000);
  const narrow = made(maker, numbers, half, withGradients);
  const single = made(maker, numbers, "f32", withGradients);
  const wide = made(maker, numbers, "f64", withRoundings);
  if (narrow === undefined || single === undefined || wide === undefined) return undefined;
  const { exact, moved } = drawn(wide.feeds, half, words);
  const evaluated = (feeds: Feeds, changes: Changes): Feeds =>
    evaluate(wide.graph, { ...factorsOf(wide.graph, changes), ...feeds }).outputs;
  const lost = evaluate(narrow.graph, inTypesOf(narrow.feeds, exact)).outputs;
  const right = evaluated(exact, { u: same, v: same });
  if (largestOf(Object.values(right)) > (half === "f16" ? 60000 : 3e38))
    return { lost: undefined, isBeyond: true };
  const roundedUp = (x: number): number => x + (2 * words.unit() - 1) * unitAt(half, x);
  const others = Array.from({ length: MOVES }, (_, index) =>
    // Moved operands may hide what the cotangents alone do.
    index % 2 === 0
      ? evaluated(moved(), { u: roundedUp, v: roundedUp })
      : evaluated(exact, { u: same, v: roundedUp }),
  );
  const losses = [exact, ...Array.from({ length: MOVES_IN_SINGLES }, moved)].map((feeds, index) => ({
    held: evaluate(single.graph, inTypesOf(single.feeds, feeds)).outputs,
    truth: index === 0 ? right : evaluated(feeds, { u: same, v: same }),
  }));
  const lossOf = (name: string): number =>
    Math.max(...losses.map(({ held, truth }) => largestDifference(held[name], truth[name])));
  for (const [name, own] of Object.entries(lost)) {
    const value = right[name];
    if (value === undefined || own.data.length !== value.data.length) return undefined;
    const around = others.flatMap((each) => each[name] ?? []);
    const problem = differenceOf(own, value, around, name === "y" ? 0 : INSIDE * lossOf(name));
    if (problem !== undefined) return { lost: `${name} ${problem}`, isBeyond: false };
  }
  return { lost: undefined, isBeyond: false };
}

/** Values in the types of others. */
const inTypesOf = (types: Feeds, values: Feeds): Feeds =>
  Object.fromEntries(
    Object.entries(types).map(([name, own]) => {
      const value = values[name] ?? own;
      if (own.dtype === value.dtype) return [name, value];
      return [name, valueOf(own.dtype, value.shape, [...(value.data as Float64Array)])];
    }),
  );

/** The largest finite difference of two values, element by element. */
function largestDifference(a: TensorValue | undefined, b: TensorValue | undefined): number {
  if (a === undefined || b === undefined || a.data.length !== b.data.length) return 0;
  const [read, other] = [elementReader(a), elementReader(b)];
  let most = 0;
  for (let index = 0; index < a.data.length; index++) {
    const own = Math.abs(Number(read(index)) - Number(other(index)));
    if (Number.isFinite(own) && own > most) most = own;
  }
  return most;
}

type Change = (x: number) => number;
/** What is done to the factors of values, and to those of cotangents. */
interface Changes {
  readonly u: Change;
  readonly v: Change;
}
const same: Change = (x) => x;

/** The factors of `withRoundings`, from 1. */
const factorsOf = ({ inputs }: Graph, changes: Changes): Feeds =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) => {
      const change = name.startsWith("u") ? changes.u : name.startsWith("v") ? changes.v : undefined;
      if (change === undefined) return [];
      const shape = shapeOf(tensor);
      return [
        [
          name,
          valueOf(
            "f64",
            shape,
            Array.from({ length: elementCount(shape) }, () => change(1)),
          ),
        ],
      ];
    }),
  );

/** The largest finite magnitude among values. */
const largestOf = (values: readonly TensorValue[]): number =>
  values.reduce(
    (most, { data }) =>
      [...data].reduce<number>((size, element) => {
        const own = Math.abs(Number(element));
        return Number.isFinite(own) ? Math.max(size, own) : size;
      }, most),
    0,
  );

/** The first element that is off by more than units of its type and what roundings on the way move it by, and by a floor. */
function differenceOf(
  own: TensorValue,
  value: TensorValue,
  moved: readonly TensorValue[],
  floor: number,
): string | undefined {
  const [read, want, around] = [elementReader(own), elementReader(value), moved.map(elementReader)];
  // An element among others of its tensor: sums cancel.
  const sizes = [...value.data].map((element) => Math.abs(Number(element))).filter(Number.isFinite);
  const mean = sizes.reduce((sum, size) => sum + size / sizes.length, 0);
  for (let index = 0; index < value.data.length; index++) {
    const [x, y] = [Number(read(index)), Number(want(index))];
    const spread = Math.max(...around.map((each) => Math.abs(Number(each(index)) - y)));
    if (!Number.isFinite(y) || !Number.isFinite(spread)) continue;
    const allowed = UNITS * (unitAt(own.dtype, y) + unitAt(own.dtype, mean)) + 8 * spread + floor;
    if (!(Math.abs(x - y) <= allowed))
      return `[${value.shape.join(", ")}]: element ${index} is ${x} in ${own.dtype} and ${y} in f64, where ${allowed} is allowed`;
  }
  return undefined;
}
