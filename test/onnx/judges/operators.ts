import * as ir from "@adjoint/ir";
import type { DType, State, Tensor, TensorValue } from "@adjoint/ir";
import type { Draw } from "./draw.ts";

/** An operator with attributes over inputs of types that were drawn. */
export interface OperatorCase {
  readonly feeds: State;
  readonly build: (inputs: { readonly [name: string]: Tensor }) => Tensor;
}

type Maker = (draw: Draw) => OperatorCase;

const FLOATS = ["f32", "f32", "f64", "f16"] as const;
const INTEGERS = ["i32", "i64", "u8", "i8", "u32", "i16", "u16"] as const;

const the = (inputs: { readonly [name: string]: Tensor }, name: string): Tensor => {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`no input ${name}`);
  return tensor;
};

const shapeOf = (draw: Draw, low = 0, high = 4, most = 20): readonly number[] =>
  Array.from({ length: draw.whole(low, high) }, () => draw.size(most));

/** Numbers that the type has, small enough that products stay within it. */
function valuesOf(draw: Draw, dtype: DType, shape: readonly number[]): TensorValue {
  if (dtype === "bool") return draw.wholes("bool", shape, 0, 1);
  if (ir.isFloat(dtype)) return draw.tensor(dtype, shape, 3);
  return draw.wholes(dtype, shape, dtype.startsWith("u") ? 0 : -9, 9);
}

/** Between `low` and `high`, where a function is defined or is not steep. */
const between = (
  draw: Draw,
  dtype: DType,
  shape: readonly number[],
  low: number,
  high: number,
): TensorValue => draw.tensor(dtype, shape, (high - low) / 2, (high + low) / 2);

const unary =
  (build: (x: Tensor) => Tensor, dtypes: readonly [DType, ...DType[]], low = -3, high = 3): Maker =>
  (draw) => {
    const dtype = draw.of(...dtypes);
    const shape = shapeOf(draw);
    const x = ir.isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    return { feeds: { x }, build: (inputs) => build(the(inputs, "x")) };
  };

/** Two shapes that broadcast to one. */
function broadcasting(draw: Draw): readonly [readonly number[], readonly number[]] {
  const whole = shapeOf(draw, 0, 3);
  const part = (): readonly number[] =>
    whole.slice(draw.whole(0, whole.length)).map((size) => (draw.whole(0, 3) === 0 ? 1 : size));
  return draw.of(true, false) ? [whole, part()] : [part(), whole];
}

const binary =
  (
    build: (a: Tensor, b: Tensor) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    second: (draw: Draw, dtype: DType, shape: readonly number[]) => TensorValue = valuesOf,
    first: (draw: Draw, dtype: DType, shape: readonly number[]) => TensorValue = valuesOf,
  ): Maker =>
  (draw) => {
    const dtype = draw.of(...dtypes);
    const [left, right] = broadcasting(draw);
    return {
      feeds: { a: first(draw, dtype, left), b: second(draw, dtype, right) },
      build: (inputs) => build(the(inputs, "a"), the(inputs, "b")),
    };
  };

/** Away from 0, where a quotient is steep. */
const nonZero = (draw: Draw, dtype: DType, shape: readonly number[]): TensorValue =>
  ir.isFloat(dtype) ? between(draw, dtype, shape, 0.5, 4) : draw.wholes(dtype, shape, 1, 9);

/** Some axes of a shape, none of them twice. */
const axesOf = (draw: Draw, rank: number): readonly number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.of(true, false));

const reduction =
  (
    build: (x: Tensor, options: { readonly axes: readonly number[]; readonly keepDims: boolean }) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    low = -3,
    high = 3,
  ): Maker =>
  (draw) => {
    const shape = shapeOf(draw, 1, 4);
    const options = { axes: axesOf(draw, shape.length), keepDims: draw.of(true, false) };
    const dtype = draw.of(...dtypes);
    const x = ir.isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    return { feeds: { x }, build: (inputs) => build(the(inputs, "x"), options) };
  };

/** One tensor of at least an axis, and one of its axes. */
const along =
  (
    build: (x: Tensor, axis: number, draw: Draw) => (x: Tensor) => Tensor,
    dtypes: readonly [DType, ...DType[]],
    low = -3,
    high = 3,
  ): Maker =>
  (draw) => {
    const shape = shapeOf(draw, 1, 3);
    const axis = draw.whole(0, shape.length - 1);
    const dtype = draw.of(...dtypes);
    const x = ir.isFloat(dtype) ? between(draw, dtype, shape, low, high) : valuesOf(draw, dtype, shape);
    const finish = build(ir.input("x", dtype, shape), axis, draw);
    return { feeds: { x }, build: (inputs) => finish(the(inputs, "x")) };
  };

const ANY = ["f32", "i32", "f64", "i64", "u8", "bool", "f16"] as const;

const view =
  (build: (draw: Draw, shape: readonly number[]) => (x: Tensor) => Tensor, ranks = [0, 4] as const): Maker =>
  (draw) => {
    const shape = shapeOf(draw, ranks[0], ranks[1]);
    const change = build(draw, shape);
    return {
      feeds: { x: valuesOf(draw, draw.of(...ANY), shape) },
      build: (inputs) => change(the(inputs, "x")),
    };
  };

function permuted(draw: Draw, rank: number): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  for (let at = rank - 1; at > 0; at--) {
    const other = draw.whole(0, at);
    [axes[at], axes[other]] = [axes[other] ?? 0, axes[at] ?? 0];
  }
  return axes;
}

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

const two = (a: TensorValue, b: TensorValue, build: (a: Tensor, b: Tensor) => Tensor): OperatorCase => ({
  feeds: { a, b },
  build: (inputs) => build(the(inputs, "a"), the(inputs, "b")),
});

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
  return ir.valueOf("i32", [count, depth], rows);
}

const SUMMABLE = ["f32", "f64", "i32"] as const;

/** Every operator that ONNX has a form for, by the primitive's name; composites of products and windows beside them. */
export const operators: { readonly [name: string]: Maker } = {
  abs: unary(ir.abs, [...FLOATS, "i32", "i64", "i8"]),
  neg: unary(ir.neg, [...FLOATS, "i32", "i64", "i8"]),
  sign: unary(ir.sign, ["f32", "f64", "i32", "i64"]),
  exp: unary(ir.exp, FLOATS),
  expm1: unary(ir.expm1, ["f32", "f64"]),
  log: unary(ir.log, FLOATS, 0.1, 5),
  log1p: unary(ir.log1p, ["f32", "f64"], -0.5, 5),
  sqrt: unary(ir.sqrt, FLOATS, 0, 9),
  sin: unary(ir.sin, ["f32", "f64"]),
  cos: unary(ir.cos, ["f32"]),
  tan: unary(ir.tan, ["f32"], -1, 1),
  asin: unary(ir.asin, ["f32"], -0.9, 0.9),
  acos: unary(ir.acos, ["f32"], -0.9, 0.9),
  atan: unary(ir.atan, ["f32"]),
  sinh: unary(ir.sinh, ["f32"]),
  cosh: unary(ir.cosh, ["f32"]),
  tanh: unary(ir.tanh, ["f32", "f64", "f16"]),
  asinh: unary(ir.asinh, ["f32"]),
  acosh: unary(ir.acosh, ["f32"], 1.5, 4),
  atanh: unary(ir.atanh, ["f32"], -0.9, 0.9),
  erf: unary(ir.erf, ["f32"]),
  floor: unary(ir.floor, ["f32", "f64"]),
  ceil: unary(ir.ceil, ["f32", "f64"]),
  round: unary(ir.round, ["f32", "f64"]),
  isNaN: unary((x) => ir.isNaN(x.div(x.sub(x.round()))), ["f32"]),
  isInf: unary((x) => ir.isInf(x.mul(2e38)), ["f32"]),
  not: unary(ir.not, ["bool"]),
  bitwiseNot: unary(ir.bitwiseNot, ["i32", "u8", "i64"]),
  stopGradient: unary(ir.stopGradient, ["f32", "i32"]),
  cast(draw) {
    const to = draw.of(...ANY, "i8", "u16");
    return unary((x) => x.cast(to), ["f32", "f64", "i32", "i64", "u8", "bool"], 0, 100)(draw);
  },
  add: binary(ir.add, [...FLOATS, "i32", "i64", "u8", "i16"]),
  sub: binary(ir.sub, [...FLOATS, "i32", "i64", "i8"]),
  mul: binary(ir.mul, [...FLOATS, "i32", "i64", "u32"]),
  div: binary(ir.div, ["f32", "f64", "f16", "i32", "i64"], nonZero),
  mod: binary(ir.mod, ["i32", "i64", "u8"], nonZero),
  fmod: binary(ir.fmod, ["i32", "i64"], nonZero),
  pow: binary(
    ir.pow,
    ["f32", "f64"],
    (draw, dtype, shape) => draw.tensor(dtype, shape, 2),
    (draw, dtype, shape) => between(draw, dtype, shape, 0.2, 3),
  ),
  atan2: binary(ir.atan2, ["f32"], nonZero),
  max: binary(ir.max, ["f32", "f64", "i32", "i64"]),
  min: binary(ir.min, ["f32", "f64", "i32", "i64"]),
  equal: binary(ir.equal, ["i32", "i64", "bool", "u8"]),
  less: binary(ir.less, ["f32", "f64", "i32", "i64"]),
  lessOrEqual: binary(ir.lessOrEqual, ["f32", "f64", "i32", "i64"]),
  and: binary(ir.and, ["bool"]),
  or: binary(ir.or, ["bool"]),
  xor: binary(ir.xor, ["bool"]),
  bitwiseAnd: binary(ir.bitwiseAnd, INTEGERS),
  bitwiseOr: binary(ir.bitwiseOr, INTEGERS),
  bitwiseXor: binary(ir.bitwiseXor, INTEGERS),
  shiftLeft: binary(ir.shiftLeft, ["u32", "u8"], (draw, dtype, shape) => draw.wholes(dtype, shape, 0, 7)),
  shiftRight: binary(ir.shiftRight, ["u32", "u8"], (draw, dtype, shape) => draw.wholes(dtype, shape, 0, 7)),
  where(draw) {
    const [left, right] = broadcasting(draw);
    const dtype = draw.of(...ANY);
    return {
      feeds: {
        c: draw.wholes("bool", left.length > right.length ? left : right, 0, 1),
        a: valuesOf(draw, dtype, left),
        b: valuesOf(draw, dtype, right),
      },
      build: (inputs) => ir.where(the(inputs, "c"), the(inputs, "a"), the(inputs, "b")),
    };
  },
  reduceSum: reduction(ir.reduceSum, ["f32", "f32", "f64", "i32"]),
  reduceProd: reduction(ir.reduceProd, ["f32"], 0.97, 1.03),
  reduceMax: reduction(ir.reduceMax, ["f32", "f64", "i32", "u8"]),
  reduceMin: reduction(ir.reduceMin, ["f32", "f64", "i32", "u8"]),
  reduceMean: reduction(ir.reduceMean, ["f32", "f64"]),
  argMax: along((_, axis) => (x) => x.argMax({ axis }), ["f32", "f64", "i32"]),
  argMin: along((_, axis) => (x) => x.argMin({ axis }), ["f32", "f64", "i32"]),
  cumSum: along(
    (_, axis, draw) => {
      const options = { axis, exclusive: draw.of(true, false), reverse: draw.of(true, false) };
      return (x) => x.cumSum(options);
    },
    ["f32", "f64", "i32", "i64"],
  ),
  cumProd: along(
    (_, axis, draw) => {
      const options = { axis, exclusive: draw.of(true, false), reverse: draw.of(true, false) };
      return (x) => x.cumProd(options);
    },
    ["f32"],
    0.97,
    1.03,
  ),
  sort: along(
    (_, axis, draw) => {
      const descending = draw.of(true, false);
      return (x) => ir.sort(x, { axis, descending }).values;
    },
    ["f32", "f64", "i32"],
  ),
  topK: along(
    (like, axis, draw) => {
      const [k, largest] = [draw.whole(1, Number(like.shape[axis])), draw.of(true, false)];
      return (x) => ir.topK(x, k, { axis, largest }).values;
    },
    ["f32", "f64", "i32"],
  ),
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
  matMul: (draw) => {
    const [rows, inner, columns] = [draw.size(65), draw.size(129), draw.size(65)];
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
    const sizes = new Map([..."bcijklmn"].map((letter) => [letter, draw.size(12)]));
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
