import { test } from "vitest";
import fc from "fast-check";
import { evaluate, print } from "@adjoint/ir";
import { graphs, difference } from "./graphs.ts";
import { check, runPasses, optimize } from "../src/passes/index.ts";

test("fuzz", () => {
  const seed = Number(process.env.SEED ?? 1);
  fc.assert(
    fc.property(graphs(), (g) => {
      const { graph, feeds } = g;
      check(graph);
      const before = evaluate(graph, feeds);
      let log: string[] = [];
      let after;
      try {
        after = runPasses(graph, optimize, { check: true, onRewrite: (r) => log.push(r.rule) });
      } catch (e) {
        throw new Error(log.slice(-5).join("; ") + String(e), { cause: e });
      }
      const d = difference(graph, before, evaluate(after, feeds), { signedZeros: true });
      if (d) throw new Error(d + "\n" + print(graph) + "\n" + log.join("\n") + "\n" + print(after));
    }),
    { numRuns: Number(process.env.RUNS ?? 200), seed, endOnFailure: false },
  );
}, 600000);
