import {
  type NameOf,
  type Node,
  type Tensor,
  AdjointError,
  isNode,
  rowMajorStrides,
  uniformConstant,
} from "@adjoint/ir";
import { type Access, type Affine, fixed, position, scaled } from "./affine.ts";
import { sizesOf } from "./sizes.ts";
import { type BufferId, type ScalarBuilder, type ValueId } from "./scalar.ts";
import { belowReshape, isView, padsZero, through } from "./views.ts";

/** Where tensors are in memory, and a wish that one were. */
export interface Placement {
  bufferOf(tensor: Tensor): BufferId | undefined;
  /** True for a tensor that a kernel of its own computes. */
  isStored(tensor: Tensor): boolean;
  /** Called for a tensor that can't be read in place: lowering starts over with it in memory. */
  demand(tensor: Tensor): void;
}

/** A buffer seen through views. */
export interface BufferView {
  readonly buffer: BufferId;
  readonly access: Access;
  readonly index: Affine;
}

const positionIn = (tensor: Tensor, access: Access): Affine =>
  position(access.coordinates, rowMajorStrides(sizesOf(tensor)), access.domain.length);

/** The buffer that holds a tensor, looked at through reshapes (which keep positions). */
function stored(tensor: Tensor, placement: Placement): BufferId | undefined {
  for (let base: Tensor | undefined = tensor; base !== undefined; base = belowReshape(base)) {
    const buffer = placement.bufferOf(base);
    if (buffer !== undefined) return buffer;
  }
  return undefined;
}

/** A tensor as an affine view of a buffer; what prevents that is demanded into memory. */
export function viewOf(tensor: Tensor, access: Access, placement: Placement): BufferView | undefined {
  const buffer = stored(tensor, placement);
  if (buffer !== undefined) return { buffer, access, index: positionIn(tensor, access) };
  if (!isView(tensor.node) || (isNode(tensor.node, "pad") && !padsZero(tensor.node))) {
    placement.demand(tensor);
    return undefined;
  }
  const step = through(tensor, access);
  if (step === undefined) {
    placement.demand(tensor.node.inputs[0] ?? tensor);
    return undefined;
  }
  return viewOf(step.input, step.access, placement);
}

/** Builds the expression for an element of a tensor over a kernel's domain. */
export class Expression {
  readonly #builder: ScalarBuilder;
  readonly #placement: Placement;
  /** One value for one tensor under one access object: map operands share theirs. */
  readonly #done = new Map<Access, Map<Tensor, ValueId>>();

  constructor(builder: ScalarBuilder, placement: Placement) {
    this.#builder = builder;
    this.#placement = placement;
  }

  pull(tensor: Tensor, access: Access): ValueId {
    const seen = this.#done.get(access) ?? new Map<Tensor, ValueId>();
    this.#done.set(access, seen);
    const known = seen.get(tensor);
    if (known !== undefined) return known;
    const value = this.#build(tensor, access);
    seen.set(tensor, value);
    return value;
  }

  #build(tensor: Tensor, access: Access): ValueId {
    const builder = this.#builder;
    const { node, dtype } = tensor;
    const uniform = uniformConstant(tensor);
    if (uniform !== undefined) return builder.add({ kind: "constant", dtype, value: uniform });
    const buffer = stored(tensor, this.#placement);
    if (buffer !== undefined) {
      const index = { ...positionIn(tensor, access), guards: access.guards };
      return builder.add({ kind: "load", dtype, buffer, index, dynamic: [] });
    }
    if (isView(node)) return this.#view(tensor, access);
    if (isNode(node, "concat") && !this.#placement.isStored(tensor))
      return this.#part(tensor, node.attributes.axis, access);
    if (isNode(node, "iota")) {
      const axis = access.coordinates[node.attributes.axis] ?? fixed(0, access.domain.length);
      return builder.add({ kind: "index", dtype, index: axis });
    }
    if (isNode(node, "randomBits")) return this.#randomBits(tensor, node, access);
    if (isNode(node, "gather")) return this.#gather(tensor, node, access);
    if (node.operation.kind === "map") {
      const operands = node.inputs.map((input) => this.pull(input, access));
      const from = node.inputs.at(-1)?.dtype ?? dtype;
      // A node of kind map has a map's name.
      return builder.add({
        kind: "map",
        dtype,
        from,
        operation: node.operation.name as NameOf<"map">,
        operands,
      });
    }
    this.#placement.demand(tensor);
    return builder.add({ kind: "constant", dtype, value: 0 });
  }

  #view(tensor: Tensor, access: Access): ValueId {
    const step = through(tensor, access);
    if (step === undefined) {
      this.#placement.demand(tensor.node.inputs[0] ?? tensor);
      return this.#builder.add({ kind: "constant", dtype: tensor.dtype, value: 0 });
    }
    const value = this.pull(step.input, step.access);
    const [, filler] = tensor.node.inputs;
    if (step.added.length === 0 || filler === undefined) return value;
    const otherwise = this.pull(filler, { ...access, coordinates: [] });
    const node = this.#builder.nodes[value];
    // A load that is guarded by just this padding takes the filler itself.
    if (
      node?.kind === "load" &&
      access.guards.length === 0 &&
      node.otherwise === undefined &&
      node.dynamic.length === 0
    ) {
      return this.#builder.add({ ...node, otherwise });
    }
    const inside = this.#builder.add({ kind: "inside", dtype: "bool", guards: step.added });
    return this.#builder.add({
      kind: "map",
      dtype: tensor.dtype,
      from: tensor.dtype,
      operation: "where",
      operands: [inside, value, otherwise],
    });
  }

  /** A concatenation read at a fixed place of its axis: the part that lies there. */
  #part(tensor: Tensor, axis: number, access: Access): ValueId {
    const place = access.coordinates[axis];
    let start = 0;
    for (const part of tensor.node.inputs) {
      const size = sizesOf(part)[axis] ?? 0;
      if (
        place !== undefined &&
        place.strides.every((stride) => stride === 0) &&
        place.offset < start + size
      ) {
        const own = access.coordinates.map((coordinate, at) =>
          at === axis ? scaled(coordinate, 1, -start) : coordinate,
        );
        return this.pull(part, { ...access, coordinates: own });
      }
      start += size;
    }
    this.#placement.demand(tensor);
    return this.#builder.add({ kind: "constant", dtype: tensor.dtype, value: 0 });
  }

  #randomBits(tensor: Tensor, node: Node, access: Access): ValueId {
    const [key] = node.inputs;
    if (key === undefined) throw new AdjointError("graph", "randomBits", "has no key");
    const word = (index: number): ValueId =>
      this.pull(key, { ...access, coordinates: [fixed(index, access.domain.length)] });
    return this.#builder.add({
      kind: "randomBits",
      dtype: "u32",
      key: [word(0), word(1)],
      counter: positionIn(tensor, access),
    });
  }

  /** The addressed axes become further axes of the access, and then terms of the load that data decides. */
  #gather(tensor: Tensor, node: Node, access: Access): ValueId {
    const [data, indices] = node.inputs;
    if (data === undefined || indices === undefined)
      throw new AdjointError("graph", "gather", "has no operands");
    const rank = access.domain.length;
    const depth = sizesOf(indices).at(-1) ?? 0;
    const outer = indices.rank - 1;
    const dataSizes = sizesOf(data);
    const wide = (a: Affine): Affine => ({
      offset: a.offset,
      strides: [...a.strides, ...dataSizes.slice(0, depth).map(() => 0)],
    });
    const addressed = dataSizes.slice(0, depth).map((_, axis): Affine => {
      const strides = Array.from({ length: rank + depth }, (__, index) => (index === rank + axis ? 1 : 0));
      return { offset: 0, strides };
    });
    const view = viewOf(
      data,
      {
        domain: [...access.domain, ...dataSizes.slice(0, depth)],
        coordinates: [...addressed, ...access.coordinates.slice(outer).map(wide)],
        guards: access.guards.map((guard) => ({ ...wide(guard), limit: guard.limit })),
      },
      this.#placement,
    );
    if (view === undefined) return this.#builder.add({ kind: "constant", dtype: tensor.dtype, value: 0 });
    if (view.access.guards.some((guard) => guard.strides.slice(rank).some((stride) => stride !== 0))) {
      this.#placement.demand(data);
      return this.#builder.add({ kind: "constant", dtype: tensor.dtype, value: 0 });
    }
    const narrow = (a: Affine): Affine => ({ offset: a.offset, strides: a.strides.slice(0, rank) });
    const dynamic = addressed.map((_, axis) => ({
      value: this.pull(indices, {
        ...access,
        coordinates: [...access.coordinates.slice(0, outer), fixed(axis, rank)],
      }),
      stride: view.index.strides[rank + axis] ?? 0,
      size: dataSizes[axis] ?? 0,
      operation: "gather",
    }));
    const guards = view.access.guards.map((guard) => ({ ...narrow(guard), limit: guard.limit }));
    return this.#builder.add({
      kind: "load",
      dtype: tensor.dtype,
      buffer: view.buffer,
      index: { ...narrow(view.index), guards },
      dynamic,
    });
  }
}

/** Constants that are more than one repeated element live in a buffer. */
export const isStoredConstant = (tensor: Tensor): boolean =>
  isNode(tensor.node, "constant") && uniformConstant(tensor) === undefined;
