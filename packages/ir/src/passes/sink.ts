import { numbered } from "../closure.ts";
import { hasBodies, nodesOf, rewriter, rootsOf } from "../walk.ts";
import { type Graph, type Node, type Tensor, again, isNode } from "../tensor.ts";
import { input } from "../ops/source.ts";
import { operand } from "../primitive.ts";
import { type Pass, rewriteBy } from "./driver.ts";

/** A branch of an `if`. */
interface Branch {
  readonly node: Node;
  readonly index: number;
}

/** The only branch that reads a node; `shared` if several do, or anything outside branches. */
type Owner = Branch | "shared";

const isSame = (a: Owner, b: Owner): boolean =>
  a === b || (a !== "shared" && b !== "shared" && a.node === b.node && a.index === b.index);

/** The branch that alone reads each operand of an `if`. */
function readers(node: Node): readonly (Owner | undefined)[] {
  const read = node.graphs.map((body) => {
    const parameters = Object.values(body.inputs);
    const nodes = new Set(nodesOf(Object.values(body.outputs)));
    return parameters.map((parameter) => nodes.has(parameter.node));
  });
  return node.inputs.slice(1).map((_, place) => {
    const indices = read.flatMap((places, index) => (places[place] === true ? [index] : []));
    const [index] = indices;
    if (index === undefined) return undefined;
    return indices.length === 1 ? { node, index } : "shared";
  });
}

/** The nodes that branches alone read, by their `if`. */
function regions(graph: Graph): ReadonlyMap<Node, ReadonlySet<Node>> {
  const owners = new Map<Node, Owner>();
  const claim = (node: Node, owner: Owner): void => {
    const other = owners.get(node);
    owners.set(node, other === undefined || isSame(other, owner) ? owner : "shared");
  };
  const roots = rootsOf(graph);
  for (const root of roots) claim(root.node, "shared");
  const found = new Map<Node, Set<Node>>();
  // Users come before what they read, so that all have made their claims.
  for (const node of nodesOf(roots).toReversed()) {
    const owner = owners.get(node) ?? "shared";
    if (owner !== "shared" && !isNode(node, "input") && !isNode(node, "register")) {
      const region = found.get(owner.node) ?? new Set();
      found.set(owner.node, region.add(node));
    }
    if (!isNode(node, "if") || owner !== "shared") {
      // Inputs of a node that moves into a branch may move with it, if nothing else reads them.
      for (const read of node.inputs) claim(read.node, owner);
      continue;
    }
    claim(operand(node.inputs, 0).node, "shared");
    readers(node).forEach((reader, place) => {
      if (reader !== undefined) claim(operand(node.inputs, place + 1).node, reader);
    });
  }
  return found;
}

/** The nodes that move into an `if`, on rewritten inputs: both graphs are walked side by side to find their replacements. */
function onNewInputs(region: ReadonlySet<Node>, original: Node, current: Node): ReadonlySet<Node> {
  const found = new Map<Node, Node>();
  const pairs: [Node, Node][] = [[original, current]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [before, after] = pair;
    before.inputs.forEach(({ node }, index) => {
      if (!region.has(node) || found.has(node)) return;
      const now = operand(after.inputs, index).node;
      found.set(node, now);
      pairs.push([node, now]);
    });
  }
  return new Set(found.values());
}

/** The `if` with the nodes of its region in its bodies. */
function withRegion(node: Node, region: ReadonlySet<Node>): readonly Tensor[] {
  const condition = operand(node.inputs, 0);
  const used = node.inputs.slice(1);
  const read = [...used, ...[...region].flatMap((moved) => moved.inputs)];
  const operands = [...new Set(read.filter((tensor) => !region.has(tensor.node)))];
  const bodies = node.graphs.map((body): Graph => {
    const parameters = operands.map((tensor, index) => input(`${index}`, tensor.dtype, tensor.shape));
    const places = new Map(operands.map((tensor, index) => [tensor, parameters[index]]));
    // A node of the region is made again over parameters; any other is read through one.
    const moved = rewriter((each) =>
      region.has(each) ? undefined : each.outputs.map((output) => places.get(output) ?? output),
    );
    const own = new Map(
      Object.values(body.inputs).map(({ node: parameter }, place) => [parameter, used[place]]),
    );
    const onOperands = rewriter((each) => {
      const tensor = own.get(each);
      return tensor && [moved(tensor)];
    });
    const outputs = Object.values(body.outputs).map(onOperands);
    return { inputs: numbered(parameters), outputs: numbered(outputs), updates: [] };
  });
  return again(node, [condition, ...operands], {}, bodies).outputs;
}

/**
 * Moves nodes that only one branch of an `if` reads into that branch. `cond` computes outside all that its branches read
 * from outside; after this pass a branch that is not taken costs nothing.
 */
export const sink: Pass = rewriteBy("sink", (graph) => {
  if (!hasBodies(graph)) return undefined;
  const found = regions(graph);
  return (node, _, original) => {
    const region = found.get(original);
    if (region === undefined) return undefined;
    return {
      rule: "what one branch alone reads → into the branch",
      replacement: withRegion(node, onNewInputs(region, original, node)),
    };
  };
});
