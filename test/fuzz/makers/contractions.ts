import { type ConvOptions, type Tensor, conv, convTranspose, convWeight, dotGeneral } from "@adjoint/ir";
import type { NameOf } from "@adjoint/ir/graph";
import { type DType, elementCount, isFloat } from "@adjoint/ir/values";
import { type Draw, shapeOf } from "../draw.ts";
import { type Maker, numeric } from "./maps.ts";

/** Sizes of a product: rows, columns and inner size, with enough of the two that fill blocks and panels. */
const rowSizes = [32, 64, 33, 17, 128, 100, 48, 16, 8, 7, 5, 3, 2, 1, 65, 129];
const columnSizes = [48, 64, 65, 100, 127, 128, 129, 49, 33, 17, 16, 8, 7, 4, 3, 1, 200];
const innerSizes = [13, 6, 9, 10, 14, 17, 3, 1, 2, 5, 8, 16, 21, 31, 48, 64, 100, 257];

/** Floats mostly: what products of every type are made for. */
const typeOf = (draw: Draw): DType =>
  draw.dtype((dtype) => isFloat(dtype) || (numeric(dtype) && draw.chance(3)));

/** One operand: rows by columns, in either order, behind views. */
function matrix(draw: Draw, dtype: DType, [rows, columns]: readonly [number, number]): Tensor {
  return draw.chance(2) ? draw.of(dtype, [columns, rows]).transpose([1, 0]) : draw.of(dtype, [rows, columns]);
}

/** Plain, turned and batched products of the sizes that matter, as layers and their gradients have them. */
export const product: Maker = (draw) => {
  const dtype = typeOf(draw);
  const [rows, columns, inner] = [draw.sized(rowSizes), draw.sized(columnSizes), draw.sized(innerSizes)];
  const batch = draw.pick([0, 0, 1, 2, 3]);
  if (!draw.spend(rows * columns * inner * Math.max(1, batch))) return undefined;
  switch (draw.int(5)) {
    case 0:
      return matrix(draw, dtype, [rows, inner]).matMul(matrix(draw, dtype, [inner, columns]));
    case 1: {
      const axes = [draw.int(2), draw.int(2)] as const;
      const left = axes[0] === 0 ? [inner, rows] : [rows, inner];
      const right = axes[1] === 0 ? [inner, columns] : [columns, inner];
      return dotGeneral(draw.of(dtype, left), draw.of(dtype, right), {
        leftBatch: [],
        rightBatch: [],
        leftContract: [axes[0]],
        rightContract: [axes[1]],
      });
    }
    case 2: {
      const left = draw.of(dtype, [Math.max(1, batch), rows, inner]);
      const right = draw.of(dtype, draw.chance(2) ? [Math.max(1, batch), inner, columns] : [inner, columns]);
      return left.matMul(right);
    }
    case 3: {
      // Rows of several axes, with the inner axis in the middle.
      const split = draw.pick([1, 2, 4]);
      const left = draw.of(dtype, [Math.max(1, batch), inner, rows]);
      return dotGeneral(left, draw.of(dtype, [inner, columns]), {
        leftBatch: [],
        rightBatch: [],
        leftContract: [1],
        rightContract: [0],
      }).reshape(rows % split === 0 ? [-1, split, columns] : [-1, columns]);
    }
    default:
      return matrix(draw, dtype, [rows, inner]).matMul(draw.of(dtype, [inner]));
  }
};

/** Axes of all roles in any order. */
const anyProduct: Maker = (draw) => {
  if (!draw.chance(4)) return product(draw);
  const dtype = typeOf(draw);
  const shape = draw.shape(1 + draw.int(4), 4096);
  const roles = shape.map(() => draw.int(3));
  const of = (role: number): number[] => [...shape.keys()].filter((axis) => roles[axis] === role);
  const [contract, batch] = [of(0), of(1).slice(0, 2)];
  const paired = [...batch, ...contract].map((axis) => shape[axis] ?? 1);
  const free = draw.shape(draw.int(2), Math.floor(4096 / Math.max(1, elementCount(paired))));
  if (!draw.spend(elementCount(shape) * elementCount(free))) return undefined;
  const sizes = [...paired, ...free];
  const order = draw.permutation(sizes.length);
  const right = draw.of(
    dtype,
    order.map((place) => sizes[place] ?? 1),
  );
  const places = [...sizes.keys()].map((place) => order.indexOf(place));
  return dotGeneral(draw.of(dtype, shape), right, {
    leftBatch: batch,
    rightBatch: places.slice(0, batch.length),
    leftContract: contract,
    rightContract: places.slice(batch.length, paired.length),
  });
};

interface Convolution {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly options: ConvOptions;
  readonly product: Tensor;
}

/** A convolution and the options that its transposes take too. */
function convolve(draw: Draw): Convolution | undefined {
  const dtype = typeOf(draw);
  const spatial = draw.pick([2, 1, 2, 3]);
  const groups = draw.pick([1, 1, 2, 3]);
  const perGroup = draw.pick([1, 2, 3, 4, 8]);
  const depthwise = draw.chance(5);
  const channels = depthwise ? groups : groups * perGroup;
  const filters = groups * draw.pick([1, 2, 4, 5, 8, 16]);
  const each = (of: () => number): number[] => Array.from({ length: spatial }, of);
  const kernel = each(() => draw.pick([3, 1, 2, 5]));
  const extents = kernel.map((size) => size + draw.pick([0, 1, 2, 4, 5, 7, 10, spatial === 1 ? 60 : 9]));
  const n = draw.sized([1, 2, 3]);
  const options = {
    strides: each(() => draw.pick([1, 1, 2, 3])),
    dilations: kernel.map((size, axis) =>
      size > 1 && (extents[axis] ?? 0) > 2 * size ? draw.pick([1, 1, 2]) : 1,
    ),
    padLow: each(() => draw.int(3)),
    padHigh: each(() => draw.int(3)),
    groups,
  };
  const work = n * filters * (channels / groups) * elementCount(kernel) * elementCount(extents);
  if (!draw.spend(4 * work)) return undefined;
  const x = draw.of(dtype, [n, channels, ...extents]);
  const w = draw.of(dtype, [filters, channels / groups, ...kernel]);
  return { x, w, options, product: conv(x, w, options) };
}

/** One maker for each contraction. */
export const contractMakers: { readonly [N in NameOf<"contract">]: Maker } = {
  dotGeneral: anyProduct,
  conv: (draw) => convolve(draw)?.product,
  convTranspose: (draw) => {
    const made = convolve(draw);
    if (made === undefined) return undefined;
    const { x, w, options, product: forward } = made;
    const g = draw.of(x.dtype, shapeOf(forward));
    return convTranspose(g, w, { ...options, extents: x.shape.slice(2) });
  },
  convWeight: (draw) => {
    const made = convolve(draw);
    if (made === undefined) return undefined;
    const { x, w, options, product: forward } = made;
    const g = draw.of(x.dtype, shapeOf(forward));
    return convWeight(x, g, { ...options, extents: shapeOf(w).slice(2) });
  },
};
