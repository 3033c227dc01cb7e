import {
  AdjointError,
  type DType,
  type TensorValue,
  elementReader,
  evaluate,
  gradients,
  isFloat,
  isNode,
  nodesOf,
  program,
  valueOf,
} from "@adjoint/ir";
import { rounded, unitAt } from "./bounds/bounds.ts";
import { Choices, Draw, Shared, floatSources, shapeOf } from "./draw.ts";
import { Words } from "./elements.ts";
import type { Maker } from "./makers/maps.ts";

/** One operation and its gradients on operands of a type, from numbers. */
function made(
  maker: Maker,
  numbers: readonly number[],
  dtype: DType,
): { readonly graph: ReturnType<typeof program>; readonly feeds: Feeds } | undefined {
  const shared = new Shared(numbers[0] ?? 0, dtype, { elements: 1200, products: 60_000 }, { single: true });
  const draw = new Draw(new Choices(numbers), shared);
  try {
    const result = maker(draw);
    const [y] = result === undefined ? [] : "node" in result ? [result] : result;
    if (y === undefined || y.dtype !== dtype) return undefined;
    const wrt = floatSources(y).filter((tensor) => isNode(tensor.node, "input"));
    // Cotangents that differ: those of a plain sum cancel in many gradients.
    const weight = draw.source(dtype, shapeOf(y));
    const derivatives = wrt.length === 0 ? [] : gradients(y.mul(weight).reduceSum(), wrt);
    const outputs = Object.fromEntries(
      [y, ...derivatives].map((tensor, index) => [index === 0 ? "y" : `g${index}`, tensor]),
    );
    const nodes = new Set(nodesOf(Object.values(outputs)));
    const inputs = Object.fromEntries(
      Object.entries(shared.inputs).filter(([, tensor]) => nodes.has(tensor.node)),
    );
    const feeds = Object.fromEntries(
      Object.entries(shared.feeds).filter(([name]) => Object.hasOwn(inputs, name)),
    );
    return { graph: program({ inputs, outputs }), feeds };
  } catch (error) {
    if (error instanceof AdjointError) return undefined;
    throw error;
  }
}

type Feeds = { readonly [name: string]: TensorValue };

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

/** How many units in the last place of a half a result may be off, beside what moving the operands by one does. */
const UNITS = 16;
/** Moves of the operands that say how far a result moves with them. */
const MOVES = 4;

/** An operation of f16 or bf16 operands beside the same one of doubles: what is lost must be no more than the type explains. */
export function lostIn(
  maker: Maker,
  { seed, half }: { readonly seed: number; readonly half: "f16" | "bf16" },
): string | undefined {
  const words = new Words(seed);
  const numbers = Array.from({ length: 60 }, () => words.next() % 0x10000);
  const narrow = made(maker, numbers, half);
  const wide = made(maker, numbers, "f64");
  if (narrow === undefined || wide === undefined) return undefined;
  const { exact, moved } = drawn(wide.feeds, half, words);
  const given = Object.fromEntries(
    Object.entries(exact).map(([name, value]) => {
      const own = narrow.feeds[name];
      if (own === undefined || own.dtype === value.dtype) return [name, value];
      return [name, valueOf(own.dtype, value.shape, [...(value.data as Float64Array)])];
    }),
  );
  const [lost, right] = [evaluate(narrow.graph, given).outputs, evaluate(wide.graph, exact).outputs];
  const others = Array.from({ length: MOVES }, () => evaluate(wide.graph, moved()).outputs);
  for (const [name, value] of Object.entries(right)) {
    const own = lost[name];
    if (own === undefined || own.data.length !== value.data.length) return undefined;
    const [read, want, around] = [
      elementReader(own),
      elementReader(value),
      others.map((each) => elementReader(each[name] ?? value)),
    ];
    const most = half === "f16" ? 60000 : 3e38;
    // An element among others of its tensor: gradients of sums cancel.
    const finite = Array.from({ length: value.data.length }, (_, index) =>
      Math.abs(Number(want(index))),
    ).filter(Number.isFinite);
    const mean = finite.reduce((sum, size) => sum + size / finite.length, 0);
    for (let index = 0; index < value.data.length; index++) {
      const [x, y] = [Number(read(index)), Number(want(index))];
      const spread = Math.max(...around.map((each) => Math.abs(Number(each(index)) - y)));
      if (!Number.isFinite(y) || !Number.isFinite(spread) || Math.abs(y) > most) continue;
      // Cotangents are about 1, and what they are multiplied with is rounded.
      const floor = name === "y" ? mean : Math.max(1, mean);
      const allowed = UNITS * (unitAt(half, y) + unitAt(half, floor)) + 8 * spread;
      if (!(Math.abs(x - y) <= allowed))
        return `${name} [${value.shape.join(", ")}]: element ${index} is ${x} in ${half} and ${y} in f64`;
    }
  }
  return undefined;
}
