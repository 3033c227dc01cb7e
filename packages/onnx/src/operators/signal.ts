import { int, strictObject, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { type Tensor, valueOf } from "@adjoint/ir";
import { dtypeOfElement } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import { type Signal, both, fourier } from "../signal/fourier.ts";
import { melWeights } from "../signal/mel.ts";
import { knownSize } from "../spatial/placement.ts";
import { before, toInputs } from "./older.ts";
import { type Operator, flag, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

const FLOAT = 1;

/** A window of cosines: Σ weights[i]·cos(2πi·k/n). */
const cosineWindow = (name: string, weights: readonly number[]): Operator =>
  operator({
    name,
    since: [17],
    attributes: strictObject({
      output_datatype: withDefault(int(), FLOAT),
      periodic: withDefault(flag, true),
    }),
    import(context) {
      const size = context.number(0) ?? context.refuse("input 0, the size, is missing");
      const { output_datatype, periodic } = context.attributes;
      const period = periodic ? size : Math.max(1, size - 1);
      if (!Number.isInteger(size) || size < 0) context.refuse(`a window of size ${size}`);
      context.reserve(size * weights.length);
      const elements = Float64Array.from({ length: size }, (_, k) =>
        weights.reduce((sum, weight, i) => sum + weight * Math.cos((2 * Math.PI * i * k) / period), 0),
      );
      return ir.constant(valueOf(dtypeOfElement(output_datatype, `${name}'s result`), [size], elements));
    },
  });

/** Fourier transforms and what goes with them. Complex tensors have a last axis of 2, real ones of 1. */
export const signal: readonly Operator[] = [
  cosineWindow("HannWindow", [0.5, -0.5]),
  cosineWindow("HammingWindow", [25 / 46, -21 / 46]),
  cosineWindow("BlackmanWindow", [0.42, -0.5, 0.08]),
  operator({
    name: "MelWeightMatrix",
    since: [17],
    attributes: strictObject({ output_datatype: withDefault(int(), FLOAT) }),
    import(context) {
      const [bins = 0, length = 0, rate = 1, low = 0, high = 0] = [0, 1, 2, 3, 4].map((index) =>
        context.number(index),
      );
      const dtype = dtypeOfElement(context.attributes.output_datatype, "MelWeightMatrix's result");
      if (![bins, length].every((count) => Number.isInteger(count) && count >= 0))
        context.refuse(`${bins} bands of a transform of length ${length}`);
      context.reserve((bins + 2) * (Math.floor(length / 2) + 1));
      return ir.constant(melWeights({ dtype, bins, length, rate, low, high }));
    },
  }),
  operator({
    name: "DFT",
    since: [17, 20],
    older: [
      before(20, (form) => toInputs(2, "axis")({ ...form, attributes: { axis: 1, ...form.attributes } })),
    ],
    attributes: strictObject({ inverse: withDefault(flag, false), onesided: withDefault(flag, false) }),
    import(context) {
      const x = context.input(0);
      const { inverse, onesided } = context.attributes;
      const axis = axisOf(context, context.number(2) ?? -2, x.rank);
      const last = x.rank - 1;
      if (axis === last) context.refuse(`axis ${axis} of ${x} holds the parts of its numbers`);
      const order = [...x.shape.keys()].filter((at) => at !== axis && at !== last);
      const parts = partsOf(context, x.transpose([...order, axis, last]));
      const extent = knownSize(context, parts.real, last - 1);
      const isHalf = inverse && onesided;
      const n = context.number(1) ?? (isHalf ? 2 * (extent - 1) : extent);
      if (!Number.isInteger(n) || n < 1) context.refuse(`a transform of length ${n}`);
      const half = Math.floor(n / 2) + 1;
      const whole = isHalf ? mirrored(fitted(parts, half), n) : fitted(parts, n);
      const y = transformed(context, whole, n, inverse);
      const result = joined(
        isHalf ? { real: y.real, imaginary: undefined } : y,
        x.dtype,
        onesided && !inverse ? half : n,
      );
      const back = [
        ...order.slice(0, axis).keys(),
        order.length,
        ...[...order.keys()].slice(axis),
        order.length + 1,
      ];
      return result.transpose(back);
    },
  }),
  operator({
    name: "STFT",
    since: [17],
    attributes: strictObject({ onesided: withDefault(flag, true) }),
    import(context) {
      const x = context.input(0);
      const step = context.number(1) ?? context.refuse("input 1, the step between frames, is missing");
      const window = context.optional(2);
      const n =
        context.number(3) ??
        (window === undefined
          ? context.refuse("needs a window or the frames' length")
          : knownSize(context, window, 0));
      const parts = partsOf(context, x.rank === 2 ? x.unsqueeze(2) : x);
      const frames = both(parts, (part) => {
        const framed = ir.window(part, { axes: [1], sizes: [n], strides: [step] });
        return window === undefined ? framed : framed.mul(window.cast(framed.dtype));
      });
      const bins = context.attributes.onesided ? Math.floor(n / 2) + 1 : n;
      return joined(transformed(context, frames, n, false), x.dtype, bins);
    },
  }),
];

/** The parts of a tensor whose last axis holds them; narrow floats are widened. */
function partsOf(context: OperatorContext, x: Tensor): Signal {
  const count = knownSize(context, x, x.rank - 1);
  if (count !== 1 && count !== 2) context.refuse(`wants a last axis of 1 or 2 and got ${x}`);
  const wide = x.dtype === "f64" ? x : x.cast("f32");
  const part = (index: number): Tensor =>
    wide.slice([...x.shape.slice(1).map(() => undefined), { start: index, end: index + 1 }]).squeeze(-1);
  return { real: part(0), imaginary: count === 2 ? part(1) : undefined };
}

/** The parts of the first `bins` elements, in a new last axis. */
function joined(y: Signal, dtype: ir.DType, bins: number): Tensor {
  const { real, imaginary } = fitted(y, bins);
  return (imaginary === undefined ? real.unsqueeze(-1) : ir.stack([real, imaginary], -1)).cast(dtype);
}

/** The last axis cut to a size, or filled up with zeros. */
const fitted = (x: Signal, n: number): Signal =>
  both(x, (part) => {
    const every = part.shape.slice(1);
    const extent = part.shape.at(-1);
    const cut = part.slice([...every.map(() => undefined), { end: n }]);
    // Transforms are of known sizes only.
    const missing = typeof extent === "number" ? Math.max(0, n - extent) : 0;
    return cut.pad({ high: [...every.map(() => 0), missing] });
  });

/** The whole spectrum of a real signal from its first ⌊n/2⌋ + 1 elements: the others are conjugates of these. */
function mirrored({ real, imaginary }: Signal, n: number): Signal {
  const rest = (part: Tensor): Tensor =>
    part
      .slice([...part.shape.slice(1).map(() => undefined), { start: 1, end: n - Math.floor(n / 2) }])
      .flip([-1]);
  return {
    real: ir.concat([real, rest(real)], -1),
    imaginary: imaginary && ir.concat([imaginary, rest(imaginary).neg()], -1),
  };
}

/** The transform of the last axis, or its inverse. */
function transformed(context: OperatorContext, x: Signal, n: number, inverse: boolean): Signal {
  // Its tables hold at least so many elements; how to split n takes steps too.
  context.reserve(n);
  const reserve = (elements: number): void => context.reserve(elements);
  return inverse ? both(fourier(x, n, 1, reserve), (part) => part.div(n)) : fourier(x, n, -1, reserve);
}
