import { type Node, type Tensor, isNode } from "../tensor.ts";
import { type Pass, rewriteBy } from "./driver.ts";
import { StructuralKeys } from "./structural-key.ts";

/**
 * Common subexpressions: nodes of one operation with equal attributes (constants by content), equal bodies and the same
 * inputs become one. Registers of one name are one; inputs stay apart.
 * Source: hash-consing, A. P. Ershov, "On programming of arithmetic operations" (1958).
 */
export const cse: Pass = rewriteBy("cse", () => {
  const keys = new StructuralKeys();
  const firsts = new Map<string, Node>();
  const numbers = new Map<Node, number>();
  const nameOf = ({ node, index }: Tensor): string => {
    let number = numbers.get(node);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(node, number);
    }
    return index === 0 ? String(number) : `${number}.${index}`;
  };
  return (node) => {
    if (isNode(node, "input")) return undefined;
    const key = keys.node(node, nameOf);
    const first = firsts.get(key);
    if (first === undefined || first === node) {
      firsts.set(key, node);
      return undefined;
    }
    return { rule: "same as an earlier node", replacement: first.outputs };
  };
});
