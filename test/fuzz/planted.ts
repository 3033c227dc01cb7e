import { cpu } from "@adjoint/backend-cpu";
import { type Session, compile } from "@adjoint/compiler";
import {
  type Graph,
  type State,
  type Tensor,
  type Update,
  composite,
  constant,
  program,
  register,
  where,
} from "@adjoint/ir";
import { type Node, type Pass, isNode, mapGraph, optimize, rebuild } from "@adjoint/ir/graph";
import { type TensorValue, dtypeInfo, elementCount, isFloat, isStatic } from "@adjoint/ir/values";
import { hosts } from "./bounds/bounds.ts";
import { shapeOf } from "./draw.ts";
import type { Maker } from "./makers/maps.ts";
import type { Opened, Variant } from "./variants.ts";

/** A pass that makes some nodes compute what they must not. */
function spoiling(name: string, wrong: (node: Node, inputs: readonly Tensor[]) => Tensor | undefined): Pass {
  const visit = (node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined => {
    const made = wrong(node, inputs);
    return made === undefined ? undefined : [made];
  };
  return { name, run: (graph: Graph) => mapGraph(graph, visit) };
}

const first = (inputs: readonly Tensor[], index = 0): Tensor => {
  const found = inputs[index];
  if (found === undefined) throw new Error(`operand ${index} is missing`);
  return found;
};

/** A tensor without the last element of an axis. */
const shortened = (x: Tensor, axis: number): Tensor =>
  x.slice(x.shape.map((size, at) => (at === axis ? { end: Number(size) - 1 } : undefined)));

/** Faults of kinds that kernels have, put into the CPU backend by a pass at the end. */
const passes: { readonly [name: string]: Pass } = {
  "a long sum loses its last term": spoiling("short_sum", (node, [x]) => {
    if (!isNode(node, "reduceSum") || x === undefined) return undefined;
    const [axis] = node.attributes.axes;
    if (axis === undefined || Number(x.shape[axis]) < 9) return undefined;
    return shortened(x, axis).reduceSum({ axes: node.attributes.axes });
  }),
  "a product of an odd inner size loses its last term": spoiling("short_product", (node, inputs) => {
    if (!isNode(node, "dotGeneral")) return undefined;
    const { leftContract, rightContract } = node.attributes;
    const [a, b] = [first(inputs), first(inputs, 1)];
    const [left, right] = [leftContract[0], rightContract[0]];
    if (left === undefined || right === undefined || Number(a.shape[left]) % 2 === 0) return undefined;
    return shortened(a, left).dotGeneral(shortened(b, right), node.attributes);
  }),
  "a gather takes the element before from the last place on": spoiling("near_gather", (node, inputs) => {
    if (!isNode(node, "gather")) return undefined;
    const [data, indices] = [first(inputs), first(inputs, 1)];
    const last = Number(data.shape[0]) - 1;
    return last < 1 ? undefined : data.gather(indices.min(last - 1));
  }),
  "a maximum leaves out the last element": spoiling("short_max", (node, inputs) => {
    if (!isNode(node, "reduceMax")) return undefined;
    const [x] = inputs;
    const [axis] = node.attributes.axes;
    if (x === undefined || axis === undefined || Number(x.shape[axis]) < 2) return undefined;
    return shortened(x, axis).reduceMax({ axes: node.attributes.axes });
  }),
  "tanh is off by 64 units in the last place": spoiling("rough_tanh", (node, inputs) =>
    isNode(node, "tanh") && node.output.dtype === "f32"
      ? first(inputs)
          .tanh()
          .mul(1 + 2 ** -17)
      : undefined,
  ),
};

type Run = (...parameters: unknown[]) => Promise<{ readonly [name: string]: TensorValue }>;

/** A session with another way to run. */
const running = (session: Session, wrap: (run: Run) => Run): Session =>
  new Proxy(session, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== "function") return found;
      // Whatever the entry, outputs are a record of values.
      const own = found.bind(target) as Run;
      return name === "run" ? wrap(own) : own;
    },
  });

/** The outputs of a session, changed. */
function changing(session: Session, change: (value: TensorValue, run: number) => TensorValue): Session {
  let runs = 0;
  return running(session, (run) => async (...parameters) => {
    const outputs = await run(...parameters);
    runs++;
    return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, change(value, runs)]));
  });
}

/** A run that fails leaves a register that is not what it was. */
const spoilingRegisters = (session: Session): Session =>
  running(session, (run) => async (...parameters) => {
    try {
      return await run(...parameters);
    } catch (error) {
      const state: State = await session.state();
      const [name] = Object.keys(state).filter((key) => state[key]?.dtype === "f32");
      const value = name === undefined ? undefined : state[name];
      if (name !== undefined && value !== undefined) await session.writeState({ [name]: nudged(value, 0) });
      throw error;
    }
  });

/**
 * The graph with one operation whose readers find, from the second run on, what it gave in the run before: they read its memory
 * too early. The program remembers the value in a register, and in another that it has run.
 */
function stale(entry: string, graph: Graph): Graph {
  const updates: Update[] = [];
  const made = mapGraph(graph, (node, inputs) => {
    const [y] = node.outputs;
    const isSource = isNode(node, "input") || isNode(node, "register") || isNode(node, "constant");
    if (updates.length > 0 || isSource || node.outputs.length !== 1) return undefined;
    if (y?.dtype !== "f32" || !isStatic(y.shape)) return undefined;
    const [own] = rebuild(node, inputs).outputs;
    if (own === undefined) return undefined;
    const last = register(`last of ${entry}`, "f32", y.shape);
    const hasRun = register(`${entry} has run`, "bool", []);
    updates.push({ register: last, next: own }, { register: hasRun, next: constant(true, "bool") });
    return [where(hasRun.broadcast(y.shape), last, own)];
  });
  return program({ inputs: made.inputs, outputs: made.outputs, updates: [...made.updates, ...updates] });
}

/** The value with one element made larger by 2⁻¹² of itself. */
function nudged(value: TensorValue, at: number): TensorValue {
  if (value.dtype !== "f32" || value.data.length === 0)
    return { dtype: value.dtype, shape: value.shape, data: value.data };
  const data = new dtypeInfo.f32.array(value.data.length);
  for (let index = 0; index < data.length; index++) data[index] = Number(value.data[index]);
  const place = at % data.length;
  data[place] = Number(data[place]) * (1 + 2 ** -12);
  return { dtype: value.dtype, shape: value.shape, data };
}

const planted = (name: string, session: Opened["session"]): Variant => ({
  name,
  backend: "cpu",
  arithmetic: hosts,
  open: () => Promise.resolve({ session, close: () => undefined }),
});

/** Backends with a fault each: what the fuzzer has to find. */
export const plantedFaults: readonly Variant[] = [
  ...Object.entries(passes).map(([name, pass]) =>
    planted(name, ({ entries }) =>
      compile(entries, { backend: cpu({ kernels: "closures" }), passes: [...optimize, pass] }),
    ),
  ),
  planted("a kernel reads what an operand was in the run before", ({ entries }) =>
    compile(Object.fromEntries(Object.entries(entries).map(([name, graph]) => [name, stale(name, graph)])), {
      backend: cpu({ kernels: "closures" }),
    }),
  ),
  planted("a run that fails changes a register", async ({ entries }) =>
    spoilingRegisters(await compile(entries, { backend: cpu({ kernels: "closures" }) })),
  ),
  planted("one element of an output is off by 2⁻¹²", async ({ entries }) =>
    changing(await compile(entries, { backend: cpu({ kernels: "closures" }) }), (value) => nudged(value, 7)),
  ),
  planted("every second run of a session gives one other element", async ({ entries }) =>
    changing(await compile(entries, { backend: cpu({ kernels: "closures" }) }), (value, run) =>
      run % 2 === 0 ? nudged(value, 0) : value,
    ),
  ),
];

const ofHalves = (
  name: string,
  make: (x: Tensor) => Tensor,
): { readonly name: string; readonly maker: Maker } => ({
  name,
  maker: (draw) => make(draw.of(draw.dtype(isFloat), [200, 6])),
});

/** Operations on halves that lose what their type does not explain: what the comparison with doubles has to find. */
export const plantedLosses: readonly { readonly name: string; readonly maker: Maker }[] = [
  ofHalves(
    "a mean rounds its sum to the type",
    composite("rough_mean", (x) =>
      x
        .abs()
        .reduceSum()
        .div(elementCount(shapeOf(x))),
    ),
  ),
  ofHalves(
    "a norm squares in the type",
    composite("rough_norm", (x) => x.mul(x).reduceMean().sqrt()),
  ),
  ofHalves(
    "a gradient adds and takes away something large in the type",
    composite("rough_gradient", (x) => x.mul(1), {
      gradient: (_, [g]) => [g?.add(g.abs().reduceMax().mul(64)).sub(g.abs().reduceMax().mul(64))],
    }),
  ),
];
