import { type GraphDraft, type InitializerValue, type NodeDraft, type Value, bodiesOf } from "./draft.ts";
import type { Layout } from "./layout.ts";

/** Names of everything in a model; all are unique in the whole of it, as bodies see what is around them. */
export interface Names {
  readonly values: ReadonlyMap<Value, string>;
  readonly nodes: ReadonlyMap<NodeDraft, string>;
  /** The initializers that are used, in the order of their first use. */
  readonly initializers: readonly InitializerValue[];
}

class Namer {
  readonly #taken = new Set<string>();
  /** The number to try next after a name: those below are taken. */
  readonly #counts = new Map<string, number>();

  /** The name, or with a number after it where it is taken. */
  unique(wanted: string): string {
    let name = wanted;
    let count = this.#counts.get(wanted) ?? 2;
    for (; this.#taken.has(name); count++) name = `${wanted}_${count}`;
    this.#counts.set(wanted, count);
    this.#taken.add(name);
    return name;
  }
}

/** Names nodes after their layers, `dense_1/MatMul`, and what they give after themselves. */
export function namesOf(graph: GraphDraft, layout: Layout): Names {
  const values = new Map<Value, string>();
  const nodes = new Map<NodeDraft, string>();
  const initializers: InitializerValue[] = [];
  const namer = new Namer();
  for (const input of graph.inputs) values.set(input, namer.unique(input.name));
  for (const { value, name } of graph.outputs) if (name !== undefined) values.set(value, namer.unique(name));
  const nameInitializers = (read: readonly (Value | undefined)[]): void => {
    for (const value of read) {
      if (value?.kind !== "initializer" || values.has(value)) continue;
      values.set(value, namer.unique(value.name));
      initializers.push(value);
    }
  };
  const nameGraph = (draft: GraphDraft): void => {
    for (const node of layout.get(draft) ?? []) {
      nameInitializers(node.inputs);
      const name = namer.unique(baseName(node));
      nodes.set(node, name);
      for (const body of bodiesOf(node)) {
        for (const input of body.inputs) values.set(input, namer.unique(`${name}/${input.name}`));
        nameGraph(body);
      }
      node.outputs.forEach((output, index) => {
        if (values.has(output)) return;
        values.set(output, index === 0 ? name : namer.unique(`${name}:${index}`));
      });
    }
  };
  nameGraph(graph);
  return { values, nodes, initializers };
}

/** The layer and the operator; a node that was imported under such a name keeps it. */
function baseName({ scope, operator }: NodeDraft): string {
  const last = scope.slice(scope.lastIndexOf("/") + 1);
  const isNamed =
    last === operator || (last.startsWith(`${operator}_`) && /^\d+$/.test(last.slice(operator.length + 1)));
  if (isNamed) return scope;
  return scope === "" ? operator : `${scope}/${operator}`;
}
