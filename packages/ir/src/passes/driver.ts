import { AdjointError } from "../error.ts";
import { mapRecord, sortedNodes } from "../walk.ts";
import { type Graph, Node, type Tensor, isNode } from "../tensor.ts";
import { withOrigin } from "../origin.ts";
import { equalTypes } from "../shape.ts";
import { Uses } from "./uses.ts";

/** One rewrite that a pass made. */
export interface Rewrite {
  readonly pass: string;
  readonly rule: string;
  /** The node that was replaced, on inputs that are rewritten already. */
  readonly node: Node;
  /** The tensors that stand for its outputs now. */
  readonly replacement: readonly Tensor[];
}

export interface PassOptions {
  /** Stops after so many rewrites, to find by bisection the one that does harm. */
  readonly limit?: number;
  /** Told of every rewrite, in order. */
  readonly onRewrite?: (rewrite: Rewrite) => void;
}

/** From a graph to one that computes the same. The graph itself comes back if nothing was rewritten. */
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

/** When the bodies of a node are rewritten: before the node is looked at, or after, if it is still there. */
type BodyOrder = "bodies first" | "node first";

/** A pass by a function of nodes, made anew for each graph and sub-graph; without one the graph stays as it is. */
export function rewriteBy(
  name: string,
  stepFor: (graph: Graph) => Step | undefined,
  order: BodyOrder = "bodies first",
): Pass {
  return {
    name,
    run: (graph, options = {}) => {
      const job = new Job(name, stepFor, order, options);
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

/** Stands for results that are not known yet. */
const ACTIVE: readonly Tensor[] = [];

/** A node under way. */
interface Frame {
  readonly node: Node;
  /** The rewrites that led to the node. */
  readonly chain: Chain | undefined;
  /** The next input to visit, then the next tensor of the replacement. */
  next: number;
  /** The tensors that a rule put in the node's place. */
  replaced: Replaced | undefined;
}

interface Replaced {
  /** The node on its rewritten inputs. */
  readonly current: Node;
  readonly replacement: readonly Tensor[];
  readonly chain: Chain;
}

/** One run of a pass. */
class Job {
  readonly #pass: string;
  readonly #stepFor: (graph: Graph) => Step | undefined;
  readonly #order: BodyOrder;
  readonly #options: PassOptions;
  readonly #graphs = new Map<Graph, Graph>();
  #left: number;

  constructor(
    pass: string,
    stepFor: (graph: Graph) => Step | undefined,
    order: BodyOrder,
    options: PassOptions,
  ) {
    this.#pass = pass;
    this.#stepFor = stepFor;
    this.#order = order;
    this.#options = options;
    this.#left = options.limit ?? Infinity;
  }

  graph<I extends string, O extends string>(graph: Graph<I, O>): Graph<I, O> {
    const step = this.#stepFor(graph);
    if (step === undefined) return graph;
    const settle = this.#driver(graph, step);
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
  #onNewInputs(node: Node, at: (tensor: Tensor) => Tensor, withBodies: boolean): Node {
    const inputs = mapSame(node.inputs, at);
    const graphs =
      withBodies && node.graphs.length > 0
        ? mapSame(node.graphs, (graph) => this.#subgraph(graph))
        : node.graphs;
    if (inputs === node.inputs && graphs === node.graphs) return node;
    const types = node.outputs.map((output) => output.type);
    return new Node(node.operation, node.attributes, inputs, graphs, types, node.origin);
  }

  #driver(graph: Graph, step: Step): (tensor: Tensor) => Tensor {
    /** The tensors that stand for each node's outputs; `ACTIVE` while they are being found. */
    const done = new Map<Node, readonly Tensor[]>();
    const uses = new Uses(graph);
    const order = sortedNodes(graph);
    /** Nodes of the order that were looked at. Until something changes all of them stay, and are not in `done`. */
    let seen = 0;
    let isChanged = false;
    const change = (): void => {
      if (isChanged) return;
      isChanged = true;
      for (const node of order.slice(0, seen)) done.set(node, node.outputs);
    };
    const stack: Frame[] = [];
    const at = (tensor: Tensor): Tensor => {
      const result = done.get(tensor.node)?.[tensor.index];
      if (result === undefined) throw new AdjointError("graph", this.#pass, `no result for ${tensor}`);
      return result;
    };
    /** Puts a node on the stack unless it is done. */
    const visit = (node: Node, chain: Chain | undefined): boolean => {
      const known = done.get(node);
      if (known === ACTIVE) throw this.#loop(chain, `${node.output} became an input of itself`);
      if (known !== undefined) return false;
      done.set(node, ACTIVE);
      stack.push({ node, chain, next: 0, replaced: undefined });
      return true;
    };
    const finish = (node: Node, current: Node, results: readonly Tensor[]): void => {
      done.set(node, results);
      if (current !== node) done.set(current, results);
      if (results === node.outputs) return;
      node.outputs.forEach((output, index) => {
        const result = results[index];
        if (result !== undefined && result !== output) uses.replace(output, result);
      });
    };
    /** Looks at a node whose inputs are done: it is done too, unless a rule replaces it. */
    const look = (node: Node, chain: Chain | undefined): Replaced | undefined => {
      const isBodyFirst = this.#order === "bodies first" || node.graphs.length === 0;
      let current = this.#onNewInputs(node, isChanged ? at : same, isBodyFirst);
      const fired = this.#fire(current, () => step(current, uses.isOnce, node));
      if (fired === undefined) {
        if (!isBodyFirst) current = this.#onNewInputs(node, isChanged ? at : same, true);
        if (current !== node) change();
        // A register may be asked for once more: its update names it.
        if (!isChanged && !isNode(node, "register")) return undefined;
        // The graph's own nodes are counted with the graph; those that rules made are not.
        if (chain !== undefined) for (const read of current.inputs) uses.read(read);
        finish(node, current, current.outputs);
        return undefined;
      }
      change();
      done.set(node, ACTIVE);
      done.set(current, ACTIVE);
      const replaced = { rule: fired.rule, length: (chain?.length ?? 0) + 1, before: chain };
      // Bodies that come out of bodies end by themselves.
      if (this.#order === "bodies first" && replaced.length > LONGEST_CHAIN)
        throw this.#loop(replaced, `${current.output} was rewritten ${LONGEST_CHAIN} times over`);
      return { current, replacement: fired.replacement, chain: replaced };
    };
    const advance = (frame: Frame): void => {
      const { node } = frame;
      if (frame.replaced === undefined) {
        for (let input = node.inputs[frame.next++]; input !== undefined; input = node.inputs[frame.next++])
          if (visit(input.node, frame.chain)) return;
        frame.replaced = look(node, frame.chain);
        frame.next = 0;
      }
      if (frame.replaced !== undefined) {
        const { current, replacement, chain } = frame.replaced;
        for (let next = replacement[frame.next++]; next !== undefined; next = replacement[frame.next++])
          if (visit(next.node, chain)) return;
        finish(node, current, replacement.map(at));
      }
      stack.pop();
    };
    // Inputs and what they are known by outside stay.
    for (const input of Object.values<Tensor>(graph.inputs)) done.set(input.node, input.node.outputs);
    const finishStack = (): void => {
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) advance(top);
    };
    // The graph's order puts inputs first, so the stack holds only nodes that rules made.
    for (const node of order) {
      if (!done.has(node)) {
        const replaced = look(node, undefined);
        if (replaced !== undefined) {
          stack.push({ node, chain: undefined, next: 0, replaced });
          finishStack();
        }
      }
      seen++;
    }
    return (tensor) => {
      if (!isChanged && !isNode(tensor.node, "register")) return tensor;
      visit(tensor.node, undefined);
      finishStack();
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

const same = (tensor: Tensor): Tensor => tensor;

/** The list with each element mapped; the list itself if none of them changes. */
function mapSame<T>(list: readonly T[], map: (element: T) => T): readonly T[] {
  for (const element of list) if (map(element) !== element) return list.map(map);
  return list;
}
