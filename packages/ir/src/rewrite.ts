import { type Node, Tensor } from "./tensor.ts";
import { type Pass, rewriteBy } from "./passes/driver.ts";
import type { AttributesOf, PrimitiveName } from "./primitive-set.ts";

/** What a rule looks at. */
export interface Match<N extends PrimitiveName = PrimitiveName> {
  readonly node: Node<AttributesOf<N>>;
  readonly attributes: AttributesOf<N>;
  /** The node's first output: what most rules replace. */
  readonly output: Tensor;
  /** True where nothing but this node reads the tensor: a rule that computes it in another way then does no work twice. */
  usedOnce(tensor: Tensor): boolean;
}

/** What stands for the node's output or outputs; undefined where the rule does not apply. */
export type Replacement = Tensor | readonly Tensor[] | undefined;

/** A small local rewrite, such as "x·1 → x". */
export interface Rule<N extends PrimitiveName = PrimitiveName> {
  readonly name: string;
  /** The primitives it looks at. */
  readonly on: readonly N[];
  /**
   * Looks at a node and its inputs, which are rewritten already. New nodes inherit the node's origin. It must look at
   * nothing but these and what is below them: a node that no rule applied to is not looked at again.
   */
  apply(match: Match<N>, ...inputs: readonly Tensor[]): Replacement;
}

/** Makes a rule; the primitives it is on give the types of the attributes. */
export function rule<N extends PrimitiveName>(
  name: string,
  on: N | readonly N[],
  apply: (match: Match<N>, ...inputs: readonly Tensor[]) => Replacement,
): Rule {
  const typed: Rule<N> = { name, on: typeof on === "string" ? [on] : on, apply };
  // The driver calls it for nodes of its names only.
  return typed as Rule;
}

/** A pass of rules: bottom-up, each node once, a replacement again until no rule applies; sub-graphs too. */
export function rewrite(name: string, rules: readonly Rule[]): Pass {
  const table = new Map<string, Rule[]>();
  for (const each of rules) {
    for (const primitive of each.on) {
      const row = table.get(primitive);
      if (row === undefined) table.set(primitive, [each]);
      else row.push(each);
    }
  }
  // Rules look at a node and what is below it, which never changes: where none applied once, none ever will.
  const settled = new WeakSet<Node>();
  return rewriteBy(name, () => (node, isOnce) => {
    const row = node.operation.kind === "composite" ? undefined : table.get(node.operation.name);
    if (row === undefined || settled.has(node)) return undefined;
    // How often a tensor is read is not below the node.
    let isSettled = true;
    const usedOnce = (tensor: Tensor): boolean => {
      isSettled = false;
      return isOnce(tensor);
    };
    // The node's name is a primitive's, and its attributes are that primitive's.
    const typed = node as Node<AttributesOf<PrimitiveName>>;
    const match: Match = { node: typed, attributes: typed.attributes, output: node.output, usedOnce };
    for (const each of row) {
      const result = each.apply(match, ...node.inputs);
      if (result === undefined) continue;
      return { rule: each.name, replacement: result instanceof Tensor ? [result] : result };
    }
    if (isSettled) settled.add(node);
    return undefined;
  });
}
