import type { Graph, Tensor } from "@adjoint/ir";
import { isNode, nodesOf } from "@adjoint/ir/graph";
import { AdjointError, elementCount } from "@adjoint/ir/values";
import type { BufferTable } from "../kernel/buffers.ts";
import { elementOf } from "./copies.ts";
import { sizesOf } from "./sizes.ts";
import { isStoredConstant } from "./expression.ts";
import { fuse } from "../fusion/fuse.ts";
import type { FusionLimits } from "../kernel/backend.ts";
import { type Group, kernelsOf, mapGroup } from "../fusion/group.ts";
import { lowerNode } from "./lower-node.ts";
import type { LoweredBody, LoweringContext } from "./context.ts";
import { Materialization } from "./materialize.ts";
import type { BufferId } from "../kernel/scalar.ts";
import { belowReshapes } from "./views.ts";

/** A graph as groups of kernels, before they are fused. */
export interface Lowered {
  readonly groups: readonly Group[];
  /** The buffer of each root, in order. */
  readonly roots: readonly BufferId[];
}

/**
 * Lowers a static graph of primitives: tensors that must be in memory get a buffer and a group, all others become part of
 * the expressions that read them.
 * @param given buffers of inputs and registers.
 * @param fresh roots whose buffer must be written by this graph and be no one else's (a loop's results).
 */
export function lowerGraph(
  roots: readonly Tensor[],
  buffers: BufferTable,
  given: ReadonlyMap<Tensor, BufferId>,
  limits: FusionLimits,
  fresh = false,
): Lowered {
  const materialization = new Materialization(roots, given, fresh);
  // A view that can't be read in place demands memory for what it reads; each round knows more.
  for (;;) {
    materialization.split(limits);
    const before = materialization.size;
    const attempt = buffers.fork();
    const lowered = lowerOnce(roots, attempt, given, materialization, limits, fresh);
    if (materialization.size === before) {
      buffers.adopt(attempt);
      return lowered;
    }
  }
}

function lowerOnce(
  roots: readonly Tensor[],
  buffers: BufferTable,
  given: ReadonlyMap<Tensor, BufferId>,
  materialization: Materialization,
  limits: FusionLimits,
  fresh: boolean,
): Lowered {
  const bufferIds = new Map<Tensor, BufferId>(given);
  const target = (tensor: Tensor): BufferId => {
    const known = bufferIds.get(tensor);
    if (known !== undefined && !given.has(tensor)) return known;
    const elements = elementCount(sizesOf(tensor));
    const buffer = buffers.add(tensor.dtype, elements, { kind: "temporary" }, tensor);
    bufferIds.set(tensor, buffer);
    return buffer;
  };
  const demanded = new Set<Tensor>();
  const context: LoweringContext = {
    buffers,
    target,
    bufferOf: (tensor) => {
      const known = bufferIds.get(tensor);
      if (known !== undefined) return known;
      if (!isStoredConstant(tensor) || !isNode(tensor.node, "constant")) return undefined;
      const { value } = tensor.node.attributes;
      const buffer = buffers.add(tensor.dtype, value.data.length, { kind: "constant", value }, tensor);
      bufferIds.set(tensor, buffer);
      return buffer;
    },
    demand: (tensor) => {
      materialization.demand(tensor);
      demanded.add(tensor);
    },
    isStored: (tensor) => materialization.has(tensor),
    lowerBody: (body, inputs) => lowerBody(body, inputs, buffers, limits),
  };
  const groups: Group[] = [];
  for (const node of nodesOf(roots)) {
    const wanted = node.outputs.filter((output) => materialization.has(output));
    if (wanted.length === 0) continue;
    for (const group of lowerNode(node, wanted, context)) groups.push(group);
  }
  // What was demanded is looked into at once, for what it demands itself: else each of a chain would take a round.
  for (const tensor of demanded) if (!bufferIds.has(tensor)) lowerNode(tensor.node, [tensor], context);
  const rootBuffers = roots.map((root) => {
    const base = belowReshapes(root);
    const buffer = context.bufferOf(root) ?? context.bufferOf(base);
    if (buffer === undefined) throw new AdjointError("graph", "compile", `${root} has no buffer`);
    return buffer;
  });
  if (!fresh) return { groups, roots: rootBuffers };
  // Results of a body are copied if their buffer is an input's, or another result's.
  const used = new Set<BufferId>(given.values());
  const own = rootBuffers.map((buffer, index) => {
    const constant = buffers.get(buffer).owner.kind === "constant";
    if (!used.has(buffer) && !constant) {
      used.add(buffer);
      return buffer;
    }
    const root = roots[index];
    if (root === undefined) return buffer;
    const copy = copyOf(buffer, root, buffers);
    groups.push(copy.group);
    return copy.buffer;
  });
  return { groups, roots: own };
}

function lowerBody(
  body: Graph,
  inputs: readonly BufferId[],
  buffers: BufferTable,
  limits: FusionLimits,
): LoweredBody {
  const given = new Map<Tensor, BufferId>();
  Object.values(body.inputs).forEach((tensor, index) => {
    const buffer = inputs[index];
    if (buffer !== undefined) given.set(tensor, buffer);
  });
  const lowered = lowerGraph(Object.values(body.outputs), buffers, given, limits, true);
  const { groups, isStored } = fuse(lowered.groups, limits, {
    ends: new Set(lowered.roots),
    homes: new Map(),
  });
  return {
    kernels: groups.flatMap((group) => kernelsOf(group, isStored)),
    results: lowered.roots,
  };
}

/** A group that copies a buffer to a new one. */
export function copyOf(
  source: BufferId,
  tensor: Tensor,
  buffers: BufferTable,
): { readonly buffer: BufferId; readonly group: Group } {
  const shape = sizesOf(tensor);
  const buffer = buffers.add(tensor.dtype, elementCount(shape));
  const { builder, value } = elementOf(source, tensor.dtype, shape);
  return { buffer, group: mapGroup(shape, builder, buffer, value) };
}
