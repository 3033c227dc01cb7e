import { AdjointError } from "../error.ts";
import { mapRecord, nodesOf, rootsOf } from "../graph.ts";
import { type Graph, Node, type Tensor } from "../tensor.ts";
import { withOrigin } from "../origin.ts";
import { equalTypes } from "../shape.ts";

/** One rewrite that a pass made. */
export interface Rewrite {
  readonly pass: string;
  readonly rule: string;
  /** What was replaced, on inputs that are rewritten already. */
  readonly node: Node;
  /** What stands for its outputs now. */
  readonly replacement: readonly Tensor[];
}

export interface PassOptions {
  /** Stops after so many rewrites, to find by bisection the one that does harm. */
  readonly limit?: number;
  /** Told of every rewrite, in order. */
  readonly onRewrite?: (rewrite: Rewrite) => void;
}

/** From a graph to one that computes the same. The graph itself comes back where nothing was rewritten. */
export interface Pass {
  readonly name: string;
  run<I extends string, O extends string>(graph: Graph<I, O>, options?: PassOptions): Graph<I, O>;
}

/** Looks at one node on rewritten inputs; `original` is the node as it was in the graph. */
export type Step = (
  node: Node,
  usedOnce: (tensor: Tensor) => boolean,
  original: Node,
) => { readonly rule: string; readonly replacement: readonly Tensor[] } | undefined;

/** A pass by a function of nodes, made anew for each graph and sub-graph. */
export function rewriteBy(name: string, stepFor: (graph: Graph) => Step): Pass {
  return {
    name,
    run: (graph, options = {}) => {
      const job = new Job(name, stepFor, options);
      return job.graph(graph);
    },
  };
}

/** Rewrites that made one another, the last first. */
interface Chain {
  readonly rule: string;
  readonly length: number;
  readonly before: Chain | undefined;
}

/** Far more rewrites than one node needs. */
const LONGEST_CHAIN = 100;

interface Frame {
  readonly node: Node;
  /** How the node came about. */
  readonly chain: Chain | undefined;
  /** The next input to visit, then the next tensor of the replacement. */
  next: number;
  /** The node on its rewritten inputs. */
  current: Node | undefined;
  replacement: readonly Tensor[] | undefined;
  replaced: Chain | undefined;
}

/** One run of a pass. */
class Job {
  readonly #pass: string;
  readonly #stepFor: (graph: Graph) => Step;
  readonly #options: PassOptions;
  readonly #graphs = new Map<Graph, Graph>();
  #left: number;

  constructor(pass: string, stepFor: (graph: Graph) => Step, options: PassOptions) {
    this.#pass = pass;
    this.#stepFor = stepFor;
    this.#options = options;
    this.#left = options.limit ?? Infinity;
  }

  graph<I extends string, O extends string>(graph: Graph<I, O>): Graph<I, O> {
    const settle = this.#driver(graph);
    let isSame = true;
    const settled = (tensor: Tensor): Tensor => {
      const result = settle(tensor);
      isSame &&= result === tensor;
      return result;
    };
    const outputs = mapRecord(graph.outputs, settled);
    const updates = graph.updates.map(({ register, next }) => ({
      register: settled(register),
      next: settled(next),
    }));
    return isSame ? graph : { inputs: graph.inputs, outputs, updates };
  }

  #subgraph(graph: Graph): Graph {
    const done = this.#graphs.get(graph);
    if (done !== undefined) return done;
    const result = this.graph(graph);
    this.#graphs.set(graph, result);
    this.#graphs.set(result, result);
    return result;
  }

  /** The node on rewritten inputs. Replacements keep types, so the node's own types hold. */
  #onNewInputs(node: Node, at: (tensor: Tensor) => Tensor): Node {
    const inputs = node.inputs.map(at);
    const graphs = node.graphs.length === 0 ? node.graphs : node.graphs.map((graph) => this.#subgraph(graph));
    const same =
      inputs.every((input, index) => input === node.inputs[index]) &&
      graphs.every((graph, index) => graph === node.graphs[index]);
    if (same) return node;
    const types = node.outputs.map((output) => output.type);
    return new Node(node.operation, node.attributes, inputs, graphs, types, node.origin);
  }

  #driver(graph: Graph): (tensor: Tensor) => Tensor {
    const step = this.#stepFor(graph);
    const done = new Map<Node, readonly Tensor[]>();
    const uses = usesOf(graph);
    const active = new Set<Node>();
    const stack: Frame[] = [];
    const at = (tensor: Tensor): Tensor => {
      const result = done.get(tensor.node)?.[tensor.index];
      if (result === undefined) throw new AdjointError("graph", this.#pass, `no result for ${tensor}`);
      return result;
    };
    const usedOnce = (tensor: Tensor): boolean => (uses.get(tensor) ?? 0) <= 1;
    const visit = (node: Node, chain: Chain | undefined): void => {
      if (done.has(node)) return;
      if (active.has(node)) throw this.#loop(chain, `${node.output} became an input of itself`);
      active.add(node);
      stack.push({
        node,
        chain,
        next: 0,
        current: undefined,
        replacement: undefined,
        replaced: undefined,
      });
    };
    const finish = ({ node, current }: Frame, results: readonly Tensor[]): void => {
      stack.pop();
      active.delete(node);
      if (current !== undefined) {
        active.delete(current);
        done.set(current, results);
      }
      done.set(node, results);
      node.outputs.forEach((output, index) => {
        const result = results[index];
        if (result !== undefined && result !== output) count(uses, result, uses.get(output) ?? 0);
      });
    };
    const advance = (frame: Frame): void => {
      const { node, replacement } = frame;
      if (replacement !== undefined) {
        const next = replacement[frame.next++];
        if (next === undefined) finish(frame, replacement.map(at));
        else visit(next.node, frame.replaced);
        return;
      }
      const input = node.inputs[frame.next++];
      if (input !== undefined) {
        visit(input.node, frame.chain);
        return;
      }
      const current = this.#onNewInputs(node, at);
      const fired = this.#fire(current, () => step(current, usedOnce, node));
      if (fired === undefined) {
        if (current !== node) done.set(current, current.outputs);
        // The graph's own nodes were counted at the start; those that rules made were not.
        if (frame.chain !== undefined) for (const read of current.inputs) count(uses, read, 1);
        finish(frame, current.outputs);
        return;
      }
      frame.current = current;
      active.add(current);
      frame.replacement = fired.replacement;
      frame.replaced = {
        rule: fired.rule,
        length: (frame.chain?.length ?? 0) + 1,
        before: frame.chain,
      };
      frame.next = 0;
      if (frame.replaced.length > LONGEST_CHAIN) {
        throw this.#loop(frame.replaced, `${current.output} was rewritten ${LONGEST_CHAIN} times over`);
      }
    };
    // Inputs and what they are known by outside stay.
    for (const input of Object.values<Tensor>(graph.inputs)) done.set(input.node, input.node.outputs);
    return (tensor) => {
      visit(tensor.node, undefined);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) advance(top);
      return at(tensor);
    };
  }

  #fire(node: Node, step: () => ReturnType<Step>): ReturnType<Step> {
    if (this.#left <= 0) return undefined;
    const fired = withOrigin(node.origin, step);
    if (fired === undefined) return undefined;
    const { rule: name, replacement } = fired;
    const wrong = node.outputs.findIndex((output, index) => {
      const result = replacement[index];
      return result === undefined || !equalTypes(output.type, result.type);
    });
    if (wrong >= 0 || replacement.length !== node.outputs.length) {
      throw new AdjointError(
        "graph",
        this.#pass,
        `the rule "${name}" changes ${node.outputs.map(String).join(", ")} to ${replacement.map(String).join(", ") || "nothing"}`,
        "A rule keeps the number of outputs and their types.",
      );
    }
    this.#left--;
    this.#options.onRewrite?.({ pass: this.#pass, rule: name, node, replacement });
    return fired;
  }

  #loop(chain: Chain | undefined, what: string): AdjointError {
    if (chain === undefined) return new AdjointError("graph", this.#pass, `${what}: the graph has a cycle`);
    const names: string[] = [];
    // The later half holds the circle, and not the rules that only led into it.
    for (
      let link: Chain | undefined = chain;
      link !== undefined && link.length > chain.length - LONGEST_CHAIN / 2;
      link = link.before
    )
      if (!names.includes(link.rule)) names.unshift(link.rule);
    return new AdjointError(
      "graph",
      this.#pass,
      `${what}: rules go around: ${names.map((name) => `"${name}"`).join(", ")}`,
      "One of them must make its result simpler.",
    );
  }
}

function count(uses: Map<Tensor, number>, tensor: Tensor, times: number): void {
  uses.set(tensor, (uses.get(tensor) ?? 0) + times);
}

/** How often each tensor is read in a graph. */
function usesOf(graph: Graph): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const roots = rootsOf(graph);
  for (const root of roots) count(uses, root, 1);
  for (const node of nodesOf(roots)) for (const input of node.inputs) count(uses, input, 1);
  return uses;
}
