import { evaluate } from "@adjoint/ir";
import { check, runPasses } from "@adjoint/ir/graph";
import { runConformance } from "./suite.ts";

// An optimized graph gives what the graph gives; it is checked after every pass.
runConformance("the reference evaluator after optimization", async (graph, feeds, state) =>
  evaluate(runPasses(graph, undefined, { check }), feeds, { state }),
);
