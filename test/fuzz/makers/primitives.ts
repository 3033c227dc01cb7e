import {
  type Tensor,
  commit,
  concat,
  cond,
  constant,
  iota,
  pad,
  randomBits,
  register,
  scan,
  scatter,
  sort,
  stack,
  topK,
  window,
  windowSum,
} from "@adjoint/ir";
import type { PrimitiveName } from "@adjoint/ir/graph";
import { elementCount, valueOf } from "@adjoint/ir/values";
import { type Draw, shapeOf } from "../draw.ts";
import { randomValue } from "../elements.ts";
import { contractMakers } from "./contractions.ts";
import { type Maker, mapMakers, numeric, operandOf } from "./maps.ts";

const axesOf = (draw: Draw, tensor: Tensor): number[] => {
  const axes = [...tensor.shape.keys()].filter(() => draw.int(2) === 0);
  return axes.length > 0 || draw.chance(4) ? axes : [draw.int(tensor.rank)];
};

const reduction =
  (name: "reduceSum" | "reduceProd" | "reduceMax" | "reduceMin"): Maker =>
  (draw) => {
    const x = operandOf(draw, numeric, 1);
    return x[name]({ axes: axesOf(draw, x), keepDims: draw.chance(3) });
  };

const extremePlace =
  (name: "argMax" | "argMin"): Maker =>
  (draw) => {
    const x = operandOf(draw, numeric, 1);
    const axis = draw.int(x.rank);
    return x.shape[axis] === 0 ? undefined : x[name]({ axis });
  };

const running =
  (name: "cumSum" | "cumProd"): Maker =>
  (draw) => {
    const x = operandOf(draw, numeric, 1);
    const axis = draw.int(x.rank);
    if (name === "cumProd" && Number(x.shape[axis]) > 129) return undefined;
    return x[name]({ axis, exclusive: draw.chance(2), reverse: draw.chance(2) });
  };

/** Another shape of as many elements. */
function reshaped(draw: Draw, shape: readonly number[]): number[] {
  const axis = draw.int(shape.length);
  const size = shape[axis] ?? 1;
  const next = shape[axis + 1];
  const factor = [2, 3, 4, 5, 7, 8, 16].find((each) => size > each && size % each === 0);
  switch (draw.int(4)) {
    case 0:
      return [elementCount(shape)];
    case 1:
      return next === undefined ? [...shape, 1] : shape.toSpliced(axis, 2, size * next);
    case 2:
      return factor === undefined
        ? shape.toSpliced(axis, 0, 1)
        : shape.toSpliced(axis, 1, factor, size / factor);
    default:
      return size === 1 && shape.length > 0 ? shape.toSpliced(axis, 1) : shape.toSpliced(axis, 0, 1);
  }
}

/** Indices i32[…, depth] inside the leading axes of a tensor without empty ones. */
function indicesInto(draw: Draw, data: Tensor): Tensor {
  const depth = 1 + draw.int(data.rank);
  const rows = draw.pick([[5], [1], [16], [33], [2, 3], [64]]) ?? [5];
  const columns = shapeOf(data)
    .slice(0, depth)
    .map((size) => draw.indices(rows, size));
  return stack(columns, rows.length);
}

const whole = (tensor: Tensor): boolean => !shapeOf(tensor).includes(0);

/** Data that indices go into: behind views too. */
const dataOf = (draw: Draw): Tensor | undefined => {
  const data = operandOf(draw, undefined, 1);
  return whole(data) ? data : undefined;
};

/** One maker for each primitive. */
export const primitiveMakers: { readonly [N in PrimitiveName]: Maker } = {
  input: (draw) => (draw.depth > 0 ? undefined : draw.source(draw.dtype(), draw.shape())),
  register: (draw) => {
    if (draw.depth > 0) return undefined;
    const value = randomValue(draw.dtype(), draw.shape(), draw.manner(), draw.shared.words);
    return register(`r${draw.shared.nextName()}`, value.dtype, value.shape, {
      initial: { kind: "data", value },
    });
  },
  constant: (draw) =>
    constant(randomValue(draw.dtype(), draw.shape(1 + draw.int(2), 512), draw.manner(), draw.shared.words)),
  iota: (draw) => {
    const shape = draw.shape(1 + draw.int(3));
    return iota(draw.dtype(numeric), shape, draw.int(shape.length));
  },
  randomBits: (draw) =>
    randomBits(
      draw.chance(2) ? draw.of("u32", [2]) : constant(valueOf("u32", [2], [draw.int(9), 7])),
      draw.shape(),
    ),
  ...mapMakers,
  reduceSum: reduction("reduceSum"),
  reduceProd: reduction("reduceProd"),
  reduceMax: reduction("reduceMax"),
  reduceMin: reduction("reduceMin"),
  argMax: extremePlace("argMax"),
  argMin: extremePlace("argMin"),
  cumSum: running("cumSum"),
  cumProd: running("cumProd"),
  reshape: (draw) => {
    const x = operandOf(draw);
    return x.reshape(reshaped(draw, shapeOf(x)));
  },
  transpose: (draw) => {
    const x = operandOf(draw, undefined, 2);
    return x.transpose(draw.permutation(x.rank));
  },
  broadcast: (draw) => {
    const x = operandOf(draw);
    const own = shapeOf(x);
    const most = (): number =>
      Math.max(1, Math.floor(draw.shared.limits.elements / Math.max(1, elementCount(own))));
    const stretched = own.map((size) => (size === 1 && draw.int(2) === 0 ? draw.size(most()) : size));
    const shape = [...(draw.chance(2) ? [draw.size(most())] : []), ...stretched];
    return elementCount(shape) > draw.shared.limits.elements ? undefined : x.broadcast(shape);
  },
  slice: (draw) => {
    const x = operandOf(draw, undefined, 1);
    return x.slice(
      shapeOf(x).map((size) => {
        if (draw.int(2) === 0) return undefined;
        const start = draw.int(Math.max(1, size));
        return { start, end: start + 1 + draw.int(Math.max(1, size - start)), step: 1 + draw.int(3) };
      }),
    );
  },
  pad: (draw) => {
    const x = operandOf(draw, undefined, 1);
    const counts = (): number[] => x.shape.map(() => draw.pick([0, 0, 1, 2, 3]));
    // Interior padding of an empty axis is another matter.
    const interior = shapeOf(x).map((size) => (size === 0 ? 0 : draw.pick([0, 0, 0, 1, 2])));
    return pad(x, { low: counts(), high: counts(), interior, value: draw.of(x.dtype, []) });
  },
  concat: (draw) => {
    const x = operandOf(draw, undefined, 1);
    const axis = draw.int(x.rank);
    const others = Array.from({ length: 1 + draw.int(3) }, () =>
      draw.of(x.dtype, shapeOf(x).with(axis, draw.size(33))),
    );
    return concat(draw.chance(2) ? [...others, x] : [x, ...others], axis);
  },
  flip: (draw) => {
    const x = operandOf(draw, undefined, 1);
    return x.flip(axesOf(draw, x));
  },
  window: (draw) => {
    const x = operandOf(draw, undefined, 1);
    const fit = [...x.shape.keys()].filter((axis) => Number(x.shape[axis]) >= 2);
    if (fit.length === 0) return undefined;
    const axes = fit.slice(-1 - draw.int(2));
    const sizes = axes.map((axis) => Math.min(Number(x.shape[axis]), 2 + draw.int(2)));
    const dilations = axes.map((axis, at) =>
      (sizes[at] ?? 1) * 2 <= Number(x.shape[axis]) ? 1 + draw.int(2) : 1,
    );
    return window(x, { axes, sizes, dilations, strides: axes.map(() => 1 + draw.int(3)) });
  },
  windowSum: (draw) => {
    const [count, size, stride] = [draw.size(33), 1 + draw.int(3), 1 + draw.int(3)];
    if (count === 0) return undefined;
    const [before, behind] = [draw.size(9), draw.size(5)];
    const x = draw.of(draw.dtype(numeric), [before, count, behind, size]);
    const extent = (count - 1) * stride + size + draw.int(Math.min(stride, 2));
    return windowSum(x, { axes: [1], sizes: [size], strides: [stride], extents: [before, extent, behind] });
  },
  ...contractMakers,
  gather: (draw) => {
    const data = dataOf(draw);
    return data?.gather(indicesInto(draw, data));
  },
  scatter: (draw) => {
    const data = dataOf(draw);
    if (data === undefined) return undefined;
    const indices = indicesInto(draw, data);
    const updates = draw.of(data.dtype, shapeOf(data.gather(indices)));
    if (data.dtype === "bool") return scatter(data, indices, updates);
    return scatter(data, indices, updates, draw.pick(["add", "none", "mul", "max", "min"]));
  },
  sort: (draw) => {
    const x = operandOf(draw, numeric, 1);
    return Object.values(sort(x, { axis: draw.int(x.rank), descending: draw.chance(2) }));
  },
  topK: (draw) => {
    const x = operandOf(draw, numeric, 1);
    const axis = draw.int(x.rank);
    const k = draw.int(Math.min(20, Number(x.shape[axis]) + 1));
    return Object.values(topK(x, k, { axis, largest: draw.chance(2) }));
  },
  scan: (draw) => {
    if (draw.depth > 1) return undefined;
    const small = (tensor: Tensor): boolean => tensor.rank > 0 && Number(tensor.shape[0]) <= 17;
    const first = draw.chance(4)
      ? undefined
      : (draw.tensor(small) ?? draw.of(draw.dtype(), [draw.size(9), ...draw.shape(draw.int(3), 512)]));
    const second = first && draw.tensor((tensor) => tensor.rank > 0 && tensor.shape[0] === first.shape[0]);
    const sequences = [first, second].filter((tensor) => tensor !== undefined).slice(0, 1 + draw.int(2));
    const carry = Array.from({ length: draw.int(3) }, () => operandOf(draw));
    const length = first === undefined ? draw.int(5) : (shapeOf(first)[0] ?? 0);
    const outer = draw.pool.slice(-3);
    const { carry: last, outputs } = scan(
      { carry, sequences, length, reverse: draw.chance(2) },
      (carries, slices) => {
        const inner = draw.inner([...outer, ...slices, ...carries]);
        steps(inner, 1 + draw.int(4));
        const next = carries.map(
          (own) =>
            inner.tensor(
              (tensor) => tensor.dtype === own.dtype && tensor.shape.join() === own.shape.join(),
            ) ?? own,
        );
        const found = inner.pool.at(-1);
        return { carry: next, outputs: found === undefined ? [] : [found, ...slices.slice(0, draw.int(2))] };
      },
    );
    return [...last, ...outputs];
  },
  if: (draw) => {
    if (draw.depth > 1) return undefined;
    const condition = draw.of("bool", [1]).reshape([]);
    const outer = [...draw.pool.slice(-4), operandOf(draw)];
    const [yes, no] = [draw.inner(outer), draw.inner(outer)];
    return cond(
      condition,
      () => {
        steps(yes, 1 + draw.int(3));
        return yes.pool.slice(-2);
      },
      () => {
        steps(no, draw.int(3));
        return yes.pool.slice(-2).map((tensor) => no.of(tensor.dtype, shapeOf(tensor)));
      },
    );
  },
  commit: (draw) => {
    if (draw.depth > 0) return undefined;
    const value = operandOf(draw);
    const like = draw.chance(2) ? operandOf(draw) : value;
    const start = randomValue(like.dtype, shapeOf(like), "plain", draw.shared.words);
    const state = register(`r${draw.shared.nextName()}`, like.dtype, shapeOf(like), {
      initial: { kind: "data", value: start },
    });
    const next = like.dtype === "bool" || draw.chance(2) ? like : state.mul(2).add(like);
    return [commit(value, state, next), state];
  },
};

/** Kinds of primitives by how often they are drawn. */
const kinds: readonly (readonly PrimitiveName[])[] = [
  ["add", "mul", "sub", "div", "max", "min"],
  Object.keys(mapMakers) as PrimitiveName[],
  ["reduceSum", "reduceProd", "reduceMax", "reduceMin", "argMax", "argMin"],
  ["reduceSum", "reduceMax"],
  ["reshape", "transpose", "broadcast", "slice", "pad", "concat", "flip", "window", "windowSum"],
  ["reshape", "transpose", "slice", "flip", "broadcast"],
  ["dotGeneral", "conv", "convTranspose", "convWeight"],
  ["gather", "scatter", "sort", "topK", "cumSum", "cumProd"],
  ["input", "constant", "iota", "randomBits", "register", "commit"],
  ["scan", "if"],
];

/** A maker of any primitive. */
export const anyPrimitive: Maker = (draw) => {
  const name = draw.pick(draw.pick(kinds) ?? []);
  return name && primitiveMakers[name](draw);
};

/** Adds some primitives' tensors to the pool. */
function steps(draw: Draw, count: number): void {
  for (let step = 0; step < count; step++) {
    const made = anyPrimitive(draw);
    if (made !== undefined) draw.keep(Array.isArray(made) ? made : [made as Tensor]);
  }
}
