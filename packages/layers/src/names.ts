import { AdjointError } from "@adjoint/ir";
import type { Layer } from "./layer.ts";
import { stateOf } from "./layer.ts";

/** Every layer of a model, itself first, each once, in order. */
export function layersOf(model: Layer): readonly Layer[] {
  const found = new Set<Layer>();
  const visit = (layer: Layer): void => {
    if (found.has(layer)) return;
    found.add(layer);
    layer.layers.forEach(visit);
  };
  visit(model);
  return [...found];
}

/**
 * Names the layers of a model that have no fixed name yet. A name depends on the model alone, never on what was built
 * before: the given name, or the kind and the first free number among its neighbours, after the names of the layers
 * around it.
 * @throws AdjointError when two layers are given one name.
 */
export function assignNames(model: Layer): void {
  const taken = new Map<string, Layer>();
  const take = (layer: Layer, path: string): void => {
    const other = taken.get(path);
    if (path !== "" && other !== undefined && other !== layer) {
      throw new AdjointError(
        "graph",
        model.kind,
        `two layers are named "${path}": a ${other.kind} and a ${layer.kind}`,
        "Names are unique in a model: give one of them another name.",
      );
    }
    taken.set(path, layer);
    stateOf(layer).path = path;
  };
  const all = layersOf(model);
  for (const layer of all) if (stateOf(layer).sealed) take(layer, stateOf(layer).path);
  const root = stateOf(model);
  if (!root.sealed) take(model, root.given ?? (root.kind.inner === undefined ? `${model.kind}_1` : ""));
  const named = new Set<Layer>([model]);
  for (const layer of all) {
    const prefix = layer.name === "" ? "" : `${layer.name}/`;
    const open = layer.layers.filter((inner) => !stateOf(inner).sealed && !named.has(inner));
    for (const inner of new Set(open)) {
      const { given } = stateOf(inner);
      if (given !== undefined) take(inner, `${prefix}${given}`);
    }
    const last = new Map<string, number>();
    for (const inner of new Set(open)) {
      named.add(inner);
      if (stateOf(inner).given !== undefined) continue;
      let number = (last.get(inner.kind) ?? 0) + 1;
      while (taken.has(`${prefix}${inner.kind}_${number}`)) number++;
      last.set(inner.kind, number);
      take(inner, `${prefix}${inner.kind}_${number}`);
    }
  }
}

/** Names a model's layers for good. */
export function sealNames(model: Layer): void {
  assignNames(model);
  for (const layer of layersOf(model)) stateOf(layer).sealed = true;
}
