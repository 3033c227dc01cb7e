import * as ir from "@adjoint/ir";
import { type TensorValue, valueOf } from "@adjoint/ir";
import type { Draw } from "./draw.ts";
import { type Maker, the, shapeOf, valuesOf, ANY, two } from "./makers.ts";

/** Coordinates within a shape, none twice where `once`: what ONNX says of doubles depends on the reduction. */
function coordinates(draw: Draw, shape: readonly number[], depth: number, once: boolean): TensorValue {
  const sizes = shape.slice(0, depth);
  const places = sizes.reduce((product, size) => product * size, 1);
  const count = draw.whole(1, once ? places : 12);
  const all = Array.from({ length: places }, (_, place) => place);
  const chosen = Array.from({ length: count }, () =>
    once ? (all.splice(draw.whole(0, all.length - 1), 1)[0] ?? 0) : draw.whole(0, places - 1),
  );
  const rows = chosen.flatMap((place) => {
    let rest = place;
    return sizes
      .toReversed()
      .map((size) => {
        const at = rest % size;
        rest = Math.floor(rest / size);
        return at;
      })
      .toReversed();
  });
  return valueOf("i32", [count, depth], rows);
}

const SUMMABLE = ["f32", "f64", "i32"] as const;

/** Operators that read or write at indices that are data. */
export const indexing: { readonly [name: string]: Maker } = {
  gather: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const at = coordinates(draw, shape, draw.whole(1, shape.length), false);
    return two(valuesOf(draw, draw.of(...ANY), shape), at, ir.gather);
  },
  take: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    const flipped = draw.of(true, false);
    const at = draw.wholes(draw.of("i32", "i64"), shapeOf(draw, 0, 2, 9), 0, (shape[axis] ?? 1) - 1);
    return two(valuesOf(draw, draw.of(...ANY), shape), at, (x, indices) =>
      ir.take(flipped ? x.flip([axis]) : x, indices, axis),
    );
  },
  gatherElements: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    const at = draw.wholes("i32", shape, 0, (shape[axis] ?? 1) - 1);
    return two(valuesOf(draw, draw.of(...ANY), shape), at, (x, indices) =>
      ir.gatherElements(x, indices, axis),
    );
  },
  scatter: (draw) => {
    const shape = shapeOf(draw, 1, 3, 9);
    const depth = draw.whole(1, shape.length);
    const way = draw.of("none", "add", "max", "min", "mul");
    const at = coordinates(draw, shape, depth, way === "none");
    const dtype = draw.of(...SUMMABLE);
    const updates = valuesOf(draw, dtype, [at.shape[0] ?? 1, ...shape.slice(depth)]);
    return {
      feeds: { x: valuesOf(draw, dtype, shape), at, updates },
      build: (inputs) => ir.scatter(the(inputs, "x"), the(inputs, "at"), the(inputs, "updates"), way),
    };
  },
  iota: (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    return {
      feeds: { x: valuesOf(draw, "i32", shape) },
      build: (inputs) => the(inputs, "x").add(ir.iota("i32", shape, axis)),
    };
  },
  randomBits: (draw) => {
    const count = draw.size(129);
    return {
      feeds: { key: draw.wholes("u32", [2], 0, 1_000_000) },
      build: (inputs) => ir.randomBits(the(inputs, "key"), [count]),
    };
  },
};
