import { at } from "../at.ts";
import { type Dim, addDims, equalDims, mulDims, subDims } from "../dim.ts";
import { type Tensor, apply, again } from "../tensor.ts";
import { broadcast, stretchedAxes } from "../ops/broadcast.ts";
import { concat } from "../ops/concat.ts";
import { flip } from "../ops/flip.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { uniformConstant } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import type { Axes } from "../primitive-set.ts";
import { type Rule, rule, ruleForKinds } from "./rewrite.ts";
import { type Shape, equalShapes } from "../shape.ts";
import { isAscending, isUnit, longAxes } from "./axis-groups.ts";
import { madeBy, under, uniformScalar } from "./facts.ts";

const permuted = <T>(list: readonly T[], permutation: Axes): readonly T[] =>
  permutation.flatMap((axis) => list.slice(axis, axis + 1));

/** A shape with leading ones, up to a rank. */
const padded = (shape: Shape, rank: number): Shape => [
  ...Array.from({ length: rank - shape.length }, () => 1),
  ...shape,
];

/** Reordering and resizing axes. Elements are only moved: exact to the bit. */
const reorderRules: readonly Rule[] = [
  rule("reshape to the same shape", "reshape", ({ output }, x) =>
    equalShapes(x.shape, output.shape) ? x : undefined,
  ),
  rule("reshape of a reshape", "reshape", ({ output }, x) => {
    const inner = under(x, "reshape");
    return inner && reshape(inner, output.shape);
  }),
  rule("transpose that moves axes of size 1 → reshape", "transpose", ({ attributes, output }, x) => {
    const order = attributes.permutation.filter((axis) => !isUnit(at(x.shape, axis)));
    return isAscending(order) ? reshape(x, output.shape) : undefined;
  }),
  rule("transpose of a transpose", "transpose", ({ attributes }, x) => {
    const inner = madeBy(x, "transpose");
    return (
      inner &&
      transpose(operand(inner.inputs, 0), permuted(inner.attributes.permutation, attributes.permutation))
    );
  }),
  rule("transpose of a broadcast", "transpose", ({ attributes: { permutation }, output }, x) => {
    const y = under(x, "broadcast");
    if (y === undefined) return undefined;
    const missing = x.rank - y.rank;
    // y's own axes in their new order, then ones for the axes that are stretched.
    const own = permutation.filter((axis) => axis >= missing).map((axis) => axis - missing);
    const shape = permuted(padded(y.shape, x.rank), permutation);
    return broadcast(reshape(transpose(y, own), shape), output.shape);
  }),
];

const broadcastRules: readonly Rule[] = [
  rule("broadcast to the same shape", "broadcast", ({ output }, x) =>
    equalShapes(x.shape, output.shape) ? x : undefined,
  ),
  rule("broadcast of a broadcast", "broadcast", ({ output }, x) => {
    const inner = under(x, "broadcast");
    return inner && broadcast(inner, output.shape);
  }),
  rule("broadcast of leading axes of size 1", "broadcast", ({ output }, x) => {
    const inner = under(x, "reshape");
    const first = x.shape.findIndex((size) => !isUnit(size));
    const lead = first < 0 ? x.rank : first;
    return inner !== undefined && lead > 0
      ? broadcast(reshape(inner, x.shape.slice(lead)), output.shape)
      : undefined;
  }),
  rule("reshape of a broadcast", "reshape", ({ output }, x) => {
    const y = under(x, "broadcast");
    if (y === undefined) return undefined;
    if (y.shape.every(isUnit)) return broadcast(reshape(y, []), output.shape);
    const [from, to] = [longAxes(x.shape), longAxes(output.shape)];
    const sameAxes = equalShapes(
      from.map((axis) => at(x.shape, axis)),
      to.map((axis) => at(output.shape, axis)),
    );
    if (!sameAxes) return undefined;
    const full = padded(y.shape, x.rank);
    // Each long axis keeps its size in y, which is 1 if it is stretched.
    const shape = output.shape.map((_, axis) => full[from[to.indexOf(axis)] ?? -1] ?? 1);
    return broadcast(reshape(y, shape), output.shape);
  }),
  ruleForKinds("f(broadcast x) → broadcast f(x)", ["map"], ({ node, attributes, output }, ...inputs) => {
    const [shape] = inputs.flatMap((input) => {
      const inner = under(input, "broadcast");
      return inner === undefined || uniformConstant(input) !== undefined ? [] : [inner.shape];
    });
    if (shape === undefined) return undefined;
    const small: Tensor[] = [];
    for (const input of inputs) {
      const inner = under(input, "broadcast");
      const scalar = inner && equalShapes(inner.shape, shape) ? undefined : uniformScalar(input);
      const own = scalar ? broadcast(scalar, shape) : inner;
      if (own === undefined || !equalShapes(own.shape, shape)) return undefined;
      small.push(own);
    }
    return broadcast(apply(node.operation, small, attributes).output, output.shape);
  }),
];

/** The piece of a concatenation that holds `start` to `last` of its axis, and its first index. */
function pieceAt(
  pieces: readonly Tensor[],
  axis: number,
  start: Dim,
  last: Dim,
): { readonly piece: Tensor; readonly begin: number } | undefined {
  if (typeof start !== "number" || typeof last !== "number") return undefined;
  let begin = 0;
  for (const piece of pieces) {
    const size = at(piece.shape, axis);
    if (typeof size !== "number") return undefined;
    if (start >= begin && last < begin + size) return { piece, begin };
    begin += size;
  }
  return undefined;
}

const selectRules: readonly Rule[] = [
  rule("slice of everything", "slice", ({ output }, x) =>
    equalShapes(x.shape, output.shape) ? x : undefined,
  ),
  rule("slice of a slice", "slice", ({ attributes: { starts, sizes, steps } }, x) => {
    const inner = madeBy(x, "slice");
    if (inner === undefined) return undefined;
    const { starts: firsts, steps: strides } = inner.attributes;
    return again(inner, inner.inputs, {
      starts: starts.map((start, axis) => addDims(at(firsts, axis), mulDims(start, at(strides, axis)))),
      sizes,
      steps: steps.map((step, axis) => step * at(strides, axis)),
    }).output;
  }),
  rule("slice of a broadcast", "slice", ({ node, attributes: { starts, sizes, steps }, output }, x) => {
    const y = under(x, "broadcast");
    if (y === undefined || output.shape.some((size) => equalDims(size, 0))) return undefined;
    const missing = x.rank - y.rank;
    const stretched = stretchedAxes(y.shape, x.shape);
    const own = <T>(list: readonly T[], whole: readonly T[]): readonly T[] =>
      whole.map((all, axis) => (stretched.includes(axis + missing) ? all : (list[axis + missing] ?? all)));
    const [none, ones] = [y.shape.map(() => 0), y.shape.map(() => 1)];
    const part = { starts: own(starts, none), sizes: own(sizes, y.shape), steps: own(steps, ones) };
    return broadcast(again(node, [y], part).output, output.shape);
  }),
  rule("slice of one piece of a concat", "slice", ({ node, attributes: { starts, sizes, steps } }, x) => {
    const whole = madeBy(x, "concat");
    if (whole === undefined) return undefined;
    const { axis } = whole.attributes;
    const [start = 0, size = 0, step = 1] = [starts[axis], sizes[axis], steps[axis]];
    if (equalDims(size, 0)) return undefined;
    const found = pieceAt(whole.inputs, axis, start, addDims(start, mulDims(subDims(size, 1), step)));
    return (
      found &&
      again(node, [found.piece], {
        starts: starts.map((first, index) => (index === axis ? subDims(first, found.begin) : first)),
        sizes,
        steps,
      }).output
    );
  }),
  rule("pad by nothing", "pad", ({ output }, x) => (equalShapes(x.shape, output.shape) ? x : undefined)),
  rule("flip of axes of size 1", "flip", ({ attributes }, x) => {
    const axes = attributes.axes.filter((axis) => !isUnit(at(x.shape, axis)));
    return axes.length < attributes.axes.length || axes.length === 0 ? flip(x, axes) : undefined;
  }),
  rule("flip of a flip", "flip", ({ attributes: { axes } }, x) => {
    const inner = madeBy(x, "flip");
    if (inner === undefined) return undefined;
    const before = inner.attributes.axes;
    const once = [
      ...axes.filter((axis) => !before.includes(axis)),
      ...before.filter((axis) => !axes.includes(axis)),
    ];
    return flip(operand(inner.inputs, 0), once);
  }),
  rule("concat of one tensor", "concat", (_, ...pieces) => (pieces.length === 1 ? pieces[0] : undefined)),
  rule("concat with empty tensors", "concat", ({ attributes: { axis } }, ...pieces) => {
    const kept = pieces.filter((piece) => !equalDims(at(piece.shape, axis), 0));
    return kept.length > 0 && kept.length < pieces.length ? concat(kept, axis) : undefined;
  }),
  rule("concat of a concat", "concat", ({ attributes: { axis } }, ...pieces) => {
    const flat = pieces.flatMap((piece) => {
      const inner = madeBy(piece, "concat");
      return inner?.attributes.axis === axis ? inner.inputs : [piece];
    });
    return flat.length > pieces.length ? concat(flat, axis) : undefined;
  }),
];

/** Views on views, each brought to one form. Elements are only moved: exact to the bit. */
export const viewRules: readonly Rule[] = [...reorderRules, ...broadcastRules, ...selectRules];
