import { type Node, type Primitive, Tensor } from "../tensor.ts";
import { type Pass, rewriteBy } from "./driver.ts";
import type { AttributesOf, Kind, NameOf, PrimitiveName } from "../primitive-set.ts";

/** The node that a rule looks at. */
export interface Match<N extends PrimitiveName = PrimitiveName> {
  readonly node: Node<AttributesOf<N>>;
  readonly attributes: AttributesOf<N>;
  /** The node's first output: what most rules replace. */
  readonly output: Tensor;
  /** True if only this node reads the tensor, so that a rule may compute it in another way without doing work twice. */
  usedOnce(tensor: Tensor): boolean;
}

/** The tensors that replace the node's outputs; undefined if the rule does not apply. */
export type Replacement = Tensor | readonly Tensor[] | undefined;

/** A small local rewrite, such as "x·1 → x". */
export interface Rule<N extends PrimitiveName = PrimitiveName> {
  readonly name: string;
  /** The primitives it looks at, by name or kind. */
  readonly on: readonly (N | Kind)[];
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
  // The driver calls it only for nodes of its names.
  return typed as Rule;
}

type NameOfKind<K extends Kind> = Extract<NameOf<K>, PrimitiveName>;

/** Makes a rule for all primitives of some kinds. */
export function ruleForKinds<K extends Kind>(
  name: string,
  on: readonly K[],
  apply: (match: Match<NameOfKind<K>>, ...inputs: readonly Tensor[]) => Replacement,
): Rule {
  const typed: Rule<NameOfKind<K>> = { name, on, apply };
  // The driver calls it only for nodes of its kinds.
  return typed as Rule;
}

/** A pass of rules: bottom-up, each node once, a replacement again until no rule applies; sub-graphs too. */
export function rewrite(name: string, rules: readonly Rule[]): Pass {
  const rows = new Map<PrimitiveName, readonly Rule[]>();
  const rowOf = ({ name: primitive, kind }: Primitive): readonly Rule[] => {
    const row = rows.get(primitive) ?? rules.filter(({ on }) => on.includes(primitive) || on.includes(kind));
    rows.set(primitive, row);
    return row;
  };
  // Rules look at a node and what is below it, which never changes: if none applied once, none ever will.
  const settled = new WeakSet<Node>();
  return rewriteBy(name, () => (node, isOnce) => {
    const { operation } = node;
    if (operation.kind === "composite" || settled.has(node)) return undefined;
    const row = rowOf(operation);
    if (row.length === 0) return undefined;
    // How often a tensor is read is not below the node.
    let isSettled = true;
    const usedOnce = (tensor: Tensor): boolean => {
      isSettled = false;
      return isOnce(tensor);
    };
    // The operation is a primitive, and the node's attributes are that primitive's.
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
