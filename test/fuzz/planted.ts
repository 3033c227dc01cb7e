import { cpu } from "@adjoint/backend-cpu";
import { type Session, compile } from "@adjoint/compiler";
import {
  type Graph,
  type Node,
  type Pass,
  type Tensor,
  type TensorValue,
  dtypeInfo,
  isNode,
  mapGraph,
  optimize,
} from "@adjoint/ir";
import { hosts } from "./bounds/bounds.ts";
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

/** The outputs of a session, changed. */
function changing(session: Session, change: (value: TensorValue, run: number) => TensorValue): Session {
  let runs = 0;
  return new Proxy(session, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== "function") return found;
      if (name !== "run") return found.bind(target) as unknown;
      return async (...parameters: unknown[]) => {
        const outputs = (await found.apply(target, parameters)) as { readonly [name: string]: TensorValue };
        runs++;
        return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, change(value, runs)]));
      };
    },
  });
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
  planted("one element of an output is off by 2⁻¹²", async ({ entries }) =>
    changing(await compile(entries, { backend: cpu({ kernels: "closures" }) }), (value) => nudged(value, 7)),
  ),
  planted("every second run of a session gives one other element", async ({ entries }) =>
    changing(await compile(entries, { backend: cpu({ kernels: "closures" }) }), (value, run) =>
      run % 2 === 0 ? nudged(value, 0) : value,
    ),
  ),
];
