import type { Tensor } from "@adjoint/ir";
import { type Dim, type Shape, at, equalShapes } from "@adjoint/ir/values";
import { int, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import { dtypeOfElement, elementTypes } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import { before, dropped } from "./older.ts";
import { type Form, type Operator, flag, float, ints, operator } from "./row.ts";
import { axisOf } from "./shaping.ts";

const epsilon = withDefault(float, 1e-5);
/** The type in which mean and deviation are computed; wider floats keep their own. */
const stash = withDefault(int(), elementTypes.f32);

const product = (sizes: readonly Dim[]): Dim => sizes.reduce<Dim>(ir.mulDims, 1);

/** The axes from `axis` on, and whether the vectors have just their shape: composites don't stretch them. */
function trailing(
  context: OperatorContext<{ readonly axis: number }>,
  x: Tensor,
  vectors: readonly Tensor[],
): { readonly axis: number; readonly axes: readonly number[]; readonly fits: boolean } {
  const axis = axisOf(context, context.attributes.axis, x.rank);
  const shape = x.shape.slice(axis);
  const fits = vectors.every((vector) => equalShapes(vector.shape, shape));
  return { axis, axes: [...x.shape.keys()].slice(axis), fits };
}

export const normalization: readonly Operator[] = [
  operator({
    name: "BatchNormalization",
    since: [1, 6, 7, 9, 14, 15],
    // The shape of the scale says the same as `spatial`.
    older: [before(7, dropped("is_test")), before(9, dropped("spatial"))],
    attributes: strictObject({
      epsilon,
      momentum: withDefault(float, 0.9),
      training_mode: withDefault(flag, false),
    }),
    import: batchNormalization,
  }),
  operator({
    name: "InstanceNormalization",
    since: [1, 6, 22],
    attributes: strictObject({ epsilon }),
    import(context) {
      const x = context.input(0);
      return ir.widely(x, (wide) => {
        const [scale, bias] = [context.input(1).cast(wide.dtype), context.input(2).cast(wide.dtype)];
        return ir.instanceNormalization(wide, scale, bias, context.attributes);
      });
    },
  }),
  operator({
    name: "LayerNormalization",
    since: [17],
    attributes: strictObject({ axis: withDefault(int(), -1), epsilon, stash_type: stash }),
    import(context) {
      const [x, scale, bias] = [context.input(0), context.input(1), context.optional(2)];
      const vectors = bias === undefined ? [scale] : [scale, bias];
      const { axis, axes, fits } = trailing(context, x, vectors);
      const { epsilon: value, stash_type: type } = context.attributes;
      const wide = ir.widened(x);
      const [factor, addend] = [scale.cast(wide.dtype), bias?.cast(wide.dtype)];
      const normalized = (): Tensor => {
        if (fits) return ir.layerNormalization(wide, factor, addend, { axis, epsilon: value });
        const scaled = ir.standardize(wide, { axes, epsilon: value }).mul(factor);
        return addend === undefined ? scaled : scaled.add(addend);
      };
      const y = normalized().cast(x.dtype);
      const along = { axes, keepDims: true };
      const deviation = ir.variance(wide, along).add(value).sqrt();
      const statistics = [wide.reduceMean(along), ir.div(1, deviation)];
      const dtype = dtypeOfElement(type, "LayerNormalization's mean");
      return [y, ...statistics.map((tensor) => tensor.cast(dtype))];
    },
  }),
  operator({
    name: "GroupNormalization",
    since: [18, 21],
    older: [before(21, perGroup)],
    attributes: strictObject({ epsilon, num_groups: whole(1), stash_type: stash }),
    import(context) {
      const x = context.input(0);
      const { epsilon: value, num_groups: groups } = context.attributes;
      return ir.widely(x, (wide) => {
        const [scale, bias] = [context.input(1).cast(wide.dtype), context.input(2).cast(wide.dtype)];
        return ir.groupNormalization(wide, scale, bias, { groups, epsilon: value });
      });
    },
  }),
  operator({
    name: "RMSNormalization",
    since: [23],
    attributes: strictObject({ axis: withDefault(int(), -1), epsilon, stash_type: stash }),
    import(context) {
      const [x, scale] = [context.input(0), context.input(1)];
      const { axis, axes, fits } = trailing(context, x, [scale]);
      const { epsilon: value } = context.attributes;
      const wide = ir.widened(x);
      const factor = scale.cast(wide.dtype);
      if (fits) return ir.rmsNormalization(wide, factor, { axis, epsilon: value }).cast(scale.dtype);
      const square = wide.mul(wide).reduceMean({ axes, keepDims: true });
      return wide
        .mul(ir.div(1, square.add(value).sqrt()))
        .mul(factor)
        .cast(scale.dtype);
    },
  }),
  operator({
    name: "LpNormalization",
    since: [1, 22],
    attributes: strictObject({ axis: withDefault(int(), -1), p: withDefault(whole(1), 2) }),
    import: (context) => ir.lpNormalization(context.input(0), context.attributes),
  }),
  operator({
    name: "MeanVarianceNormalization",
    since: [9, 13],
    attributes: strictObject({ axes: withDefault(ints, [0, 2, 3]) }),
    import: (context) => ir.meanVarianceNormalization(context.input(0), context.attributes),
  }),
  operator({
    name: "LRN",
    since: [1, 13],
    attributes: strictObject({
      size: whole(1),
      alpha: withDefault(float, 1e-4),
      beta: withDefault(float, 0.75),
      bias: withDefault(float, 1),
    }),
    import: (context) => ir.lrn(context.input(0), context.attributes),
  }),
];

/** Scale and bias were one number a group. */
function perGroup({ attributes, inputs }: Form): Form {
  const [x, ...vectors] = inputs;
  const channels = x?.shape[1];
  const stretched = vectors.map((vector) => {
    const size = channels === undefined ? undefined : ir.divDims(channels, vector?.shape[0] ?? 1);
    if (vector === undefined || channels === undefined || size === undefined) return vector;
    return vector
      .unsqueeze(1)
      .broadcast([at(vector.shape, 0), size])
      .reshape([channels]);
  });
  return { attributes, inputs: [x, ...stretched] };
}

/** x as [N, C, …] with a number of the vectors for each of C. */
function channelShape(x: Tensor, vector: Tensor): Shape {
  const [batch = 1, ...rest] = x.shape;
  // Before opset 9 scale and statistics could be [C, …], one number for each position: each position is then a channel.
  return [batch, product(vector.shape), ...rest.slice(vector.rank)];
}

/** Before opset 14 a node that names more outputs than one trains, and also gives the batch's own statistics. */
function batchNormalization(
  context: OperatorContext<{
    readonly epsilon: number;
    readonly momentum: number;
    readonly training_mode: boolean;
  }>,
): readonly Tensor[] {
  const { epsilon: value, momentum, training_mode: mode } = context.attributes;
  const [given, vector, mean] = [context.input(0), context.input(1), context.input(3)];
  const wide = [given, vector, mean].map(ir.widened);
  const dtype = wide.find((tensor) => tensor.dtype === "f64")?.dtype ?? "f32";
  const x = given.reshape(channelShape(given, vector)).cast(dtype);
  const flat = (index: number): Tensor => context.input(index).reshape([-1]).cast(dtype);
  const options = { epsilon: value };
  const restored = (y: Tensor): Tensor => y.reshape(given.shape).cast(given.dtype);
  const isTraining = context.version < 14 ? context.outputs > 1 : mode;
  if (!isTraining) return [restored(ir.batchNormalization(x, flat(1), flat(2), flat(3), flat(4), options))];
  const batch = ir.batchNormalizationTraining(x, flat(1), flat(2), options);
  const running = (old: Tensor, now: Tensor): Tensor => old.mul(momentum).add(now.mul(1 - momentum));
  const statistics = [
    running(flat(3), batch.mean),
    running(flat(4), batch.variance),
    batch.mean,
    batch.variance,
  ];
  return [restored(batch.y), ...statistics.map((tensor) => tensor.reshape(mean.shape).cast(mean.dtype))];
}
