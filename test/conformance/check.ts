import { type Graph, type State, evaluate } from "@adjoint/ir";
import { registersOf } from "@adjoint/ir/graph";
import { type DType, type TensorValue, initialValue } from "@adjoint/ir/values";
import type { Case } from "./case.ts";
import { cases, composed } from "./cases.ts";
import { difference } from "./compare.ts";

// The suite without its test runner, which pages don't have.

/** Runs a graph once on the implementation under test; `state` has a value for every register. */
export type Run = (
  graph: Graph,
  feeds: { readonly [input: string]: TensorValue },
  state: State,
) => Promise<{ readonly outputs: { readonly [output: string]: TensorValue }; readonly state: State }>;

export interface ConformanceOptions {
  /** Why a case is left out, which the report then says; undefined runs it. */
  readonly skip?: (item: Case, subject: string) => string | undefined;
  /** Relative errors by dtype instead of the suite's own, for devices whose functions are coarser. */
  readonly tolerances?: { readonly [D in DType]?: number };
}

/** All cases by subject: the primitives' names, then what is composed of them. */
export const subjects: readonly (readonly [string, readonly Case[]])[] = [
  ...Object.entries(cases),
  ...Object.entries(composed),
];

/** The value that each register of a case starts from. */
export function startOf(item: Case, graph: Graph): State {
  const state: { [register: string]: TensorValue } = {};
  for (const [name, attributes] of registersOf(graph))
    state[name] = item.state?.[name] ?? initialValue(attributes, 0);
  return state;
}

/** A case with its graph, the values that its registers start from, and the results of the reference evaluator. */
interface Prepared {
  readonly graph: Graph;
  readonly state: State;
  readonly expected: { readonly outputs: State; readonly state: State };
}

const prepared = new WeakMap<Case, Prepared>();

/** The case, evaluated once a process however many backends are compared with it. */
export function prepare(item: Case): Prepared {
  const known = prepared.get(item);
  if (known !== undefined) return known;
  const graph = item.graph();
  const state = startOf(item, graph);
  const made = { graph, state, expected: evaluate(graph, item.feeds, { state }) };
  prepared.set(item, made);
  return made;
}

/**
 * Compares one case with the reference evaluator.
 * @throws Error naming every output and register that differs.
 */
export async function checkCase(item: Case, run: Run, options: ConformanceOptions = {}): Promise<void> {
  const { graph, state, expected } = prepare(item);
  const actual = await run(graph, item.feeds, state);
  const comparison = { ...item, base: options.tolerances ?? {} };
  const compare = (what: string, given: State, wanted: State): string[] =>
    Object.entries(wanted).flatMap(([name, value]) => {
      const problem = difference(given[name], value, comparison);
      return problem === undefined ? [] : [`${what} "${name}" ${problem}`];
    });
  const problems = [
    ...compare("output", actual.outputs, expected.outputs),
    ...compare("register", actual.state, expected.state),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
