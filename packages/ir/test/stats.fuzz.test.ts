import { test } from "vitest";
import fc from "fast-check";
import { graphNodes, primitives, print } from "@adjoint/ir";
import { graphs } from "./graphs.ts";
import { canonicalizeRules, foldRuleSet, simplifyRules, runPasses, optimize } from "../src/passes/index.ts";

test("stats", () => {
  const ops = new Map<string, number>(),
    fired = new Map<string, number>();
  const list = fc.sample(graphs(), { numRuns: 3000, seed: 7 });
  let nodes = 0;
  for (const { graph } of list) {
    const visit = (g: any) => {
      for (const n of graphNodes(g)) {
        nodes++;
        ops.set(n.operation.name, (ops.get(n.operation.name) ?? 0) + 1);
        n.graphs.forEach(visit);
      }
    };
    visit(graph);
    runPasses(graph, optimize, {
      onRewrite: (r) => fired.set(r.pass + ": " + r.rule, (fired.get(r.pass + ": " + r.rule) ?? 0) + 1),
    });
  }
  console.log("updates", list.filter((g) => g.graph.updates.length).length);
  console.log("nodes per graph", nodes / list.length);
  console.log(
    "missing ops",
    Object.keys(primitives).filter((n) => !ops.has(n)),
    [...ops]
      .sort((a, b) => a[1] - b[1])
      .slice(0, 20)
      .join(" "),
  );
  const all = [
    ...canonicalizeRules.map((r) => "canonicalize: " + r.name),
    ...simplifyRules.map((r) => "simplify: " + r.name),
    ...foldRuleSet.map((r) => "fold: " + r.name),
  ];
  console.log(
    "never fired",
    all.filter((r) => !fired.has(r)),
  );
  console.log(
    [...fired]
      .sort((a, b) => b[1] - a[1])
      .map((x) => x.join(" "))
      .join("\n"),
  );
  console.log(String(list[5]), String(list[17]));
});
