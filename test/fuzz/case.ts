import { type Tensor, type Update, constant, gradients, program } from "@adjoint/ir";
import { isNode, nodesOf } from "@adjoint/ir/graph";
import { type DType, elementCount, isFloat, typeText } from "@adjoint/ir/values";
import { Choices, Draw, type Limits, Shared, floatSources, shapeOf } from "./draw.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { anyComposite } from "./makers/composites.ts";
import { product } from "./makers/contractions.ts";
import type { Maker } from "./makers/maps.ts";
import { anyPrimitive, primitiveMakers } from "./makers/primitives.ts";
import { trainingStep } from "./makers/training.ts";
import { attempt, inRounds } from "./rounds.ts";

/** The natural numbers that describe a case: what it is like, and one list for each step. */
export interface Recipe {
  readonly head: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

/** A kind of program: its limits, its makers, and how many steps it has. */
interface Profile {
  readonly limits: Limits;
  readonly makers: readonly Maker[];
  /** Nodes that are drawn at most. */
  readonly steps: number;
}

const gradient: Maker = (draw) => {
  const y = draw.tensor((tensor) => isFloat(tensor.dtype) && floatSources(tensor).length > 0);
  if (y === undefined) return undefined;
  const wrt = floatSources(y).slice(0, 4);
  // The gradient has up to two products for each of the tensor's own.
  if (!draw.spend(2 * draw.shared.products)) return undefined;
  const weighted = draw.chance(2) ? y : y.mul(draw.of(y.dtype, shapeOf(y), "halves"));
  const made = gradients(weighted.reduceSum(), wrt);
  // Gradients of running products are quadratic in their axis.
  const most = 8 * draw.shared.limits.elements;
  const isLarge = nodesOf(made).some((node) =>
    node.outputs.some((each) => elementCount(shapeOf(each)) > most),
  );
  return isLarge ? undefined : made;
};

/** Rows of a register by indices that lie outside it in some rounds: a run that fails must leave the register as it was. */
const failingLookup: Maker = (draw) => {
  const rows = draw.size(65);
  const held = draw.register(draw.dtype(isFloat), [Math.max(1, rows), draw.size(17)]);
  const found = held.gather(draw.indices([1 + draw.int(5), 1], Math.max(1, rows), true));
  return [held, found];
};

const { reduceSum, gather, scatter, sort, cumSum, transpose, flip, slice } = primitiveMakers;

const profiles: { readonly [name: string]: Profile } = {
  mixed: {
    limits: { elements: 600, products: 60_000 },
    makers: [anyPrimitive, anyPrimitive, anyPrimitive, anyComposite, gradient],
    steps: 40,
  },
  products: {
    limits: { elements: 16_500, products: 420_000 },
    makers: [product, product, anyPrimitive, gradient, reduceSum, transpose],
    steps: 6,
  },
  single: { limits: { elements: 5_000, products: 160_000 }, makers: [anyPrimitive, anyComposite], steps: 3 },
  lookups: {
    limits: { elements: 5_000, products: 60_000 },
    makers: [failingLookup, failingLookup, gather, scatter, anyPrimitive],
    steps: 5,
  },
  rows: {
    limits: { elements: 9_000, products: 60_000 },
    makers: [anyPrimitive, anyComposite, gather, scatter, sort, cumSum, flip, slice, gradient],
    steps: 10,
  },
};

const mains: readonly DType[] = [
  "f32",
  "f32",
  "f32",
  "f64",
  "f16",
  "bf16",
  "i32",
  "f32",
  "u8",
  "i64",
  "f32",
  "i16",
];

/** Sizes of axes that a program may hold without being made for them: no multiple of them is a usual size. */
const ownSizes = [undefined, undefined, undefined, 11, undefined, 19, 23, undefined, 37];

/** The case that a recipe describes: a pure function of its numbers. */
export function caseFrom({ head, steps }: Recipe): FuzzCase | undefined {
  const choices = new Choices(head.slice(1));
  const seed = head[0] ?? 0;
  const kind = choices.pick([
    "single",
    "mixed",
    "products",
    "rows",
    "training",
    "products",
    "single",
    "mixed",
    "lookups",
  ]);
  const main = choices.pick(mains) ?? "f32";
  const size = choices.pick(ownSizes);
  if (kind === "training") return trainingCase(seed, { main, size, numbers: [...head, ...steps.flat()] });
  const profile = profiles[kind];
  if (profile === undefined) return undefined;
  const shared = new Shared(seed, main, profile.limits, { size });
  const pool: Tensor[] = [];
  const last = new Draw(choices, shared, pool);
  for (const list of steps.slice(0, profile.steps)) {
    const draw = new Draw(new Choices(list), shared, pool);
    const made = attempt(() => draw.pick(profile.makers)?.(draw));
    if (made !== undefined) draw.keep(Array.isArray(made) ? made : [made as Tensor]);
  }
  const read = new Set(nodesOf(pool).flatMap((node) => node.inputs));
  // What nothing reads is an output, so that all of the graph counts; some that are read are too, and what is looked up, which
  // a run can't leave out then.
  const isLookup = ({ node }: Tensor): boolean => isNode(node, "gather") || isNode(node, "scatter");
  const results = pool.filter((tensor) => !read.has(tensor) || last.chance(8) || isLookup(tensor)).slice(-8);
  if (results.length === 0) results.push(constant(0));
  const outputs = Object.fromEntries(results.map((tensor, index) => [`y${index}`, tensor]));
  const updates = updatesOf(last, pool);
  const graph = attempt(() => program({ inputs: used(shared, results, updates), outputs, updates }));
  if (graph === undefined) return undefined;
  const registers = updates.map(({ register }) => register);
  const isShared = registers.length > 0 && last.chance(2);
  const other = Object.fromEntries(
    registers.map((register, index) => [`z${index}`, register.rank > 0 ? register.flip([0]) : register]),
  );
  const entries = isShared
    ? { main: graph, other: program({ inputs: {}, outputs: other }) }
    : { main: graph };
  return inRounds(entries, shared, last);
}

/** The inputs that results need. */
function used(
  shared: Shared,
  results: readonly Tensor[],
  updates: readonly Update[],
): { readonly [name: string]: Tensor } {
  const nodes = new Set(nodesOf([...results, ...updates.map(({ next }) => next)]));
  return Object.fromEntries(Object.entries(shared.inputs).filter(([, tensor]) => nodes.has(tensor.node)));
}

/** New values of some of the registers that tensors rest on: another's, or what was computed from it. */
function updatesOf(draw: Draw, pool: readonly Tensor[]): readonly Update[] {
  const committed = new Set(
    nodesOf(pool).flatMap((node) => (isNode(node, "commit") ? [node.attributes.register] : [])),
  );
  const registers = nodesOf(pool).flatMap((node) =>
    isNode(node, "register") && !committed.has(node.attributes.name) ? [node.output] : [],
  );
  return registers.slice(0, 6).flatMap((own) => {
    if (draw.int(4) === 3) return [];
    const fit = [...pool, ...registers].filter(
      (tensor) => tensor !== own && typeText(tensor.type) === typeText(own.type),
    );
    const found = draw.pick(fit.toReversed());
    const same = pool.find(
      (tensor) => tensor.dtype === own.dtype && elementCount(shapeOf(tensor)) === elementCount(shapeOf(own)),
    );
    const next = found ?? same?.reshape(own.shape) ?? (own.rank > 0 ? own.flip([0]) : own);
    return [{ register: own, next: own.dtype !== "bool" && draw.chance(3) ? own.add(next) : next }];
  });
}

/** A few steps of a training, with predictions between. */
function trainingCase(
  seed: number,
  {
    main,
    size,
    numbers,
  }: { readonly main: DType; readonly size: number | undefined; readonly numbers: readonly number[] },
): FuzzCase | undefined {
  const shared = new Shared(seed, main, { elements: 16_500, products: 600_000 }, { size });
  const draw = new Draw(new Choices(numbers.slice(3)), shared);
  const made = attempt(() => trainingStep(draw));
  if (made === undefined) return undefined;
  return inRounds(made, shared, draw);
}
