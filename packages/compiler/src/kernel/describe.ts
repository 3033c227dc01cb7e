import { elementCount, shapeText } from "@adjoint/ir/values";
import type { Kernel } from "./kernel.ts";
import type { ScalarGraph } from "./scalar.ts";

/** The operations of an expression, in order, repeated ones counted. */
function operationsIn(graph: ScalarGraph): string {
  const counts = new Map<string, number>();
  for (const node of graph) {
    const name =
      node.kind === "map"
        ? node.operation
        : node.kind === "load" && node.dynamic.length > 0
          ? "gather"
          : node.kind;
    if (name === "load" || name === "constant" || name === "accumulator" || name === "inside") continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name}×${count}`)).join(" ");
}

const list = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join(" · ");

/** One line that says what a kernel does, for `explain`. */
export function describeKernel(kernel: Kernel): string {
  const results = "stores" in kernel && kernel.stores.length > 1 ? ` → ${kernel.stores.length} results` : "";
  switch (kernel.form) {
    case "map":
      return `map ${shapeText(kernel.domain)} ${operationsIn(kernel.body) || "copy"}${results}`;
    case "reduce": {
      const folds = kernel.reductions.map((reduction) => reduction.operation).join(" ");
      return `reduce ${shapeText(kernel.outer)} over ${shapeText(kernel.inner)} ${list(operationsIn(kernel.body), folds, operationsIn(kernel.epilogue))}${results}`;
    }
    case "contract": {
      const sizes = [kernel.batch, kernel.rows, kernel.columns, kernel.inner].map(elementCount);
      const name = kernel.convolution?.variant ?? "dotGeneral";
      return `contract batch ${sizes[0]} rows ${sizes[1]} columns ${sizes[2]} inner ${sizes[3]} ${list(name, operationsIn(kernel.epilogue))}${results}`;
    }
    case "cumulative":
      return `cumulative ${shapeText([...kernel.outer, kernel.size])} ${list(operationsIn(kernel.body), kernel.operation)}`;
    case "scatter":
      return `scatter ${shapeText(kernel.domain)} ${list(operationsIn(kernel.body), kernel.reduction)}`;
    case "sort":
      return `sort ${shapeText([...kernel.outer, kernel.size])} keep ${kernel.count}`;
    case "scan":
      return `scan ${kernel.length} steps of ${kernel.body.length} kernels`;
    case "if":
      return `if ${kernel.branches[0].length} kernels else ${kernel.branches[1].length}`;
  }
}
