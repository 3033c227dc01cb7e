import type { Graph } from "@adjoint/ir";
import { AdjointError, equalDims, typeText } from "@adjoint/ir/values";
import type { Dataset, Fields } from "@adjoint/datasets";

/**
 * The columns of a data set that a program is fed, and no others.
 * @throws AdjointError naming the field that is missing or doesn't fit its input.
 */
export function feedsFor(operation: string, graph: Graph, examples: Dataset<Fields>): Dataset<Fields> {
  const names = Object.keys(graph.inputs);
  for (const [name, { type }] of Object.entries(graph.inputs)) {
    const field = Object.hasOwn(examples.fields, name) ? examples.fields[name] : undefined;
    if (field === undefined) {
      throw new AdjointError(
        "feed",
        operation,
        `the data have no field "${name}" (${typeText(type)})`,
        `Their fields are ${Object.keys(examples.fields).join(", ")}; rename({ old: "${name}" }) renames one.`,
      );
    }
    const fits =
      field.dtype === type.dtype &&
      type.shape.length === field.shape.length + 1 &&
      field.shape.every(
        (size, axis) =>
          typeof type.shape[axis + 1] !== "number" || equalDims(size, type.shape[axis + 1] ?? -1),
      );
    if (fits) continue;
    throw new AdjointError(
      "feed",
      operation,
      `field "${name}" has ${field.dtype}[${field.shape.join(", ")}] for each example, and input "${name}" is ${typeText(type)}`,
      "Convert the field (cast, normalize, map), or declare the input as the data are.",
    );
  }
  return names.length === Object.keys(examples.fields).length ? examples : examples.select(...names);
}
