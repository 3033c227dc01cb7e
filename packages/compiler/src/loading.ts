import { type Graph, type Node, graphNodes, isNode } from "@adjoint/ir";
import type { Lowering, LoweringModules, Lowerings } from "./lowerings.ts";
import { type PartLoaders, loadParts } from "./parts.ts";
import { isView } from "./views.ts";

const loaders: PartLoaders<LoweringModules> = {
  windows: () => import("./lower-windows.ts"),
  ordered: () => import("./lower-ordered.ts"),
};

function loweringFor(node: Node): Lowering | undefined {
  switch (node.operation.kind) {
    case "contract":
      return isNode(node, "dotGeneral") ? undefined : "windows";
    case "view":
      return isView(node) || isNode(node, "concat") ? undefined : "windows";
    case "index":
      return isNode(node, "scatter") ? "ordered" : undefined;
    case "cumulative":
    case "order":
    case "control":
      return "ordered";
    default:
      return undefined;
  }
}

/** Loads what a static graph is lowered by, all at once. @throws AdjointError where the engine can't get a part. */
export function loadLowerings(graph: Graph): Promise<Lowerings> {
  const wanted = new Set<Lowering>();
  const find = (inner: Graph): void => {
    for (const node of graphNodes(inner)) {
      const lowering = loweringFor(node);
      if (lowering !== undefined) wanted.add(lowering);
      node.graphs.forEach(find);
    }
  };
  find(graph);
  return loadParts("compile", loaders, wanted);
}
