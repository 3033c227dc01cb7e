import { int, optional, strictObject, whole, withDefault } from "@adjoint/ir/schema";
import * as ir from "@adjoint/ir";
import type { DType, Tensor } from "@adjoint/ir";
import { dtypeOfElement, elementTypes } from "../element-type.ts";
import type { OperatorContext } from "../import/context.ts";
import { before, toInputs } from "./older.ts";
import { type Form, type Operator, float, ints, operator } from "./row.ts";

interface Seeded {
  readonly seed?: number | undefined;
}

/**
 * The random key of a node. Its seed names the stream, so that equal seeds give equal numbers; without one the node's
 * name does. The numbers change from run to run, and with the session's seed.
 */
function keyOf({ attributes: { seed } }: OperatorContext<Seeded>): Tensor {
  // Nodes are imported in a scope of their name, which every tensor made now carries.
  const { scope } = ir.constant(0).node.origin;
  return ir.randomKey(seed === undefined ? scope : `seed ${seed}`);
}

const uniform = { low: withDefault(float, 0), high: withDefault(float, 1), seed: optional(float) };
const normal = { mean: withDefault(float, 0), scale: withDefault(float, 1), seed: optional(float) };

/** Type and shape as attributes. */
const typed = { dtype: withDefault(int(), elementTypes.f32), shape: ints };
/** Shape, and type where the attribute is absent, of input 0. */
const like = { dtype: optional(int()) };

const resultType = (
  context: OperatorContext<{ readonly dtype?: number | undefined }>,
  otherwise: DType,
): DType => {
  const { dtype } = context.attributes;
  return dtype === undefined ? otherwise : dtypeOfElement(dtype, `${context.operator}'s result`);
};

/** Random numbers, bit-equal on every backend; their values are Adjoint's, not those of any other runtime. */
export const random: readonly Operator[] = [
  operator({
    name: "RandomUniform",
    since: [1, 22],
    attributes: strictObject({ ...uniform, ...typed }),
    import(context) {
      const { shape, low, high } = context.attributes;
      return ir.randomUniform(keyOf(context), shape, { low, high, dtype: resultType(context, "f32") });
    },
  }),
  operator({
    name: "RandomUniformLike",
    since: [1, 22],
    attributes: strictObject({ ...uniform, ...like }),
    import(context) {
      const { shape, dtype: own } = context.input(0);
      const { low, high } = context.attributes;
      return ir.randomUniform(keyOf(context), shape, { low, high, dtype: resultType(context, own) });
    },
  }),
  operator({
    name: "RandomNormal",
    since: [1, 22],
    attributes: strictObject({ ...normal, ...typed }),
    import(context) {
      const { shape, mean, scale: standardDeviation } = context.attributes;
      const dtype = resultType(context, "f32");
      return ir.randomNormal(keyOf(context), shape, { mean, standardDeviation, dtype });
    },
  }),
  operator({
    name: "RandomNormalLike",
    since: [1, 22],
    attributes: strictObject({ ...normal, ...like }),
    import(context) {
      const { shape, dtype: own } = context.input(0);
      const { mean, scale: standardDeviation } = context.attributes;
      const dtype = resultType(context, own);
      return ir.randomNormal(keyOf(context), shape, { mean, standardDeviation, dtype });
    },
  }),
  operator({
    name: "Bernoulli",
    since: [15, 22],
    attributes: strictObject({ ...like, seed: optional(float) }),
    import(context) {
      const probability = context.input(0);
      const { shape, dtype } = probability;
      return ir
        .randomUniform(keyOf(context), shape, { dtype })
        .less(probability)
        .cast(resultType(context, dtype));
    },
  }),
  operator({
    name: "Multinomial",
    since: [7, 22],
    attributes: strictObject({
      dtype: withDefault(int(), elementTypes.i32),
      sample_size: withDefault(whole(1), 1),
      seed: optional(float),
    }),
    import(context) {
      const scores = context.input(0);
      const [batch = 1, classes = 1] = scores.shape;
      const { sample_size: samples } = context.attributes;
      // The inverse distribution function: how many classes lie wholly below a uniform number.
      const upTo = ir.softmax(scores).cumSum({ axis: 1 }).unsqueeze(1);
      const u = ir.randomUniform(keyOf(context), [batch, samples], { dtype: scores.dtype });
      const below = upTo
        .lessOrEqual(u.unsqueeze(2))
        .cast("i32")
        .reduceSum({ axes: [2] });
      // Rounding can leave the last sum short of 1.
      return below.min(ir.iota("i32", [classes]).reduceMax()).cast(resultType(context, "i32"));
    },
  }),
  operator({
    name: "Dropout",
    since: [1, 6, 7, 10, 12, 13, 22],
    older: [before(7, testMode), before(12, toInputs(1, "ratio"))],
    attributes: strictObject({ seed: optional(float) }),
    import(context) {
      const [y, mask] = dropout(context);
      return [y, context.version < 10 ? mask.cast(y.dtype) : mask];
    },
  }),
];

/** The mode was an attribute; from opset 7 to 11 there was inference alone. */
function testMode({ attributes: { is_test: isTest = 0, ...attributes }, inputs: [x] }: Form): Form {
  return { attributes, inputs: [x, undefined, ir.constant(isTest === 0, "bool")] };
}

/** Result and mask (true if an element is kept). */
function dropout(context: OperatorContext<Seeded>): readonly [Tensor, Tensor] {
  const x = context.input(0);
  const everything: readonly [Tensor, Tensor] = [x, ir.filled(true, "bool", x.shape)];
  const mode = context.optional(2);
  const knownMode = context.known(2);
  if (mode === undefined || knownMode?.data[0] === 0) return everything;
  const ratio = context.optional(1) ?? ir.constant(0.5);
  const knownRatio = context.optional(1) === undefined ? 0.5 : numberOf(context.known(1));
  if (knownMode !== undefined && knownRatio !== undefined && knownRatio < 1) {
    if (knownRatio === 0) return everything;
    const key = keyOf(context);
    return [ir.dropout(x, key, { rate: knownRatio }), ir.bernoulli(key, x.shape, 1 - knownRatio)];
  }
  const kept = ir.randomUniform(keyOf(context), x.shape).greaterOrEqual(ratio.reshape([]).cast("f32"));
  const mask = mode.reshape([]).not().or(kept);
  const rest = ir.sub(1, ratio.reshape([]).cast(x.dtype));
  // With a ratio of 1 nothing is kept and nothing scaled.
  const factor = mode.reshape([]).and(rest.greater(0)).where(ir.div(1, rest), 1);
  return [mask.where(x.mul(factor), 0), mask];
}

const numberOf = (value: ir.TensorValue | undefined): number | undefined => value && ir.toNumbers(value)[0];
