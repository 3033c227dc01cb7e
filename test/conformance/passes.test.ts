import { check, evaluate, runPasses } from "@adjoint/ir";
import { runConformance } from "./suite.ts";

// What optimization makes of a graph means what the graph means; the graph is checked after every pass.
runConformance("the reference evaluator after optimization", async (graph, feeds, state) =>
  evaluate(runPasses(graph, undefined, { check }), feeds, { state }),
);
