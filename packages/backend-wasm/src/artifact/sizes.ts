import type { Entries } from "@adjoint/compiler";
import type { Graph } from "@adjoint/ir";
import { specialize } from "@adjoint/ir/graph";
import { AdjointError, type Bindings, dimSymbols, own } from "@adjoint/ir/values";
import { array, checked, int, minLength, minimum, problemsOf, record, safeParse } from "@adjoint/ir/schema";

const sizesSchema = checked(array(record(checked(int(), minimum(0)))), minLength(1));

const symbolsOf = (graph: Graph): ReadonlySet<string> =>
  new Set(Object.values(graph.inputs).flatMap(({ shape }) => shape.flatMap((size) => dimSymbols(size))));

/** A graph with each set of sizes, each of its own symbols once. @throws AdjointError where a symbol has no size. */
export function specializations(entry: string, graph: Graph, sizes: readonly Bindings[]): readonly Graph[] {
  const symbols = [...symbolsOf(graph)];
  const distinct = new Map<string, Bindings>();
  for (const bindings of sizes) {
    const missing = symbols.filter((symbol) => own(bindings, symbol) === undefined);
    if (missing.length > 0)
      throw new AdjointError(
        "attribute",
        "buildArtifact",
        `entry "${entry}" has no size for ${missing.join(", ")}`,
        `Give { sizes: [{ ${missing.map((symbol) => `${symbol}: 1`).join(", ")} }] }.`,
      );
    const needed = Object.fromEntries(symbols.map((symbol) => [symbol, own(bindings, symbol) ?? 0]));
    distinct.set(JSON.stringify(needed), needed);
  }
  return [...distinct.values()].map((bindings) => specialize(graph, bindings));
}

/** @throws AdjointError for sizes that are none, and symbols that no entry has. */
export function checkSizes(entries: Entries, sizes: readonly Bindings[]): void {
  const parsed = safeParse(sizesSchema, sizes);
  if (!parsed.success)
    throw new AdjointError("attribute", "buildArtifact", `sizes: ${problemsOf(parsed.issues)}`);
  const symbols = new Set(Object.values(entries).flatMap((graph) => [...symbolsOf(graph)]));
  for (const symbol of sizes.flatMap((bindings) => Object.keys(bindings)))
    if (!symbols.has(symbol))
      throw new AdjointError(
        "attribute",
        "buildArtifact",
        `no entry has the symbol "${symbol}"`,
        `The symbols are ${[...symbols].join(", ") || "none"}.`,
      );
}
