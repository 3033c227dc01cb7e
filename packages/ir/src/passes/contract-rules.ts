import { at } from "../at.ts";
import type { Tensor } from "../tensor.ts";
import { stretchedAxes } from "../ops/broadcast.ts";
import { dotGeneral, freeAxes } from "../ops/contract.ts";
import { reshape } from "../ops/reshape.ts";
import { operand } from "../primitive.ts";
import type { Axes, DotAttributes } from "../primitive-set.ts";
import { type Rule, rule } from "./rewrite.ts";
import { axisGroups, isAscending } from "./axis-groups.ts";
import { madeBy, under } from "./facts.ts";

type Side = "left" | "right";

/** The axes of one side of a dot product. */
interface SideAxes {
  readonly batch: Axes;
  readonly contract: Axes;
}

const axesOf = (attributes: DotAttributes, side: Side): SideAxes =>
  side === "left"
    ? { batch: attributes.leftBatch, contract: attributes.leftContract }
    : { batch: attributes.rightBatch, contract: attributes.rightContract };

/** The dot product with another tensor on one side, and other numbers for that side's axes. */
function withSide(
  inputs: readonly Tensor[],
  attributes: DotAttributes,
  side: Side,
  tensor: Tensor,
  { batch, contract }: SideAxes,
): Tensor {
  return side === "left"
    ? dotGeneral(tensor, operand(inputs, 1), { ...attributes, leftBatch: batch, leftContract: contract })
    : dotGeneral(operand(inputs, 0), tensor, { ...attributes, rightBatch: batch, rightContract: contract });
}

/** A transposed operand read in place: its axes are numbered as they were before, if its free axes keep their order. */
const transposeInto = (side: Side): Rule =>
  rule(`transpose into the ${side} of a dot product`, "dotGeneral", ({ attributes }, ...inputs) => {
    const tensor = operand(inputs, side === "left" ? 0 : 1);
    const moved = madeBy(tensor, "transpose");
    if (moved === undefined) return undefined;
    const { permutation } = moved.attributes;
    const { batch, contract } = axesOf(attributes, side);
    const before = (axes: Axes): Axes => axes.map((axis) => permutation[axis] ?? axis);
    if (!isAscending(before(freeAxes(tensor.rank, batch, contract)))) return undefined;
    return withSide(inputs, attributes, side, operand(moved.inputs, 0), {
      batch: before(batch),
      contract: before(contract),
    });
  });

/**
 * An operand whose free axes were merged or split, read as it was: the reshape of the product does the rest. Batch and
 * contracted axes must stay what they are.
 */
function withoutReshape(product: Tensor, side: Side): Tensor | undefined {
  const dot = madeBy(product, "dotGeneral");
  if (dot === undefined) return undefined;
  const tensor = operand(dot.inputs, side === "left" ? 0 : 1);
  const inner = under(tensor, "reshape");
  const groups = inner && axisGroups(inner.shape, tensor.shape);
  if (inner === undefined || groups === undefined) return undefined;
  const { batch, contract } = axesOf(dot.attributes, side);
  const used = new Set([...batch, ...contract]);
  const places = new Map<number, number>();
  for (const { from, to } of groups) {
    if (!to.some((axis) => used.has(axis))) continue;
    const [own, place] = [from[0], to[0]];
    if (from.length !== 1 || to.length !== 1 || own === undefined || place === undefined) return undefined;
    places.set(place, own);
  }
  const before = (axes: Axes): Axes => axes.flatMap((axis) => places.get(axis) ?? []);
  const axes: SideAxes = { batch: before(batch), contract: before(contract) };
  // A batch or contracted axis of size 1 belongs to no group.
  if (axes.batch.length !== batch.length || axes.contract.length !== contract.length) return undefined;
  return withSide(dot.inputs, dot.attributes, side, inner, axes);
}

const reshapeAround = (side: Side): Rule =>
  rule(`reshape of a dot product with a reshape on the ${side}`, "reshape", (match, product) => {
    const direct = match.usedOnce(product) ? withoutReshape(product, side) : undefined;
    return direct && reshape(direct, match.output.shape);
  });

const swapped = ({ leftBatch, rightBatch, leftContract, rightContract }: DotAttributes): DotAttributes => ({
  leftBatch: rightBatch,
  rightBatch: leftBatch,
  leftContract: rightContract,
  rightContract: leftContract,
});

/**
 * Views and sums folded into dot products. Products and the order of their sums stay the same, to the bit, unless a
 * rule says otherwise.
 */
export const contractRules: readonly Rule[] = [
  transposeInto("left"),
  transposeInto("right"),
  rule("transpose of a dot product → operands swapped", "transpose", (match, product) => {
    const dot = madeBy(product, "dotGeneral");
    if (dot === undefined || !match.usedOnce(product)) return undefined;
    const { permutation } = match.attributes;
    const { leftBatch, rightBatch, leftContract } = dot.attributes;
    const [a, b] = [operand(dot.inputs, 0), operand(dot.inputs, 1)];
    const batches = leftBatch.length;
    const leftEnd = a.rank - leftContract.length;
    const order = permutation.slice(0, batches);
    const free = permutation.slice(batches);
    if (order.some((axis) => axis >= batches)) return undefined;
    const ordered: DotAttributes = {
      ...dot.attributes,
      leftBatch: order.map((axis) => leftBatch[axis] ?? axis),
      rightBatch: order.map((axis) => rightBatch[axis] ?? axis),
    };
    if (isAscending(free)) return dotGeneral(a, b, ordered);
    const [first, second] = [free.filter((axis) => axis >= leftEnd), free.filter((axis) => axis < leftEnd)];
    const isSwap =
      isAscending(first) && isAscending(second) && free.every((axis, i) => axis === [...first, ...second][i]);
    return isSwap ? dotGeneral(b, a, swapped(ordered)) : undefined;
  }),
  reshapeAround("left"),
  reshapeAround("right"),
  // The rows of all batches meet one matrix: no copies of it, and one long product.
  rule("dot product with a repeated matrix", "dotGeneral", ({ attributes }, a, b) => {
    const matrix = under(b, "broadcast");
    const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
    const leftOrder = [...leftBatch, ...freeAxes(a.rank, leftBatch, leftContract)];
    if (matrix === undefined || leftBatch.length === 0 || !isAscending(leftOrder)) return undefined;
    const stretched = stretchedAxes(matrix.shape, b.shape);
    if (stretched.length !== rightBatch.length || stretched.some((axis) => !rightBatch.includes(axis)))
      return undefined;
    const kept = freeAxes(b.rank, stretched);
    const own = reshape(
      matrix,
      kept.map((axis) => at(b.shape, axis)),
    );
    return dotGeneral(a, own, {
      leftContract,
      rightContract: rightContract.map((axis) => kept.indexOf(axis)),
    });
  }),
  // All terms are the same; they are added in one sum that rounds once instead of a sum of rounded sums.
  rule("sum of a dot product over a batch axis → contracted", "reduceSum", (match, product) => {
    const dot = madeBy(product, "dotGeneral");
    if (dot === undefined || !match.usedOnce(product)) return undefined;
    const { leftBatch, rightBatch, leftContract, rightContract } = dot.attributes;
    const { axes } = match.attributes;
    if (axes.length === 0 || axes.some((axis) => axis >= leftBatch.length)) return undefined;
    const rest = (list: Axes): Axes => list.filter((_, index) => !axes.includes(index));
    const summed = (list: Axes): Axes => list.filter((_, index) => axes.includes(index));
    return dotGeneral(operand(dot.inputs, 0), operand(dot.inputs, 1), {
      leftBatch: rest(leftBatch),
      rightBatch: rest(rightBatch),
      leftContract: [...summed(leftBatch), ...leftContract],
      rightContract: [...summed(rightBatch), ...rightContract],
    });
  }),
];
