import type { CompositeFunction, CompositeTable } from "../composite.ts";
import * as builders from "./index.ts";

const isComposite = (value: unknown): value is CompositeFunction =>
  typeof value === "function" && "operation" in value;

// @__NO_SIDE_EFFECTS__
function tableOf(functions: object): CompositeTable {
  const found = Object.values(functions).filter(isComposite);
  return new Map(found.map(({ operation }) => [operation.name, operation]));
}

/** Every composite that this package defines, by name, as needed to read a graph from text or JSON. */
export const composites: CompositeTable = tableOf(builders);
