import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AdjointError,
  type Tensor,
  argMax,
  attention,
  averagePool,
  batchNormalization,
  concat,
  conv,
  convTranspose,
  convWeight,
  einsum,
  gatherElements,
  globalAveragePool,
  input,
  instanceNormalization,
  layerNormalization,
  maxPool,
  scatterElements,
  softmax,
  stack,
  take,
} from "@adjoint/ir";

type Lists = readonly [readonly number[], readonly number[]];

/** Operations of three float tensors, a tensor of indices, and two lists of numbers. */
const calls: {
  readonly [name: string]: (x: readonly [Tensor, Tensor, Tensor], at: Tensor, lists: Lists) => unknown;
} = {
  conv: ([x, w], _, [strides, dilations]) => conv(x, w, { strides, dilations }),
  "conv, padded": ([x, w], _, [padLow, padHigh]) => conv(x, w, { padLow, padHigh }),
  convTranspose: ([g, w], _, [extents, strides]) => convTranspose(g, w, { extents, strides }),
  convWeight: ([x, g], _, [extents, strides]) => convWeight(x, g, { extents, strides }),
  maxPool: ([x], _, [kernel, strides]) => maxPool(x, { kernel, strides }),
  averagePool: ([x], _, [kernel, padLow]) => averagePool(x, { kernel, padLow }),
  globalAveragePool: ([x]) => globalAveragePool(x),
  attention: ([q, k, v]) => attention(q, k, v),
  layerNormalization: ([x, scale, shift]) => layerNormalization(x, scale, shift),
  instanceNormalization: ([x, scale, shift]) => instanceNormalization(x, scale, shift),
  batchNormalization: ([x, scale, shift]) => batchNormalization(x, scale, shift, scale, shift),
  softmax: ([x]) => softmax(x),
  argMax: ([x], _, [[axis = 0]]) => argMax(x, { axis }),
  matMul: ([a, b]) => a.matMul(b),
  dotGeneral: ([a, b], _, [leftContract, rightContract]) => a.dotGeneral(b, { leftContract, rightContract }),
  "dotGeneral, batched": ([a, b], _, [leftBatch, rightBatch]) => a.dotGeneral(b, { leftBatch, rightBatch }),
  einsum: ([a, b]) => einsum("ij,jk->ik", a, b),
  add: ([a, b]) => a.add(b),
  where: ([a, b, c]) => a.less(b).where(b, c),
  pad: ([x], _, [low, high]) => x.pad({ low, high }),
  "pad, inside": ([x], _, [interior, high]) => x.pad({ interior, high }),
  slice: ([x], _, [starts, ends]) => x.slice(starts.map((start, axis) => ({ start, end: ends[axis] ?? 1 }))),
  transpose: ([x], _, [permutation]) => x.transpose(permutation),
  flip: ([x], _, [axes]) => x.flip(axes),
  reshape: ([x], _, [shape]) => x.reshape(shape),
  broadcast: ([x], _, [shape]) => x.broadcast(shape),
  reduceSum: ([x], _, [axes]) => x.reduceSum({ axes }),
  concat: ([a, b]) => concat([a, b], 0),
  stack: ([a, b]) => stack([a, b], 0),
  gather: ([x], at) => x.gather(at),
  scatter: ([x, updates], at) => x.scatter(at, updates),
  take: ([x], at, [[axis = 0]]) => take(x, at, axis),
  gatherElements: ([x], at) => gatherElements(x, at, 0),
  scatterElements: ([x, updates], at) => scatterElements(x, at, updates, 0),
};

/** What a function throws, if it throws. */
function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 });
const lists = fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 5 });

describe("an operation of tensors of any rank, and of lists of any length", () => {
  it.each(Object.entries(calls))("is declared, or refused by a typed error: %s", (_, call) => {
    fc.assert(
      fc.property(shapes, shapes, shapes, shapes, lists, lists, (a, b, c, indices, one, other) => {
        const [x, y, z] = [input("x", "f32", a), input("y", "f32", b), input("z", "f32", c)];
        const error = thrownBy(() => call([x, y, z], input("at", "i32", indices), [one, other]));
        expect(error === undefined || error instanceof AdjointError).toBe(true);
      }),
      { seed: 12, numRuns: 300 },
    );
  });
});
