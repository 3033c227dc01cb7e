import { type ConvOptions, type Tensor, conv, convTranspose, convWeight, dotGeneral } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type Draw, shapeOf } from "./graph-draw.ts";
import { type Accepts, type Maker, any, numeric } from "./graph-map-makers.ts";

export const ranked = (draw: Draw, rank: number, accepts: Accepts = any): Tensor | undefined =>
  draw.tensor((tensor) => tensor.rank >= rank && accepts(tensor.dtype));

export function permutation(draw: Draw, length: number): number[] {
  const rest = Array.from({ length }, (_, axis) => axis);
  return Array.from({ length }, () => rest.splice(draw.int(rest.length), 1)[0] ?? 0);
}

/** A convolution and the options that its transposes take too. */
const convolve = (draw: Draw): Convolution => {
  const dtype = draw.dtype(numeric);
  const groups = 1 + draw.int(2);
  const x = draw.ofType(dtype, [1 + draw.int(2), groups, 3 + draw.int(2)]);
  const w = draw.ofType(dtype, [2, 1, 1 + draw.int(2)]);
  const options = {
    strides: [1 + draw.int(2)],
    dilations: [1 + draw.int(2)],
    padLow: [draw.int(2)],
    padHigh: [draw.int(2)],
    groups,
  };
  return { x, w, options, product: conv(x, w, options) };
};

interface Convolution {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly options: ConvOptions;
  readonly product: Tensor;
}

/** One maker for each contraction. */
export const contractMakers: { readonly [N in NameOf<"contract">]: Maker } = {
  dotGeneral: (draw) => {
    const a = ranked(draw, 1, numeric);
    if (a === undefined) return undefined;
    const roles = a.shape.map(() => draw.int(3));
    const of = (role: number): number[] => [...a.shape.keys()].filter((axis) => roles[axis] === role);
    const [contract, batch] = [of(0), of(1).slice(0, 2)];
    const free = draw.shape(draw.int(2));
    // b's axes in a random order: which of a's each is paired with, or a free one.
    const shape = [...batch, ...contract].map((axis) => shapeOf(a)[axis] ?? 1);
    const sizes = [...shape, ...free];
    const order = permutation(draw, sizes.length);
    const b = draw.ofType(
      a.dtype,
      order.map((place) => sizes[place] ?? 1),
    );
    const places = [...sizes.keys()].map((place) => order.indexOf(place));
    return dotGeneral(a, b, {
      leftBatch: batch,
      rightBatch: places.slice(0, batch.length),
      leftContract: contract,
      rightContract: places.slice(batch.length, shape.length),
    });
  },
  conv: (draw) => convolve(draw).product,
  convTranspose: (draw) => {
    const { x, w, options, product } = convolve(draw);
    return convTranspose(product, w, { ...options, extents: x.shape.slice(2) });
  },
  convWeight: (draw) => {
    const { x, w, options, product } = convolve(draw);
    return convWeight(x, product, { ...options, extents: shapeOf(w).slice(2) });
  },
};
