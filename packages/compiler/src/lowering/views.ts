import type { Tensor } from "@adjoint/ir";
import { type AttributesOf, type NameOf, type Node, isNode, uniformConstant } from "@adjoint/ir/graph";
import { elementCount } from "@adjoint/ir/values";
import {
  type Access,
  type Affine,
  type Guard,
  fixed,
  needed,
  plus,
  reshaped,
  scaled,
} from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";

/** A view's input seen from an access of its output. */
export interface Through {
  readonly input: Tensor;
  readonly access: Access;
  /** Conditions that this view adds: if they fail, the element is its filler. */
  readonly added: readonly Guard[];
}

type ViewRule<N extends NameOf<"view">> = (
  node: Node<AttributesOf<N>>,
  input: Tensor,
  access: Access,
) => Through | undefined;

const plain = (input: Tensor, access: Access, coordinates: readonly Affine[]): Through => ({
  input,
  access: { ...access, coordinates },
  added: [],
});

const at = (access: Access, axis: number): Affine =>
  access.coordinates[axis] ?? fixed(0, access.domain.length);

/** The map of each view from its output's coordinates to its input's. Undefined: it must be computed into memory. */
const rules: { readonly [N in NameOf<"view">]: ViewRule<N> } = {
  reshape: (node, input, access) => {
    const coordinates = reshaped(access.coordinates, sizesOf(node.output), sizesOf(input), access.domain);
    return coordinates === undefined ? undefined : plain(input, access, coordinates);
  },
  transpose: ({ attributes: { permutation } }, input, access) =>
    plain(
      input,
      access,
      permutation.map((_, axis) => at(access, permutation.indexOf(axis))),
    ),
  broadcast: (node, input, access) => {
    const missing = node.output.rank - input.rank;
    return plain(
      input,
      access,
      input.shape.map((size, axis) =>
        size === 1 ? fixed(0, access.domain.length) : at(access, axis + missing),
      ),
    );
  },
  slice: ({ attributes: { starts, steps } }, input, access) =>
    plain(
      input,
      access,
      starts.map((start, axis) => scaled(at(access, axis), steps[axis] ?? 1, Number(start))),
    ),
  flip: ({ attributes: { axes } }, input, access) =>
    plain(
      input,
      access,
      sizesOf(input).map((size, axis) =>
        axes.includes(axis) ? scaled(at(access, axis), -1, size - 1) : at(access, axis),
      ),
    ),
  window: ({ attributes: { axes, strides, dilations } }, input, access) => {
    const { rank } = input;
    return plain(
      input,
      access,
      input.shape.map((_, axis) => {
        const index = axes.indexOf(axis);
        if (index < 0) return at(access, axis);
        return plus(
          scaled(at(access, axis), strides[index] ?? 1),
          scaled(at(access, rank + index), dilations[index] ?? 1),
        );
      }),
    );
  },
  pad: ({ attributes: { low, interior } }, input, access) => {
    if (interior.some((count) => count > 0)) return undefined;
    const coordinates = low.map((count, axis) => scaled(at(access, axis), 1, -count));
    const added = needed(
      sizesOf(input).map((limit, axis) => ({
        ...(coordinates[axis] ?? fixed(0, access.domain.length)),
        limit,
      })),
      access.domain,
    );
    return {
      input,
      access: { ...access, coordinates, guards: needed([...access.guards, ...added], access.domain) },
      added,
    };
  },
  concat: () => undefined,
  windowSum: () => undefined,
};

/** Views that only rename coordinates; the others are computed by kernels of their own. */
export function isView(node: Node): boolean {
  if (node.operation.kind !== "view") return false;
  if (isNode(node, "pad")) return node.attributes.interior.every((count) => count === 0);
  return !isNode(node, "concat") && !isNode(node, "windowSum");
}

/** The view's input from an access of its output; undefined if that is not affine. */
export function through(tensor: Tensor, access: Access): Through | undefined {
  const [input] = tensor.node.inputs;
  if (input === undefined) return undefined;
  // The operation's name decides the attributes that its rule takes.
  const rule = rules[tensor.node.operation.name as NameOf<"view">] as ViewRule<NameOf<"view">>;
  return rule(tensor.node as Node<never>, input, access);
}

/** The tensor below all views. */
export function baseOf(tensor: Tensor): Tensor {
  let base = tensor;
  while (isView(base.node)) {
    const [input] = base.node.inputs;
    if (input === undefined) break;
    base = input;
  }
  return base;
}

/** The input of a reshape: the same elements in the same order; undefined for other tensors. */
export function belowReshape(tensor: Tensor): Tensor | undefined {
  const { node } = tensor;
  const [input] = node.inputs;
  if (input === undefined) return undefined;
  const keeps =
    isNode(node, "reshape") ||
    (isNode(node, "broadcast") && elementCount(sizesOf(tensor)) === elementCount(sizesOf(input)));
  return keeps ? input : undefined;
}

/** The tensor below reshapes only. */
export function belowReshapes(tensor: Tensor): Tensor {
  let base = tensor;
  for (let next = belowReshape(base); next !== undefined; next = belowReshape(base)) base = next;
  return base;
}

/** True if a padding's filler is zero, which index maps give without a select. */
export function padsZero(node: Node): boolean {
  const [, filler] = node.inputs;
  return filler !== undefined && Number(uniformConstant(filler)) === 0;
}
