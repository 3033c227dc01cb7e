/**
 * Random graphs for property tests: small, static, over every primitive, with values for their inputs. A graph is a pure
 * function of a list of numbers, so that a failing one shrinks. Equivalent graphs agree on them up to rounding: no jump
 * (a comparison, a rounding, a sort) hangs on the last bits of a rounded value.
 */
import fc from "fast-check";
import {
  type Evaluation,
  type Graph,
  type Tensor,
  composite,
  constant,
  gradients,
  input,
  print,
  program,
} from "@adjoint/ir";
import { isNode, nodesOf, registerOf } from "@adjoint/ir/graph";
import { type TensorValue, elementReader, isFloat, typeText } from "@adjoint/ir/values";
import { Choices, Draw, type GraphOptions } from "./graph-draw.ts";
import { run } from "./graph-makers.ts";
import type { Maker } from "./graph-map-makers.ts";

export type { GraphOptions } from "./graph-draw.ts";

/** A graph with a value for each input. */
export interface RandomGraph {
  readonly graph: Graph;
  readonly feeds: { readonly [input: string]: TensorValue };
  /** The text of the graph in messages of failing properties. */
  readonly toString: () => string;
}

const squareDifference = composite("square_difference", (a, b = a) => a.sub(b).mul(a.sub(b)));
const scaled = composite("scaled", (x) => x.mul(1).add(x.neg().neg()).stopGradient());
/** Composites that hold composites. */
const distance = composite("distance", (a, b = a) =>
  squareDifference(a, b).reduceSum().add(scaled(a).reduceMax()),
);

const composites: Maker = (draw) => {
  const x = draw.tensor(({ dtype }) => isFloat(dtype) || dtype === "i32");
  if (x === undefined) return undefined;
  const made = draw.pick([squareDifference, scaled, distance]);
  return made === scaled ? scaled(x) : made?.(x, draw.chance(3) ? x : draw.partner(x));
};

const derivatives: Maker = (draw) => {
  const y = draw.tensor(({ dtype }) => isFloat(dtype));
  const sources =
    y === undefined ? [] : nodesOf([y]).filter((node) => isNode(node, "input") || isNode(node, "register"));
  const wrt = sources.map(({ output }) => output).filter(({ dtype }) => isFloat(dtype));
  if (y === undefined || wrt.length === 0) return undefined;
  return gradients(y.mul(draw.partner(y)).reduceSum(), wrt);
};

/** The graph that a list of natural numbers describes: the longer the list, the larger the graph. */
export function graphFrom(numbers: readonly number[], options: GraphOptions = {}): RandomGraph {
  const draw = new Draw(new Choices(numbers), options);
  // The first number only seeds the elements.
  draw.choices.next();
  const inputs: { [name: string]: Tensor } = {};
  const feeds: { [name: string]: TensorValue } = {};
  for (const name of ["x", "y", "z"].slice(0, 1 + draw.int(3))) {
    const feed = draw.value(draw.dtype(), draw.shape());
    feeds[name] = feed;
    inputs[name] = input(name, feed.dtype, feed.shape);
    draw.keep([inputs[name]]);
  }
  const extra = [
    ...(options.composites === false ? [] : [composites]),
    ...(options.gradients === false ? [] : [derivatives, derivatives]),
  ];
  run(draw, numbers.length, extra);
  // What nothing reads is an output, so that all of the graph counts.
  const read = new Set(nodesOf(draw.pool).flatMap((node) => node.inputs));
  const ends = draw.pool.filter((tensor) => !read.has(tensor));
  const results = ends.length > 0 ? ends : [constant(0)];
  const outputs = Object.fromEntries(results.map((tensor, index) => [`out_${index}`, tensor]));
  const graph = program({ inputs, outputs });
  return { graph, feeds, toString: () => print(graph) };
}

/** Random graphs as an arbitrary of fast-check. */
export function graphs(
  options: GraphOptions & { readonly numbers?: number } = {},
): fc.Arbitrary<RandomGraph> {
  const { numbers = 150, ...rest } = options;
  return fc
    .array(fc.nat(0xffff), { minLength: 4, maxLength: numbers, size: "max" })
    .map((list) => graphFrom(list, rest));
}

/** Largest difference relative to 1 + |expected|, by dtype; 0 of what is not a float. */
const tolerances: { readonly [dtype: string]: number } = { f64: 1e-9, f32: 1e-4, f16: 2e-2, bf16: 1e-1 };

/** How values are compared. */
export interface ComparisonOptions {
  /** 0 and −0 differ; false by default. */
  readonly signedZeros?: boolean;
}

function differenceOf(
  expected: TensorValue,
  actual: TensorValue,
  { signedZeros = false }: ComparisonOptions,
): string | undefined {
  if (typeText(expected) !== typeText(actual)) return `${typeText(actual)} instead of ${typeText(expected)}`;
  const [a, b] = [elementReader(expected), elementReader(actual)];
  const tolerance = tolerances[expected.dtype] ?? 0;
  for (let index = 0; index < expected.data.length; index++) {
    const [x, y] = [a(index), b(index)];
    const isZero = signedZeros && x === 0 && y === 0;
    const error = Math.abs(Number(x) - Number(y));
    const isClose = x === y || error <= tolerance * (1 + Math.abs(Number(x)));
    if (Object.is(x, y) || (isClose && !isZero)) continue;
    const text = (element: typeof x): string => (Object.is(element, -0) ? "−0" : String(element));
    return `element ${index} is ${text(y)} instead of ${text(x)}`;
  }
  return undefined;
}

/**
 * What differs between two runs beyond rounding; undefined where nothing does. A register that the graph does not update
 * may be missing, once nothing reads it any more.
 */
export function difference(
  { updates }: Graph,
  expected: Evaluation,
  actual: Evaluation,
  options: ComparisonOptions = {},
): string | undefined {
  const updated = updates.map(({ register }) => registerOf(register).name);
  for (const part of ["outputs", "state"] as const) {
    for (const [name, value] of Object.entries(expected[part])) {
      const other = actual[part][name];
      if (other === undefined && part === "state" && !updated.includes(name)) continue;
      const found = other === undefined ? "is missing" : differenceOf(value, other, options);
      if (found !== undefined) return `${part} "${name}": ${found}`;
    }
  }
  return undefined;
}
