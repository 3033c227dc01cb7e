import { type DType, at, elementCount, rowMajorStrides } from "@adjoint/ir/values";
import { type Affine, equalAffine, identity, position, reshaped, substitute } from "../kernel/affine.ts";
import type { ContractKernel, Kernel, ReduceKernel, Reduction, Store } from "../kernel/kernel.ts";
import { buffersOf } from "../kernel/kernel-buffers.ts";
import {
  type BufferId,
  ScalarBuilder,
  type ScalarGraph,
  type ScalarNode,
  type ValueId,
  mapScalar,
  operandsOf,
  splice,
} from "../kernel/scalar.ts";
import { mergeAxes } from "./merge-axes.ts";

/** A result of a group: its value in the group's expression. */
interface Result {
  readonly value: ValueId;
  readonly dtype: DType;
}

/** The part of a kernel before its elementwise expression. */
type Anchor =
  | { readonly form: "map" }
  | Pick<ReduceKernel, "form" | "outer" | "inner" | "body" | "reductions">
  | Omit<ContractKernel, "epilogue" | "stores">;

/** A kernel in the making whose elementwise expression can still grow. */
export interface OpenGroup {
  readonly open: true;
  readonly anchor: Anchor;
  /** The points at which the expression is computed. */
  readonly domain: readonly number[];
  /** The shape of the results, and its coordinates over the domain. */
  readonly shape: readonly number[];
  readonly coordinates: readonly Affine[];
  readonly builder: ScalarBuilder;
  readonly results: ReadonlyMap<BufferId, Result>;
}

/** Kernels that belong together and don't grow. */
interface FixedGroup {
  readonly open: false;
  readonly kernels: readonly Kernel[];
}

export type Group = OpenGroup | FixedGroup;

/** Buffers that a group reads from others, and those it writes. */
export function traffic(group: Group): {
  readonly reads: Set<BufferId>;
  readonly writes: Set<BufferId>;
} {
  if (!group.open) {
    const all = group.kernels.map(buffersOf);
    const writes = new Set(all.flatMap((kernel) => [...kernel.writes]));
    return {
      reads: new Set(all.flatMap((kernel) => [...kernel.reads]).filter((buffer) => !writes.has(buffer))),
      writes,
    };
  }
  const reads = new Set<BufferId>();
  for (const node of group.builder.nodes) if (node.kind === "load") reads.add(node.buffer);
  for (const buffer of anchorReads(group.anchor)) reads.add(buffer);
  return { reads, writes: new Set(group.results.keys()) };
}

/** Buffers that the anchor reads, in an order other than that of its results. */
function anchorReads(anchor: Anchor): readonly BufferId[] {
  if (anchor.form === "reduce")
    return anchor.body.flatMap((node) => (node.kind === "load" ? [node.buffer] : []));
  return anchor.form === "contract" ? [anchor.left.buffer, anchor.right.buffer] : [];
}

/** A group of one elementwise result over its own shape. */
export function mapGroup(
  shape: readonly number[],
  builder: ScalarBuilder,
  buffer: BufferId,
  value: ValueId,
): OpenGroup {
  const { coordinates } = identity(shape);
  const results = new Map([[buffer, { value, dtype: builder.dtype(value) }]]);
  return { open: true, anchor: { form: "map" }, domain: shape, shape, coordinates, builder, results };
}

/** True if a load goes through a tensor element by element in the order of the domain. */
function isIdentity(node: ScalarNode, domain: readonly number[]): boolean {
  if (node.kind !== "load" || node.dynamic.length > 0 || node.index.guards.length > 0) return false;
  const strides = rowMajorStrides(domain).map((stride, axis) => (at(domain, axis) === 1 ? 0 : stride));
  const own = node.index.strides.map((stride, axis) => ((domain[axis] ?? 1) === 1 ? 0 : stride));
  return equalAffine({ offset: node.index.offset, strides: own }, { offset: 0, strides });
}

/** Every load of these results is of the element that is being computed. */
const readsInOrder = (
  nodes: ScalarGraph,
  results: OpenGroup["results"],
  domain: readonly number[],
): boolean =>
  nodes.every((node) => node.kind !== "load" || !results.has(node.buffer) || isIdentity(node, domain));

/** The number of values that a group computes or folds for each point. */
export const scalarNodes = ({ anchor, builder }: OpenGroup): number =>
  builder.nodes.length + (anchor.form === "reduce" ? anchor.body.length : 0);

/** The parts that a growing group owns, so that others join it without a copy of them. */
export interface Growing {
  readonly builder: ScalarBuilder;
  /** The folded expression, of reductions. */
  readonly body: ScalarBuilder;
  readonly results: Map<BufferId, Result>;
}

/** A group's own copy. */
export function growing(group: OpenGroup): Growing {
  const body = new ScalarBuilder();
  if (group.anchor.form === "reduce") splice(body, group.anchor.body);
  return { builder: group.builder.copy(), body, results: new Map(group.results) };
}

/** Makes the producer (or first) group that has a copy of its own one with another in it. */
type Combine = (room: Growing) => OpenGroup;

/**
 * Takes a map consumer's expression into its producer; undefined if the consumer does not run over the producer's
 * results element by element.
 */
export function absorbing(producer: OpenGroup, consumer: OpenGroup): Combine | undefined {
  if (consumer.anchor.form !== "map") return undefined;
  if (elementCount(producer.shape) !== elementCount(consumer.shape) || elementCount(consumer.shape) === 0)
    return undefined;
  const coordinates = reshaped(producer.coordinates, producer.shape, consumer.domain, producer.domain);
  if (coordinates === undefined) return undefined;
  if (!readsInOrder(consumer.builder.nodes, producer.results, consumer.domain)) return undefined;
  const rank = producer.domain.length;
  return ({ builder, results }) => {
    const given = (node: ScalarNode): ValueId | undefined =>
      node.kind === "load" ? results.get(node.buffer)?.value : undefined;
    const added = splice(builder, consumer.builder.nodes, (a) => substitute(a, coordinates, rank), given);
    addResults(results, consumer.results, added);
    return { ...producer, builder, results };
  };
}

/** Two reductions over the same points as one kernel; the second may use the first's results, after the folding only. */
export function joining(a: OpenGroup, b: OpenGroup): Combine | undefined {
  if (a.anchor.form !== "reduce" || b.anchor.form !== "reduce") return undefined;
  const [left, right] = [a.anchor, b.anchor];
  if (left.outer.join() !== right.outer.join() || left.inner.join() !== right.inner.join()) return undefined;
  if (anchorReads(right).some((buffer) => a.results.has(buffer))) return undefined;
  if (!readsInOrder(b.builder.nodes, a.results, b.domain)) return undefined;
  return ({ builder, body, results }) => {
    const moved = splice(body, right.body);
    const reductions = [
      ...left.reductions,
      ...right.reductions.map((reduction): Reduction => ({ ...reduction, value: moved(reduction.value) })),
    ];
    const given = (node: ScalarNode): ValueId | undefined => {
      if (node.kind === "accumulator")
        return builder.add({ ...node, index: node.index + left.reductions.length });
      return node.kind === "load" ? results.get(node.buffer)?.value : undefined;
    };
    const added = splice(builder, b.builder.nodes, undefined, given);
    addResults(results, b.results, added);
    return { ...a, anchor: { ...left, body: body.nodes, reductions }, builder, results };
  };
}

function addResults(
  results: Map<BufferId, Result>,
  more: OpenGroup["results"],
  added: (value: ValueId) => ValueId,
): void {
  for (const [buffer, result] of more) results.set(buffer, { ...result, value: added(result.value) });
}

/** The group's kernels, storing only the results that `wanted` names. */
export function kernelsOf(group: Group, wanted: (buffer: BufferId) => boolean): readonly Kernel[] {
  if (!group.open) return group.kernels.map(mergeAxes);
  const linear = position(group.coordinates, rowMajorStrides(group.shape), group.domain.length);
  const stores = [...group.results].flatMap(([buffer, { value }]): Store[] =>
    wanted(buffer) ? [{ buffer, index: linear, value }] : [],
  );
  if (stores.length === 0) return [];
  const kept = prune(group.builder, stores);
  const { anchor } = group;
  if (group.domain.includes(0)) return [];
  if (anchor.form === "map")
    return [mergeAxes({ form: "map", domain: group.domain, body: kept.graph, stores: kept.stores })];
  return [mergeAxes({ ...anchor, epilogue: kept.graph, stores: kept.stores })];
}

/** Only the nodes that the stores need, in order. */
function prune(
  builder: ScalarBuilder,
  stores: readonly Store[],
): { readonly graph: readonly ScalarNode[]; readonly stores: readonly Store[] } {
  const needed = new Set<ValueId>();
  for (const { value } of stores) needed.add(value);
  // Operands come first, so one walk from the end finds all.
  for (let value = builder.nodes.length - 1; value >= 0; value--) {
    const node = builder.nodes[value];
    if (node !== undefined && needed.has(value)) operandsOf(node).forEach((operand) => needed.add(operand));
  }
  if (needed.size === builder.nodes.length) return { graph: builder.nodes, stores };
  // Nodes are different from one another, and stay so under new numbers.
  const renumbered: ValueId[] = [];
  const renumber = (value: ValueId): ValueId => at(renumbered, value);
  const graph: ScalarNode[] = [];
  builder.nodes.forEach((node, value) => {
    renumbered.push(graph.length);
    if (needed.has(value)) graph.push(mapScalar(node, renumber));
  });
  return { graph, stores: stores.map((store) => ({ ...store, value: renumber(store.value) })) };
}
