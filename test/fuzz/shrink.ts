import { type Graph, type Tensor, input, program } from "@adjoint/ir";
import { type Node, isNode, mapGraph, nodesOf, rootsOf } from "@adjoint/ir/graph";
import { type TensorValue, elementWriter, zeroValue } from "@adjoint/ir/values";
import { hosts } from "./bounds/bounds.ts";
import { boundGraph, firstState } from "./bounds/evaluate.ts";
import type { Feeds, FuzzCase } from "./fuzz-case.ts";

/** True if a case still shows the fault. */
export type Fails = (item: FuzzCase) => Promise<boolean>;

/** A case of one entry that runs once. */
const single = (graph: Graph, feeds: Feeds): FuzzCase => ({
  entries: { main: graph },
  runs: [
    {
      entry: "main",
      feeds: Object.fromEntries(Object.entries(feeds).filter(([name]) => Object.hasOwn(graph.inputs, name))),
    },
  ],
});

/** The graph with only some of its outputs and updates, and the inputs that these need. */
function only(graph: Graph, outputs: Graph["outputs"], updates: Graph["updates"]): Graph {
  const needed = new Set(nodesOf([...Object.values(outputs), ...updates.map(({ next }) => next)]));
  const inputs = Object.fromEntries(
    Object.entries(graph.inputs).filter(([, tensor]) => needed.has(tensor.node)),
  );
  return program({ inputs, outputs, updates });
}

/** The graph with one node's outputs fed instead of computed. */
function cutAt(
  graph: Graph,
  feeds: Feeds,
  node: Node,
): { readonly graph: Graph; readonly feeds: Feeds } | undefined {
  const probes = Object.fromEntries(node.outputs.map((tensor, index) => [`p${index}`, tensor]));
  const probed = only(graph, probes, []);
  const values = boundGraph(probed, feeds, firstState([probed], 0), hosts).outputs;
  const added: { [name: string]: Tensor } = {};
  const fed: { [name: string]: TensorValue } = { ...feeds };
  const fresh = node.outputs.map((tensor, index) => {
    let name = `c${index}`;
    for (let count = 0; Object.hasOwn(graph.inputs, name) || Object.hasOwn(added, name); count++)
      name = `c${index}_${count}`;
    const value = values[`p${index}`]?.value;
    if (value !== undefined) fed[name] = value;
    const made = input(name, tensor.dtype, tensor.shape);
    added[name] = made;
    return made;
  });
  const mapped = mapGraph(graph, (each) => (each === node ? fresh : undefined));
  return {
    graph: only({ ...mapped, inputs: { ...mapped.inputs, ...added } }, mapped.outputs, mapped.updates),
    feeds: fed,
  };
}

/**
 * A smaller case that still fails: one run, one output, subgraphs replaced by inputs of their values, plain elements.
 * @param until the time (of `performance.now`) at which to stop.
 */
export async function smaller(item: FuzzCase, fails: Fails, until: number): Promise<FuzzCase> {
  let best = item;
  const attempt = async (make: () => FuzzCase | undefined): Promise<boolean> => {
    if (performance.now() > until) return false;
    try {
      const made = make();
      if (made === undefined || !(await fails(made))) return false;
      best = made;
      return true;
    } catch {
      // A case that can't be built or evaluated is not a smaller case.
      return false;
    }
  };
  for (const { entry, feeds } of item.runs) {
    const graph = item.entries[entry];
    if (graph !== undefined && (await attempt(() => single(graph, feeds)))) break;
  }
  const [run] = best.runs;
  const graph = run && best.entries[run.entry];
  if (run === undefined || graph === undefined || best.runs.length > 1) return best;
  let now = { graph, feeds: run.feeds };
  const take = async (
    next: { readonly graph: Graph; readonly feeds: Feeds } | undefined,
  ): Promise<boolean> => {
    if (next === undefined || !(await attempt(() => single(next.graph, next.feeds)))) return false;
    now = next;
    return true;
  };
  // One output, or one update, alone.
  let found = await take(
    now.graph.updates.length === 0 ? undefined : { ...now, graph: only(now.graph, now.graph.outputs, []) },
  );
  for (const [name, tensor] of Object.entries(now.graph.outputs))
    if (await take({ ...now, graph: only(now.graph, { [name]: tensor }, []) })) {
      found = true;
      break;
    }
  if (!found)
    for (const update of now.graph.updates)
      if (await take({ ...now, graph: only(now.graph, {}, [update]) })) break;
  // What is computed before the fault is fed, the largest parts first.
  for (let changed = true; changed;) {
    changed = false;
    const nodes = nodesOf(rootsOf(now.graph)).filter((node) => !isNode(node, "input"));
    for (const node of nodes.toReversed().slice(1)) {
      let next: ReturnType<typeof cutAt>;
      try {
        next = cutAt(now.graph, now.feeds, node);
      } catch {
        continue;
      }
      if (!(await take(next))) continue;
      changed = true;
      break;
    }
    if (performance.now() > until) break;
  }
  for (const name of Object.keys(now.feeds)) {
    const value = now.feeds[name];
    for (const simple of value === undefined
      ? []
      : [plain(value, () => 1), plain(value, (index) => (index % 5) - 2)])
      if (await take({ ...now, feeds: { ...now.feeds, [name]: simple } })) break;
  }
  return best;
}

function plain({ dtype, shape }: TensorValue, element: (index: number) => number): TensorValue {
  const value = zeroValue(dtype, shape);
  const write = elementWriter(value);
  const big = dtype === "i64" || dtype === "u64";
  for (let index = 0; index < value.data.length; index++)
    write(index, big ? BigInt(element(index)) : element(index));
  return value;
}
