import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, NameOf, Node } from "@adjoint/ir/graph";
import { AdjointError, at } from "@adjoint/ir/values";
import { type Access, axisOf, identity } from "../kernel/affine.ts";
import { sizesOf } from "./sizes.ts";
import { Expression } from "./expression.ts";
import type { OpenGroup } from "../fusion/group.ts";
import type { ReduceOperation } from "../kernel/kernel.ts";
import type { LoweringContext } from "./context.ts";
import { type BufferId, ScalarBuilder, type ValueId } from "../kernel/scalar.ts";

/** outer ++ inner axes of a reduction, as an access of its operand. */
export function splitAxes(
  tensor: Tensor,
  inner: readonly number[],
): { readonly outer: number[]; readonly inner: number[]; readonly access: Access } {
  const shape = sizesOf(tensor);
  const outerAxes = [...shape.keys()].filter((axis) => !inner.includes(axis));
  const order = [...outerAxes, ...inner];
  return {
    outer: outerAxes.map((axis) => at(shape, axis)),
    inner: inner.map((axis) => at(shape, axis)),
    access: {
      domain: order.map((axis) => at(shape, axis)),
      coordinates: shape.map((_, axis) => axisOf(order.indexOf(axis), shape.length)),
      guards: [],
    },
  };
}

/** A reduction of one value, whose result is an output. */
export function reduceGroup(
  operation: ReduceOperation,
  axes: { readonly outer: readonly number[]; readonly inner: readonly number[] },
  body: ScalarBuilder,
  value: ValueId,
  output: Tensor,
  buffer: BufferId,
): OpenGroup {
  const shape = sizesOf(output);
  const builder = new ScalarBuilder();
  const result = builder.add({ kind: "accumulator", dtype: output.dtype, index: 0 });
  const reductions = [{ operation, value, dtype: body.dtype(value) }];
  const { coordinates } = identity(axes.outer);
  return {
    open: true,
    anchor: { form: "reduce", outer: axes.outer, inner: axes.inner, body: body.nodes, reductions },
    domain: axes.outer,
    shape: axes.outer,
    coordinates: shape.length === axes.outer.length ? coordinates : identity(axes.outer).coordinates,
    builder,
    results: new Map([[buffer, { value: result, dtype: output.dtype }]]),
  };
}

export function lowerReduce(
  node: Node<AttributesOf<NameOf<"reduce">>>,
  output: Tensor,
  context: LoweringContext,
): readonly OpenGroup[] {
  const [x] = node.inputs;
  if (x === undefined) throw new AdjointError("graph", node.operation.name, "has no operand");
  const { attributes } = node;
  const axes = splitAxes(x, "axes" in attributes ? attributes.axes : [attributes.axis]);
  const body = new ScalarBuilder();
  const value = new Expression(body, context).pull(x, axes.access);
  // A node of kind reduce has a reduction's name.
  const operation = node.operation.name as NameOf<"reduce">;
  return [reduceGroup(operation, axes, body, value, output, context.target(output))];
}
