import { operatorKey } from "../operators/row.ts";
import type { CallSource, FunctionSource, ModelSource } from "../proto/model.ts";

/** A model's own functions by `operatorKey`. */
export const functionsOf = (model: ModelSource): ReadonlyMap<string, FunctionSource> =>
  new Map(model.functions.map((fn) => [operatorKey(fn.domain, fn.name), fn]));

/**
 * The number of uses of each operator among all nodes that the model may run: in sub-graphs, and once in each function that
 * is called. The model's own functions are not among the operators.
 */
export function usedOperators(model: ModelSource): ReadonlyMap<string, number> {
  const functions = functionsOf(model);
  const counts = new Map<string, number>();
  const called = new Set<FunctionSource>();
  const visit = (calls: Iterable<CallSource>): void => {
    for (const { domain, operator, attributes } of calls) {
      const key = operatorKey(domain, operator);
      const fn = functions.get(key);
      if (fn === undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
      else if (!called.has(fn)) {
        called.add(fn);
        visit(fn.nodes);
      }
      for (const attribute of attributes) if (attribute.kind === "graph") visit(attribute.value.calls);
    }
  };
  visit(model.graph.calls);
  return counts;
}
