import { at } from "../at.ts";
import { boolean, number, strictObject } from "../schema.ts";
import { divDims, equalDims, mulDims } from "../dim.ts";
import { isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type CompositeFunction, defineComposite } from "../composite.ts";
import type { Tensor } from "../tensor.ts";
import { iota } from "../ops/source.ts";
import { broadcastShapes, equalShapes, shapeText } from "../shape.ts";
import { checkDTypes } from "./checks.ts";
import { softmax } from "./softmax.ts";

type Inputs = readonly [q: Tensor, k: Tensor, v: Tensor, mask: Tensor | undefined];

/** The shape of the scores: [..., queries, keys]. */
const scoreShape = (q: Tensor, k: Tensor): Tensor["shape"] => [
  ...q.shape.slice(0, -1),
  k.shape[k.rank - 2] ?? 1,
];

/** The number of q's heads that share a head of k and v. */
function groupsOf(q: Tensor, k: Tensor): number | undefined {
  const groups = divDims(q.shape[q.rank - 3] ?? 1, k.shape[q.rank - 3] ?? 1);
  return typeof groups === "number" && groups > 0 ? groups : undefined;
}

function check([q, k, v, mask]: Inputs): void {
  checkDTypes("attention", [q, k, v, ...(mask !== undefined && mask.dtype !== "bool" ? [mask] : [])]);
  const leading = k.shape.slice(0, -2);
  const fits =
    q.rank >= 2 &&
    [q, k, v].every((tensor) => tensor.rank === q.rank) &&
    equalShapes(v.shape.slice(0, -2), leading) &&
    (equalShapes(q.shape.slice(0, -2), leading) ||
      (equalShapes(q.shape.slice(0, -3), leading.slice(0, -1)) && groupsOf(q, k) !== undefined)) &&
    equalDims(q.shape[q.rank - 1] ?? 1, k.shape[q.rank - 1] ?? 1) &&
    equalDims(k.shape[q.rank - 2] ?? 1, v.shape[q.rank - 2] ?? 1);
  if (!fits) {
    throw new AdjointError(
      "shape",
      "attention",
      `wants q [..., heads, queries, size], k [..., heads, keys, size] and v [..., heads, keys, values] and got ${q}, ${k} and ${v}`,
      "Split heads off into an axis before the lengths; q may have a multiple of the others' heads.",
    );
  }
  const scores = scoreShape(q, k);
  if (mask !== undefined && !equalShapes(broadcastShapes(scores, mask.shape) ?? [], scores)) {
    throw new AdjointError("shape", "attention", `the mask ${mask} does not stretch to ${shapeText(scores)}`);
  }
}

/** Softmax over keys; 0 for a query that may see no key. */
function weigh(scores: Tensor): Tensor {
  const blind = scores.reduceMax({ axes: [-1], keepDims: true }).equal(-Infinity);
  return blind.where(0, softmax(blind.where(0, scores)));
}

export interface AttentionOptions {
  /** Factor of the scores; 1/√size by default. */
  readonly scale?: number;
  /** Query i sees keys 0 … i alone. */
  readonly causal?: boolean;
  /** Stretches to [..., queries, keys]: floats are added to the scores; of bools, false hides a key. */
  readonly mask?: Tensor;
}

/**
 * softmax(q·kᵀ·scale + mask)·v: q [..., heads, queries, size], k [..., heads, keys, size], v [..., heads, keys, values] →
 * [..., heads, queries, values]. Leading axes are the same in all three, but q may have a multiple of the others' heads:
 * as many neighbours then share one head of keys and values. A query whose every key is masked gives 0.
 * Source: Vaswani et al., "Attention is all you need" (2017), arXiv:1706.03762; for shared heads Ainslie et al. (2023),
 * arXiv:2305.13245.
 */
export const attention: CompositeFunction<[q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions]> =
  defineComposite({
    name: "attention",
    arity: [3, 4],
    attributes: strictObject({ scale: number(), causal: boolean() }),
    call: (q, k, v, { causal = false, mask, scale = defaultScale(q) } = {}) => [
      [q, k, v, mask],
      { scale, causal },
    ],
    check,
    build: ([q, k, v, mask], { scale, causal }) => {
      const batch = [...q.shape.keys()].slice(0, -2);
      const paired = { leftBatch: batch, rightBatch: batch };
      // Heads that share keys are further queries of one head, so that keys and values are never copied.
      const queries = [...k.shape.slice(0, -2), mulDims(at(q.shape, q.rank - 2), groupsOf(q, k) ?? 1)];
      const grouped = (x: Tensor): Tensor => x.reshape([...queries, at(x.shape, x.rank - 1)]);
      let scores = grouped(q)
        .dotGeneral(k, { ...paired, leftContract: [-1], rightContract: [-1] })
        .reshape(scoreShape(q, k))
        .mul(scale);
      if (causal) {
        const square = scores.shape.slice(-2);
        scores = iota("i32", square, 1)
          .lessOrEqual(iota("i32", square, 0))
          .where(scores, -Infinity);
      }
      if (mask !== undefined) scores = isFloat(mask.dtype) ? scores.add(mask) : mask.where(scores, -Infinity);
      // Causal alone leaves every query its first key.
      const weights = mask === undefined ? softmax(scores) : weigh(scores);
      return grouped(weights)
        .dotGeneral(v, { ...paired, leftContract: [-1], rightContract: [-2] })
        .reshape([...q.shape.slice(0, -1), at(v.shape, v.rank - 1)]);
    },
  });

/** 1/√size; of a scalar, which is refused after it, 1. */
function defaultScale(q: Tensor): number {
  const size = q.shape.at(-1) ?? 1;
  if (typeof size === "number") return 1 / Math.sqrt(size);
  throw new AdjointError("shape", "attention", `the size of ${q} is a symbol`, "Give { scale }.");
}
