import * as ir from "@adjoint/ir";
import type { Tensor } from "@adjoint/ir";
import type { Draw } from "./draw.ts";
import { type Maker, the, shapeOf, valuesOf, between, along, permuted, two } from "./makers.ts";

/** A convolution's sizes, so that at least one window fits. */
function convolution(draw: Draw) {
  const rank = draw.whole(1, 2);
  const groups = draw.of(1, 1, 2, 3);
  const [batch, channels, filters] = [draw.size(9), groups * draw.size(9), groups * draw.size(9)];
  const each = (low: number, high: number): number[] =>
    Array.from({ length: rank }, () => draw.whole(low, high));
  const kernel = each(1, 4);
  const options = {
    strides: each(1, 3),
    dilations: each(1, 2),
    padLow: each(0, 2),
    padHigh: each(0, 2),
    groups,
  };
  const extents = kernel.map((size, axis) => (size - 1) * (options.dilations[axis] ?? 1) + draw.size(9));
  return {
    options,
    kernel,
    extents,
    x: [batch, channels, ...extents],
    w: [filters, channels / groups, ...kernel],
  };
}

const outputOf = ({ options, kernel, extents }: ReturnType<typeof convolution>): readonly number[] =>
  extents.map((extent, axis) => {
    const window = ((kernel[axis] ?? 1) - 1) * (options.dilations[axis] ?? 1) + 1;
    const padded = extent + (options.padLow[axis] ?? 0) + (options.padHigh[axis] ?? 0);
    return Math.floor((padded - window) / (options.strides[axis] ?? 1)) + 1;
  });

/** Products, convolutions, pools and normalizations. */
export const products: { readonly [name: string]: Maker } = {
  matMul: (draw) => {
    const [rows, inner, columns] = [draw.size(65), draw.size(129), draw.size(129)];
    const batch = shapeOf(draw, 0, 2, 4);
    const [left, right] = [batch.map((size) => draw.of(size, 1)), batch.slice(draw.whole(0, batch.length))];
    const dtype = draw.of("f32", "f32", "f64", "i32");
    const turn = draw.of("none", "left", "right");
    const swap = (x: Tensor): Tensor => {
      const axes = [...x.shape.keys()];
      return x.transpose([...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
    };
    const a = valuesOf(draw, dtype, [...left, ...(turn === "left" ? [inner, rows] : [rows, inner])]);
    const b = valuesOf(draw, dtype, [...right, ...(turn === "right" ? [columns, inner] : [inner, columns])]);
    return two(a, b, (x, y) => ir.matMul(turn === "left" ? swap(x) : x, turn === "right" ? swap(y) : y));
  },
  dotGeneral: (draw) => {
    // Letters of two operands and of the result, in any order: every way that axes can lie.
    const sizes = new Map(
      [..."bcijklmn"].map((letter) => [letter, draw.size("ikm".includes(letter) ? 65 : 4)]),
    );
    const some = (letters: string): string[] => [...letters].filter(() => draw.of(true, false));
    const [batch, inner] = [some("bc"), some("ij")];
    const [left, right] = [some("kl"), some("mn")];
    const mixed = (letters: readonly string[]): string[] =>
      permuted(draw, letters.length).map((at) => letters[at] ?? "");
    const [a, b] = [mixed([...batch, ...inner, ...left]), mixed([...batch, ...inner, ...right])];
    const equation = `${a.join("")},${b.join("")}->${mixed([...batch, ...left, ...right]).join("")}`;
    const shape = (letters: readonly string[]): number[] => letters.map((letter) => sizes.get(letter) ?? 1);
    const dtype = draw.of("f32", "f32", "f64");
    return two(valuesOf(draw, dtype, shape(a)), valuesOf(draw, dtype, shape(b)), (x, y) =>
      ir.einsum(equation, x, y),
    );
  },
  conv: (draw) => {
    const of = convolution(draw);
    return two(draw.tensor("f32", of.x), draw.tensor("f32", of.w), (x, w) => ir.conv(x, w, of.options));
  },
  convTranspose: (draw) => {
    const of = convolution(draw);
    const g = draw.tensor("f32", [of.x[0] ?? 1, of.w[0] ?? 1, ...outputOf(of)]);
    return two(g, draw.tensor("f32", of.w), (x, w) =>
      ir.convTranspose(x, w, { ...of.options, extents: of.extents }),
    );
  },
  convWeight: (draw) => {
    const of = convolution(draw);
    const g = draw.tensor("f32", [of.x[0] ?? 1, of.w[0] ?? 1, ...outputOf(of)]);
    return two(draw.tensor("f32", of.x), g, (x, y) =>
      ir.convWeight(x, y, { ...of.options, extents: of.kernel }),
    );
  },
  softmax: along((_, axis) => (x) => ir.softmax(x, { axis }), ["f32", "f64"]),
  layerNormalization: (draw) => {
    const shape = shapeOf(draw, 1, 3, 65);
    const last = shape.at(-1) ?? 1;
    return two(draw.tensor("f32", shape), between(draw, "f32", [last], 0.5, 1.5), (x, scale) =>
      ir.layerNormalization(x, scale, undefined, { axis: shape.length - 1, epsilon: 0.1 }),
    );
  },
  maxPool: (draw) => {
    const shape = [draw.size(5), draw.size(9), draw.whole(4, 17), draw.whole(4, 17)];
    const options = {
      kernel: [draw.whole(2, 4), draw.whole(2, 4)],
      strides: [draw.whole(1, 3), draw.whole(1, 3)],
      padLow: [draw.whole(0, 1), draw.whole(0, 1)],
      padHigh: [draw.whole(0, 1), draw.whole(0, 1)],
    };
    return {
      feeds: { x: draw.tensor("f32", shape) },
      build: (inputs) => ir.maxPool(the(inputs, "x"), options),
    };
  },
  averagePool: (draw) => {
    const shape = [draw.size(5), draw.size(9), draw.whole(4, 17), draw.whole(4, 17)];
    const options = {
      kernel: [draw.whole(2, 4), draw.whole(2, 4)],
      strides: [draw.whole(1, 3), draw.whole(1, 3)],
      padLow: [draw.whole(0, 1), draw.whole(0, 1)],
      padHigh: [draw.whole(0, 1), draw.whole(0, 1)],
      countIncludePad: draw.of(true, false),
    };
    return {
      feeds: { x: draw.tensor("f32", shape) },
      build: (inputs) => ir.averagePool(the(inputs, "x"), options),
    };
  },
};
