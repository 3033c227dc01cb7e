import { NEVER, type Schema, array, int, oneOf, strictObject, transform } from "./schema.ts";
import { AdjointError } from "./error.ts";
import { type Dim, SymbolicDim, parseDim } from "./dim.ts";
import { dtypes } from "./dtype.ts";
import type { Operand, Operation, Primitive, Tensor } from "./tensor.ts";
import type { AttributeSchema, Axes, None, PrimitiveName } from "./primitive-set.ts";
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";

/** A part of the table of primitives. */
export type Rows<N extends PrimitiveName> = { readonly [K in N]: Primitive<K> };

const defined = new WeakSet<Operation>();

/** Defines a primitive in one place: attributes, type rule, gradient and reference semantics. */
// @__NO_SIDE_EFFECTS__
export function definePrimitive<N extends PrimitiveName>(primitive: Primitive<N>): Primitive<N> {
  // The literal type of the name says which of the union it is.
  defined.add(primitive as Primitive<never>);
  return primitive;
}

/** True if `definePrimitive` made the operation, and it is not another of its name. */
export const isDefined = (operation: Operation): boolean => defined.has(operation);

export const noAttributes: Schema<None> = strictObject({});
export const dtypeSchema: Schema<DType> = oneOf(dtypes);
export const axesSchema: Schema<Axes> = array(int());
/** In text and JSON a symbolic size may be a string. */
export const dimSchema: Schema<Dim> = transform((input, { issues }): Dim => {
  let message = "Invalid input: expected a whole number or a symbolic size";
  try {
    if (typeof input === "string") return parseDim(input);
  } catch (error) {
    message = error instanceof Error ? error.message : message;
  }
  if (isDim(input)) return input;
  issues.push({ code: "custom", input, message });
  return NEVER;
});

const isDim = (value: unknown): value is Dim => Number.isSafeInteger(value) || value instanceof SymbolicDim;

export const shapeSchema: Schema<Shape> = array(dimSchema);

export const axesAttributes: AttributeSchema<"reduceSum"> = strictObject({ axes: axesSchema });

/** The operands, of which there must be `count`. */
export function operands(operation: string, inputs: readonly Tensor[], count: number): readonly Tensor[] {
  if (inputs.length !== count) {
    throw new AdjointError("graph", operation, `takes ${count} operands and got ${inputs.length}`);
  }
  return inputs;
}

/** The operand at `index`, which the caller knows to be there. */
export function operand(inputs: readonly Tensor[], index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined)
    throw new AdjointError("graph", "operand", `operand ${index} of ${inputs.length} is missing`);
  return tensor;
}

/** Axis counted from the front. @throws AdjointError if outside −rank … rank−1. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new AdjointError(
      "shape",
      operation,
      `axis ${axis} of a tensor of rank ${rank}`,
      `Axes go from ${-rank} to ${rank - 1}.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Distinct axes, sorted; all of them if none are given. */
export function normalizeAxes(
  operation: string,
  axes: readonly number[] | number | undefined,
  rank: number,
): number[] {
  const list =
    axes === undefined
      ? Array.from({ length: rank }, (_, axis) => axis)
      : typeof axes === "number"
        ? [axes]
        : axes;
  const normal = list.map((axis) => normalizeAxis(operation, axis, rank)).toSorted((a, b) => a - b);
  if (new Set(normal).size !== normal.length) {
    throw new AdjointError("shape", operation, `axes [${list.join(", ")}] name one axis twice`);
  }
  return normal;
}

/**
 * Axes in attributes, which may come from text, count from the front; builders normalize what users give.
 * @throws AdjointError for a negative axis, one outside the rank, or one named twice.
 */
export function checkAxes(operation: string, axes: readonly number[], rank: number): void {
  normalizeAxes(operation, axes, rank);
  const negative = axes.find((axis) => axis < 0);
  if (negative !== undefined)
    throw new AdjointError("attribute", operation, `axis ${negative} is not counted from the front`);
}

export const isTensor = (value: Operand): value is Tensor => typeof value === "object";
