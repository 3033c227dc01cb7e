import { AdjointError } from "./error.ts";
import { equalInitials, initialText } from "./initial.ts";
import type { RegisterAttributes } from "./primitive-set.ts";
import { equalTypes } from "./shape.ts";
import { type Graph, type Node, type Tensor, type Update, isNode, registerOf } from "./tensor.ts";
import { graphNodes } from "./walk.ts";

/**
 * The registers a graph reads or updates, by name.
 * @throws AdjointError if two of one name differ in type or first value.
 */
export function registersOf(graph: Graph): ReadonlyMap<string, RegisterAttributes> {
  return new Map([...registerTensors([graph])].map(([name, tensor]) => [name, registerOf(tensor)]));
}

/**
 * The registers of graphs that share them, by name.
 * @throws AdjointError if two of one name differ in type or first value.
 */
export function registerTensors(
  graphs: Iterable<Graph>,
  operation = "register",
): ReadonlyMap<string, Tensor> {
  const registers = new Map<string, Tensor>();
  for (const graph of graphs) collectRegisters(registers, graphNodes(graph), graph.updates, operation);
  return registers;
}

/** Adds what nodes read and updates write to `registers`. */
export function collectRegisters(
  registers: Map<string, Tensor>,
  nodes: readonly Node[],
  updates: readonly Update[],
  operation: string,
): void {
  const read = nodes.filter((node) => isNode(node, "register")).map((node) => node.output);
  for (const tensor of [...read, ...updates.map(({ register }) => register)]) {
    const { name } = registerOf(tensor);
    const other = registers.get(name);
    const clash = other && registerClash(other, tensor);
    if (clash !== undefined)
      throw new AdjointError(
        "graph",
        operation,
        clash,
        "Give one of them (or its layer) another name, or declare it once and use that tensor in both places.",
      );
    registers.set(name, tensor);
  }
}

/** The difference between two registers of one name, for messages; undefined if they have one type and one first value. */
export function registerClash(a: Tensor, b: Tensor): string | undefined {
  const [one, other] = [registerOf(a), registerOf(b)];
  const sameType = equalTypes(one, other);
  if (sameType && equalInitials(one.initial, other.initial)) return undefined;
  const starts = sameType
    ? ` that start from ${initialText(one.initial)} and ${initialText(other.initial)}`
    : "";
  return `two registers are named "${one.name}"${starts}: ${a} and ${b}`;
}
