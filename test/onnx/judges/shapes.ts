import * as ir from "@adjoint/ir";
import { type Maker, the, shapeOf, valuesOf, axesOf, ANY, view, permuted } from "./makers.ts";

/** Views of a tensor, and what joins tensors. */
export const shapes: { readonly [name: string]: Maker } = {
  reshape: view((draw, shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const divisors = Array.from({ length: count }, (_, index) => index + 1).filter(
      (size) => count % size === 0,
    );
    const size = divisors[draw.whole(0, divisors.length - 1)] ?? 1;
    return (x) => x.reshape([count / size, size]);
  }),
  transpose: view((draw, shape) => {
    const axes = permuted(draw, shape.length);
    return (x) => x.transpose(axes);
  }),
  broadcast: (draw) => {
    const shape = shapeOf(draw, 0, 3);
    const small = shape.slice(draw.whole(0, shape.length)).map((size) => draw.of(size, 1));
    return {
      feeds: { x: valuesOf(draw, draw.of(...ANY), small) },
      build: (inputs) => the(inputs, "x").broadcast(shape),
    };
  },
  slice: view((draw, shape) => {
    const ranges = shape.map((size) => {
      const start = draw.whole(0, size - 1);
      return { start, end: draw.whole(start + 1, size), step: draw.whole(1, 3) };
    });
    return (x) => x.slice(ranges);
  }),
  pad: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const each = (high: number): readonly number[] => shape.map(() => draw.whole(0, high));
    const options = { low: each(3), high: each(3), interior: draw.of(true, false) ? each(2) : each(0) };
    return {
      feeds: { x: valuesOf(draw, draw.of("f32", "i32", "f64"), shape) },
      build: (inputs) => the(inputs, "x").pad(options),
    };
  },
  concat: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    const dtype = draw.of(...ANY);
    const names = ["a", "b", "c"].slice(0, draw.whole(1, 3));
    return {
      feeds: Object.fromEntries(
        names.map((name) => [
          name,
          valuesOf(
            draw,
            dtype,
            shape.map((size, at) => (at === axis ? draw.size(9) : size)),
          ),
        ]),
      ),
      build: (inputs) => ir.concat(Object.values(inputs), axis),
    };
  },
  flip: view((draw, shape) => {
    const axes = axesOf(draw, shape.length);
    return (x) => x.flip(axes);
  }),
  window: (draw) => {
    const shape = [draw.size(5), draw.whole(6, 20), draw.whole(6, 20)];
    const options = {
      axes: [1, 2],
      sizes: [draw.whole(1, 3), draw.whole(1, 3)],
      strides: [draw.whole(1, 3), draw.whole(1, 3)],
      dilations: [draw.whole(1, 2), draw.whole(1, 2)],
    };
    return {
      feeds: { x: valuesOf(draw, draw.of("f32", "i32"), shape) },
      build: (inputs) => ir.window(the(inputs, "x"), options),
    };
  },
  windowSum: (draw) => {
    const [extent, size, stride, dilation] = [
      draw.whole(6, 20),
      draw.whole(1, 3),
      draw.whole(1, 3),
      draw.whole(1, 2),
    ];
    const count = Math.floor((extent - (size - 1) * dilation - 1) / stride) + 1;
    const rows = draw.size(5);
    return {
      feeds: { x: draw.tensor("f32", [rows, count, size]) },
      build: (inputs) =>
        ir.windowSum(the(inputs, "x"), {
          axes: [1],
          sizes: [size],
          strides: [stride],
          dilations: [dilation],
          extents: [rows, extent],
        }),
    };
  },
};
