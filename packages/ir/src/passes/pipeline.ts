import type { Graph } from "../tensor.ts";
import type { Pass, PassOptions } from "./driver.ts";
import { canonicalize } from "./canonicalize.ts";
import { cse } from "./cse.ts";
import { deadCode } from "./dead-code.ts";
import { fold } from "./fold.ts";
import { inline } from "./inline.ts";
import { simplify } from "./simplify.ts";
import { sink } from "./sink.ts";

/** The passes that run before a graph is compiled, in this order, until none finds anything to do. */
export const optimize: readonly Pass[] = [inline, canonicalize, simplify, fold, cse, deadCode, sink];

export interface PipelineOptions extends PassOptions {
  /** Looks at the graph before the first and after each pass that rewrote something: `check` verifies its invariants. */
  readonly check?: (graph: Graph, where?: string) => void;
  /** Told of each pass that rewrote something. */
  readonly trace?: (pass: string, before: Graph, after: Graph) => void;
}

/** Passes enable one another; each round of them makes the graph simpler, and a few are enough. */
const MOST_ROUNDS = 16;

/**
 * Runs passes one after the other, again and again until none of them rewrites anything.
 * @param options.limit the number of rewrites of all passes together.
 * @throws AdjointError from `check`, which names the pass after which the graph was broken.
 */
export function runPasses<I extends string, O extends string>(
  graph: Graph<I, O>,
  passes: readonly Pass[] = optimize,
  options: PipelineOptions = {},
): Graph<I, O> {
  const budget = { left: options.limit ?? Infinity };
  let current = graph;
  // Passes that left the current graph as it is.
  let idle = 0;
  options.check?.(graph);
  for (let turn = 0; idle < passes.length && turn < MOST_ROUNDS * passes.length && budget.left > 0; turn++) {
    const pass = passes[turn % passes.length];
    if (pass === undefined) break;
    const next = pass.run(current, {
      limit: budget.left,
      onRewrite: (rewrite) => {
        budget.left--;
        options.onRewrite?.(rewrite);
      },
    });
    idle = next === current ? idle + 1 : 0;
    if (next === current) continue;
    options.check?.(next, `after the pass "${pass.name}"`);
    options.trace?.(pass.name, current, next);
    current = next;
  }
  return current;
}
