import type { Tensor } from "@adjoint/ir";
import { type Dim, at, dtypeInfo } from "@adjoint/ir/values";
import {
  type Output,
  int,
  literal,
  optional,
  strictObject,
  union,
  whole,
  withDefault,
} from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { dtypeOfElement } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import type { SubGraph } from "../import/sub-graph.ts";
import { type Operator, flag, float, operator, subGraph } from "./row.ts";

const attributes = strictObject({
  is_causal: withDefault(flag, false),
  kv_num_heads: optional(whole(1)),
  q_num_heads: optional(whole(1)),
  /** The value between the product and the softmax that is the fourth output. */
  qk_matmul_output_mode: withDefault(union([literal(0), literal(1), literal(2), literal(3)]), 0),
  scale: optional(float),
  softcap: withDefault(float, 0),
  softmax_precision: optional(int()),
});

type AttentionContext = OperatorContext<Output<typeof attributes>>;

/** Attention and what goes with it. */
export const attention: readonly Operator[] = [
  operator({ name: "Attention", since: [23, 24], attributes, import: attend }),
  operator({
    name: "FlexAttention",
    domain: "ai.onnx.preview",
    since: [1],
    attributes: strictObject({
      scale: optional(float),
      softmax_precision: optional(int()),
      score_mod: optional(subGraph),
      prob_mod: optional(subGraph),
    }),
    import(context) {
      const [q, k, v] = [context.input(0), context.input(1), context.input(2)];
      checkHeads(context, q, k);
      const { scale, softmax_precision: type, score_mod: score, prob_mod: prob } = context.attributes;
      // Its function computes the product in the operands' type, and all after it in f32.
      const dtype = type === undefined ? wide(q) : dtypeOfElement(type, "FlexAttention's softmax");
      const scores = modified(context, score, product(q, k, scaleOf(context, q, scale)).cast(dtype));
      return mixed(modified(context, prob, ir.softmax(scores)), v.cast(dtype)).cast(q.dtype);
    },
  }),
  operator({
    name: "RotaryEmbedding",
    since: [23],
    attributes: strictObject({
      interleaved: withDefault(flag, false),
      num_heads: withDefault(whole(0), 0),
      rotary_embedding_dim: withDefault(whole(0), 0),
    }),
    import(context) {
      const x = context.input(0);
      const { interleaved, num_heads: heads, rotary_embedding_dim: rotated } = context.attributes;
      if (x.rank === 4) return rotate(context, x, 1, interleaved, rotated);
      if (x.rank !== 3 || heads === 0) return context.refuse(`got ${x}: of rank 3 it needs num_heads`);
      return rotate(context, splitHeads(context, x, heads), 2, interleaved, rotated).reshape(x.shape);
    },
  }),
];

/** Half precision softens in f32. */
const wide = (x: Tensor): ir.DType => (dtypeInfo[x.dtype].bytes < 4 ? "f32" : x.dtype);

/** [batch, length, heads·size] → [batch, length, heads, size]. */
function splitHeads(context: OperatorContext, x: Tensor, heads: number): Tensor {
  const [batch = 1, length = 1, hidden = 1] = x.shape;
  const size = ir.divDims(hidden, heads);
  if (size === undefined) return context.refuse(`the last axis of ${x} does not divide into ${heads} heads`);
  return x.reshape([batch, length, heads, size]);
}

function scaleOf(context: OperatorContext, q: Tensor, given: number | undefined): number {
  if (given !== undefined) return given;
  const size = q.shape[q.rank - 1];
  return typeof size === "number" ? 1 / Math.sqrt(size) : context.refuse(`the head size of ${q} is a symbol`);
}

/** The number of positions before this call's, as an i32 scalar. */
const countOf = (size: Dim): Tensor | number =>
  typeof size === "number" ? size : ir.filled(1, "i32", [size]).reduceSum();

/** @throws AdjointError if the heads of q are not a multiple of those of k. */
function checkHeads(context: OperatorContext, q: Tensor, k: Tensor): void {
  if (ir.divDims(at(q.shape, 1), at(k.shape, 1)) === undefined)
    context.refuse(`the heads of ${q} don't share those of ${k} evenly`);
}

/** [batch, heads, length, size] with neighbouring heads that share one of k's: those are further rows of one head. */
function grouped(x: Tensor, k: Tensor): Tensor {
  const [batch = 1, heads = 1] = k.shape;
  const sharing = ir.divDims(at(x.shape, 1), heads);
  if (sharing === undefined)
    throw new ir.AdjointError("shape", "Attention", `the heads of ${x} don't share those of ${k} evenly`);
  return x.reshape([batch, heads, ir.mulDims(sharing, at(x.shape, 2)), at(x.shape, 3)]);
}

const paired = { leftBatch: [0, 1], rightBatch: [0, 1] };

/** q·kᵀ: [batch, heads, queries, keys]. The root of the scale goes to both operands, so that no product of f16 overflows. */
function product(q: Tensor, k: Tensor, scale: number): Tensor {
  const root = Math.sqrt(scale);
  return grouped(q.mul(root), k)
    .dotGeneral(k.mul(root), { ...paired, leftContract: [3], rightContract: [3] })
    .reshape([...q.shape.slice(0, 3), at(k.shape, 2)]);
}

/** weights·v: [batch, heads, queries, values]. */
const mixed = (weights: Tensor, v: Tensor): Tensor =>
  grouped(weights, v)
    .dotGeneral(v, { ...paired, leftContract: [3], rightContract: [2] })
    .reshape([...weights.shape.slice(0, 3), at(v.shape, 3)]);

/** Scores or probabilities, changed by a sub-graph if there is one. */
function modified(context: OperatorContext, graph: SubGraph | undefined, x: Tensor): Tensor {
  if (graph === undefined) return x;
  const [result] = graph.build([x]);
  return result ?? context.refuse("a sub-graph that changes scores or probabilities has no output");
}

interface Masks {
  /** Added to the scores. */
  readonly bias: Tensor | undefined;
  /** If false, a key is hidden. */
  readonly visible: Tensor | undefined;
}

const both = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a === undefined || b === undefined ? (a ?? b) : a.and(b);

/** The mask, the causal frontier and the padding. */
function masksOf(context: AttentionContext, q: Tensor, k: Tensor): Masks {
  const mask = fullMask(context.optional(3), k);
  const [past, lengths] = [context.optional(4), context.optional(6)];
  const square = [at(q.shape, 2), at(k.shape, 2)];
  const [query, key] = [ir.iota("i32", square, 0), ir.iota("i32", square, 1)];
  // Valid keys of each example: [batch, 1, 1, 1].
  const valid = lengths?.cast("i32").reshape([-1, 1, 1, 1]);
  const padding = valid && key.less(valid);
  const offset =
    past === undefined && valid !== undefined
      ? valid.sub(countOf(at(square, 0)))
      : countOf(past?.shape[2] ?? 0);
  const causal = context.attributes.is_causal ? key.lessOrEqual(query.add(offset)) : undefined;
  const [given, bias] = mask?.dtype === "bool" ? [mask, undefined] : [undefined, mask?.cast(q.dtype)];
  return { bias, visible: both(both(given, causal), padding) };
}

/** A mask that ends before the keys do hides the rest. */
function fullMask(mask: Tensor | undefined, k: Tensor): Tensor | undefined {
  const [have, want] = [mask?.shape[mask.rank - 1], k.shape[2]];
  if (
    mask === undefined ||
    typeof have !== "number" ||
    typeof want !== "number" ||
    have >= want ||
    have === 1
  )
    return mask;
  const none = mask.shape.map(() => 0);
  const high = none.with(mask.rank - 1, want - have);
  // pad takes numbers, and false is 0.
  return mask.dtype === "bool"
    ? mask.cast("u8").pad({ low: none, high }).cast("bool")
    : mask.pad({ low: none, high, value: -Infinity });
}

function masked(scores: Tensor, { bias, visible }: Masks): Tensor {
  const biased = bias === undefined ? scores : scores.add(bias);
  return visible === undefined ? biased : visible.where(biased, -Infinity);
}

/** One tensor for both kinds of masks: floats where there is a bias, which is then −∞ at hidden keys. */
const joined = ({ bias, visible }: Masks): Tensor | undefined =>
  bias === undefined ? visible : masked(bias, { bias: undefined, visible });

/** Softmax over keys; 0 for a query that may look at none, whatever its scores. */
function weigh(scores: Tensor, masks: Masks): Tensor {
  const weights = ir.softmax(scores);
  const mask = joined(masks);
  if (mask === undefined) return weights;
  const hidden = mask.dtype === "bool" ? mask.not() : mask.equal(-Infinity);
  return hidden
    .cast("u8")
    .reduceMin({ axes: [-1], keepDims: true })
    .equal(1)
    .where(0, weights);
}

/** The operands of attention: heads apart, keys and values of earlier calls in front. */
interface Operands {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

function operandsOf(context: AttentionContext): Operands {
  const { q_num_heads, kv_num_heads } = context.attributes;
  const headed = (index: number, heads: number | undefined): Tensor => {
    const x = context.input(index);
    if (x.rank === 4) return x;
    if (x.rank !== 3 || heads === undefined)
      return context.refuse(`input ${index} is ${x}: of rank 3 it needs the number of heads`);
    return splitHeads(context, x, heads).transpose([0, 2, 1, 3]);
  };
  const extended = (past: Tensor | undefined, x: Tensor): Tensor => (past ? ir.concat([past, x], 2) : x);
  return {
    q: headed(0, q_num_heads),
    k: extended(context.optional(4), headed(1, kv_num_heads)),
    v: extended(context.optional(5), headed(2, kv_num_heads)),
  };
}

/** Outputs are the result, the keys and values so far, and the scores. Source: ONNX's function for Attention. */
function attend(context: AttentionContext): readonly Tensor[] {
  const { q, k, v } = operandsOf(context);
  checkHeads(context, q, k);
  const given = context.input(0);
  const merged = (y: Tensor): Tensor =>
    given.rank === 4 ? y : y.transpose([0, 2, 1, 3]).reshape([at(given.shape, 0), at(given.shape, 1), -1]);
  const { softcap, softmax_precision: type, qk_matmul_output_mode: mode } = context.attributes;
  const precision = type === undefined ? q.dtype : dtypeOfElement(type, "Attention's softmax");
  if (context.outputs < 4 && softcap === 0 && precision === q.dtype && precision === wide(q))
    return [merged(plain(context, { q, k, v })), k, v];
  const masks = masksOf(context, q, k);
  const products = product(q, k, scaleOf(context, q, context.attributes.scale));
  const capped = softcap === 0 ? products : products.div(softcap).tanh().mul(softcap);
  const scores = masked(capped, masks);
  const weights = weigh(scores.cast(precision), masks).cast(q.dtype);
  const shown = [products, capped, scores, weights][mode] ?? products;
  return [merged(mixed(weights, v)), k, v, shown];
}

/** As one operation, if nothing between the products is asked for. */
function plain(context: AttentionContext, { q, k, v }: Operands): Tensor {
  const scale = scaleOf(context, q, context.attributes.scale);
  const isBare = [3, 4, 6].every((index) => context.optional(index) === undefined);
  if (isBare) return ir.attention(q, k, v, { scale, causal: context.attributes.is_causal });
  const mask = joined(masksOf(context, q, k));
  return ir.attention(q, k, v, mask === undefined ? { scale } : { scale, mask });
}

/** Turns pairs of a head's elements by the angles of their positions. `headAxis` is that of the heads of x. */
function rotate(
  context: OperatorContext,
  x: Tensor,
  headAxis: 1 | 2,
  isInterleaved: boolean,
  rotated: number,
): Tensor {
  const size = x.shape[3];
  if (typeof size !== "number") return context.refuse(`the head size of ${x} is a symbol`);
  const turning = rotated === 0 ? size : rotated;
  if (turning % 2 !== 0 || turning > size)
    context.refuse(`can't turn ${turning} of ${size} elements in pairs`);
  const half = turning / 2;
  const positions = context.optional(3);
  const angles = (index: number): Tensor => {
    const cache = context.input(index);
    return (positions === undefined ? cache : cache.take(positions)).unsqueeze(headAxis);
  };
  const [cos, sin] = [angles(1), angles(2)];
  const part = (start: number, end: number, step = 1): Tensor =>
    x.slice([undefined, undefined, undefined, { start, end, step }]);
  const [a, b] = isInterleaved
    ? [part(0, turning, 2), part(1, turning, 2)]
    : [part(0, half), part(half, turning)];
  const turned = [cos.mul(a).sub(sin.mul(b)), sin.mul(a).add(cos.mul(b))];
  const pairs = isInterleaved
    ? ir.stack(turned, 4).reshape([...x.shape.slice(0, 3), turning])
    : ir.concat(turned, 3);
  return turning === size ? pairs : ir.concat([pairs, part(turning, size)], 3);
}
