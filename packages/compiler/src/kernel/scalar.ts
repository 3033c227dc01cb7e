import type { NameOf } from "@adjoint/ir/graph";
import type { DType, Scalar as Element } from "@adjoint/ir/values";
import type { Affine, Guard, IndexMap } from "./affine.ts";

/** A buffer, by its number in the program; the plan gives it a slot. */
export type BufferId = number;
/** A value in a scalar graph, by its index in the list. */
export type ValueId = number;

/** One value of the expression inside a kernel. Operands come earlier in the list. */
export type ScalarNode =
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: Element }
  | Load
  /** An affine function of the coordinates, as a number. */
  | { readonly kind: "index"; readonly dtype: DType; readonly index: Affine }
  /** Bool: all guards hold. */
  | { readonly kind: "inside"; readonly dtype: "bool"; readonly guards: readonly Guard[] }
  /** A map primitive; `from` is the operands' dtype (of the last operand for `where`). */
  | {
      readonly kind: "map";
      readonly dtype: DType;
      readonly from: DType;
      readonly operation: NameOf<"map">;
      readonly operands: readonly ValueId[];
    }
  /** Threefry-2x32 of the key's words and the counter's position. */
  | {
      readonly kind: "randomBits";
      readonly dtype: "u32";
      readonly key: readonly [ValueId, ValueId];
      readonly counter: Affine;
    }
  /** The result of the kernel's reduction, product or sum, in an epilogue. */
  | { readonly kind: "accumulator"; readonly dtype: DType; readonly index: number };

/** An element of a buffer. */
export interface Load {
  readonly kind: "load";
  readonly dtype: DType;
  readonly buffer: BufferId;
  readonly index: IndexMap;
  /** Positions decided by data: each adds value·stride, and a value outside 0 … size−1 is an error. */
  readonly dynamic: readonly DynamicIndex[];
  /** The value if the guards fail; zero when absent. */
  readonly otherwise?: ValueId;
}

export interface DynamicIndex {
  readonly value: ValueId;
  readonly stride: number;
  readonly size: number;
  /** The operation that indexes, for the error. */
  readonly operation: string;
}

/** An expression over a kernel's domain, as a list in which operands come first. */
export type ScalarGraph = readonly ScalarNode[];

/** Builds scalar graphs; equal nodes are made once. */
export class ScalarBuilder {
  readonly #nodes: ScalarNode[] = [];
  readonly #known = new Map<string, ValueId>();

  /** A builder that has these values already, under the same numbers. */
  copy(): ScalarBuilder {
    const copy = new ScalarBuilder();
    for (const node of this.#nodes) copy.#nodes.push(node);
    for (const [key, value] of this.#known) copy.#known.set(key, value);
    return copy;
  }

  add(node: ScalarNode): ValueId {
    const key = keyOf(node);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#nodes.push(node);
    this.#known.set(key, this.#nodes.length - 1);
    return this.#nodes.length - 1;
  }

  get nodes(): ScalarGraph {
    return this.#nodes;
  }

  dtype(value: ValueId): DType {
    const node = this.#nodes[value];
    if (node === undefined) throw new RangeError(`no scalar value ${value}`);
    return node.dtype;
  }
}

const affineKey = (a: Affine): string => `${a.offset}+${a.strides.join()}`;
const guardsKey = (guards: readonly Guard[]): string =>
  guards.map((guard) => `${affineKey(guard)}<${guard.limit}`).join("&");

function keyOf(node: ScalarNode): string {
  switch (node.kind) {
    case "constant":
      return `c ${node.dtype} ${Object.is(node.value, -0) ? "-0" : String(node.value)}`;
    case "load":
      return `l ${node.buffer} ${affineKey(node.index)} ${guardsKey(node.index.guards)} ${node.otherwise ?? ""} ${node.dynamic
        .map((term) => `${term.value}*${term.stride}<${term.size}`)
        .join()}`;
    case "index":
      return `i ${node.dtype} ${affineKey(node.index)}`;
    case "inside":
      return `g ${guardsKey(node.guards)}`;
    case "map":
      return `m ${node.operation} ${node.dtype} ${node.from} ${node.operands.join()}`;
    case "randomBits":
      return `r ${node.key.join()} ${affineKey(node.counter)}`;
    case "accumulator":
      return `a ${node.index}`;
  }
}

/** Operands of a scalar node, in order. */
export function operandsOf(node: ScalarNode): readonly ValueId[] {
  switch (node.kind) {
    case "map":
      return node.operands;
    case "load":
      return [
        ...(node.otherwise === undefined ? [] : [node.otherwise]),
        ...node.dynamic.map((term) => term.value),
      ];
    case "randomBits":
      return node.key;
    default:
      return [];
  }
}

/** The same node over other operands, and over other coordinates if they change. */
export function mapScalar(
  node: ScalarNode,
  value: (id: ValueId) => ValueId,
  affine?: (a: Affine) => Affine,
): ScalarNode {
  switch (node.kind) {
    case "constant":
    case "accumulator":
      return node;
    case "index":
      return affine === undefined ? node : { ...node, index: affine(node.index) };
    case "inside":
      return affine === undefined ? node : { ...node, guards: guardsOver(node.guards, affine) };
    case "map": {
      const { kind, dtype, from, operation, operands } = node;
      return { kind, dtype, from, operation, operands: operands.map(value) };
    }
    case "randomBits": {
      const [low, high] = node.key;
      return { ...node, key: [value(low), value(high)], counter: affine?.(node.counter) ?? node.counter };
    }
    case "load":
      return mapLoad(node, value, affine);
  }
}

function mapLoad(node: Load, value: (id: ValueId) => ValueId, affine?: (a: Affine) => Affine): Load {
  const { kind, dtype, buffer, dynamic, otherwise } = node;
  const index =
    affine === undefined
      ? node.index
      : { ...affine(node.index), guards: guardsOver(node.index.guards, affine) };
  // Most loads have no operands.
  if (dynamic.length === 0 && otherwise === undefined)
    return affine === undefined ? node : { kind, dtype, buffer, index, dynamic };
  return {
    ...node,
    index,
    dynamic: dynamic.map((term) => ({ ...term, value: value(term.value) })),
    ...(otherwise !== undefined && { otherwise: value(otherwise) }),
  };
}

const guardsOver = (guards: readonly Guard[], affine: (a: Affine) => Affine): readonly Guard[] =>
  guards.map((guard) => ({ ...affine(guard), limit: guard.limit }));

/**
 * Copies an expression into a builder, over other coordinates if they change, and returns the new number of each value.
 * @param given a value that stands for a node.
 */
export function splice(
  into: ScalarBuilder,
  graph: ScalarGraph,
  affine?: (a: Affine) => Affine,
  given: (node: ScalarNode) => ValueId | undefined = () => undefined,
): (id: ValueId) => ValueId {
  const renumbered: ValueId[] = [];
  const at = (id: ValueId): ValueId => {
    const known = renumbered[id];
    if (known === undefined) throw new RangeError(`scalar value ${id} is not there`);
    return known;
  };
  for (const node of graph) renumbered.push(given(node) ?? into.add(mapScalar(node, at, affine)));
  return at;
}
