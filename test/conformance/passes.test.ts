import { check, evaluate, runPasses } from "@adjoint/ir";
import { runConformance } from "./suite.ts";

// An optimized graph gives what the graph gives; it is checked after every pass.
runConformance("the reference evaluator after optimization", async (graph, feeds, state) =>
  evaluate(runPasses(graph, undefined, { check }), feeds, { state }),
);
