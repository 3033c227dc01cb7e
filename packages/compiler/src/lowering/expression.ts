import type { Tensor } from "@adjoint/ir";
import { type NameOf, type Node, isNode, uniformConstant } from "@adjoint/ir/graph";
import { AdjointError, type DType, rowMajorStrides } from "@adjoint/ir/values";
import { type Access, type Affine, type Guard, fixed, position, scaled } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { type BufferId, type ScalarBuilder, type ValueId } from "../kernel/scalar.ts";
import { belowReshape, isView, padsZero, through } from "./views.ts";

/** The buffers of tensors that are in memory, and requests for more. */
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
  let seen: Wanted = { tensor, access };
  for (;;) {
    const buffer = stored(seen.tensor, placement);
    if (buffer !== undefined)
      return { buffer, access: seen.access, index: positionIn(seen.tensor, seen.access) };
    const { node } = seen.tensor;
    if (!isView(node) || (isNode(node, "pad") && !padsZero(node))) {
      placement.demand(seen.tensor);
      return undefined;
    }
    const step = through(seen.tensor, seen.access);
    if (step === undefined) {
      placement.demand(node.inputs[0] ?? seen.tensor);
      return undefined;
    }
    seen = { tensor: step.input, access: step.access };
  }
}

/** An element that an expression is made of. */
interface Wanted {
  readonly tensor: Tensor;
  readonly access: Access;
}

/** The operands of an element, in order, and the way to combine them. */
interface Recipe {
  readonly operands: readonly Wanted[];
  readonly combine: (values: readonly ValueId[]) => ValueId;
}

/** A recipe under way. */
interface Frame extends Recipe {
  readonly wanted: Wanted;
  readonly values: ValueId[];
}

/** The recipe of a tensor that is another one, seen from elsewhere. */
const same = (tensor: Tensor, access: Access): Recipe => ({
  operands: [{ tensor, access }],
  combine: ([value = 0]) => value,
});

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

  /** Depth first, with a stack of its own: expressions are deeper than the call stack. */
  pull(tensor: Tensor, access: Access): ValueId {
    const stack: Frame[] = [];
    let wanted: Wanted | undefined = { tensor, access };
    for (;;) {
      let value: ValueId | undefined;
      if (wanted !== undefined) {
        value = this.#done.get(wanted.access)?.get(wanted.tensor);
        if (value === undefined) {
          const recipe = this.#recipe(wanted.tensor, wanted.access);
          if (typeof recipe === "number") value = this.#keep(wanted, recipe);
          else stack.push({ ...recipe, wanted, values: [] });
        }
      }
      for (let top = stack.at(-1); ; top = stack.at(-1)) {
        if (top === undefined) return value ?? 0;
        if (value !== undefined) top.values.push(value);
        wanted = top.operands[top.values.length];
        if (wanted !== undefined) break;
        stack.pop();
        value = this.#keep(top.wanted, top.combine(top.values));
      }
    }
  }

  #keep({ tensor, access }: Wanted, value: ValueId): ValueId {
    const seen = this.#done.get(access) ?? new Map<Tensor, ValueId>();
    this.#done.set(access, seen);
    seen.set(tensor, value);
    return value;
  }

  /** The value itself if it depends on no other. */
  #recipe(tensor: Tensor, access: Access): ValueId | Recipe {
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
      // A node of kind map has a map's name.
      const operation = node.operation.name as NameOf<"map">;
      const from = node.inputs.at(-1)?.dtype ?? dtype;
      return {
        operands: node.inputs.map((input) => ({ tensor: input, access })),
        combine: (operands) => builder.add({ kind: "map", dtype, from, operation, operands }),
      };
    }
    return this.#demanded(tensor, dtype);
  }

  /** Zero, in a round that only finds out what has to be in memory. */
  #demanded(tensor: Tensor, dtype: DType): ValueId {
    this.#placement.demand(tensor);
    return this.#builder.add({ kind: "constant", dtype, value: 0 });
  }

  #view(tensor: Tensor, access: Access): ValueId | Recipe {
    const { node, dtype } = tensor;
    const step = through(tensor, access);
    if (step === undefined) return this.#demanded(node.inputs[0] ?? tensor, dtype);
    const [, filler] = node.inputs;
    if (step.added.length === 0 || filler === undefined) return same(step.input, step.access);
    return {
      operands: [
        { tensor: step.input, access: step.access },
        { tensor: filler, access: { ...access, coordinates: [] } },
      ],
      combine: ([value = 0, otherwise = 0]) => this.#padded(dtype, access, step.added, value, otherwise),
    };
  }

  /** A value where the guards hold, and another elsewhere. */
  #padded(
    dtype: DType,
    access: Access,
    guards: readonly Guard[],
    value: ValueId,
    otherwise: ValueId,
  ): ValueId {
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
    const inside = this.#builder.add({ kind: "inside", dtype: "bool", guards });
    return this.#builder.add({
      kind: "map",
      dtype,
      from: dtype,
      operation: "where",
      operands: [inside, value, otherwise],
    });
  }

  /** A concatenation read at a fixed position of its axis: the part that lies there. */
  #part(tensor: Tensor, axis: number, access: Access): ValueId | Recipe {
    const onAxis = access.coordinates[axis];
    let start = 0;
    for (const part of tensor.node.inputs) {
      const size = sizesOf(part)[axis] ?? 0;
      if (
        onAxis !== undefined &&
        onAxis.strides.every((stride) => stride === 0) &&
        onAxis.offset < start + size
      ) {
        const own = access.coordinates.map((coordinate, at) =>
          at === axis ? scaled(coordinate, 1, -start) : coordinate,
        );
        return same(part, { ...access, coordinates: own });
      }
      start += size;
    }
    return this.#demanded(tensor, tensor.dtype);
  }

  #randomBits(tensor: Tensor, node: Node, access: Access): Recipe {
    const [key] = node.inputs;
    if (key === undefined) throw new AdjointError("graph", "randomBits", "has no key");
    const word = (index: number): Wanted => ({
      tensor: key,
      access: { ...access, coordinates: [fixed(index, access.domain.length)] },
    });
    return {
      operands: [word(0), word(1)],
      combine: ([low = 0, high = 0]) =>
        this.#builder.add({
          kind: "randomBits",
          dtype: "u32",
          key: [low, high],
          counter: positionIn(tensor, access),
        }),
    };
  }

  /** The addressed axes become further axes of the access, and then terms of the load that data decides. */
  #gather(tensor: Tensor, node: Node, access: Access): ValueId | Recipe {
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
    if (view.access.guards.some((guard) => guard.strides.slice(rank).some((stride) => stride !== 0)))
      return this.#demanded(data, tensor.dtype);
    const narrow = (a: Affine): Affine => ({ offset: a.offset, strides: a.strides.slice(0, rank) });
    const guards = view.access.guards.map((guard) => ({ ...narrow(guard), limit: guard.limit }));
    return {
      operands: addressed.map((_, axis) => ({
        tensor: indices,
        access: { ...access, coordinates: [...access.coordinates.slice(0, outer), fixed(axis, rank)] },
      })),
      combine: (values) =>
        this.#builder.add({
          kind: "load",
          dtype: tensor.dtype,
          buffer: view.buffer,
          index: { ...narrow(view.index), guards },
          dynamic: values.map((value, axis) => ({
            value,
            stride: view.index.strides[rank + axis] ?? 0,
            size: dataSizes[axis] ?? 0,
            operation: "gather",
          })),
        }),
    };
  }
}

/** Constants that are more than one repeated element live in a buffer. */
export const isStoredConstant = (tensor: Tensor): boolean =>
  isNode(tensor.node, "constant") && uniformConstant(tensor) === undefined;
