import { AdjointError } from "@adjoint/ir";
import { sequentialKind } from "./kinds/containers.ts";
import { type Layer, stateOf } from "./layer.ts";
import { makeLayer } from "./make-layer.ts";
import { layersOf, sealNames } from "./names.ts";

/**
 * The model up to and with a layer, by the layer's name: what the layer gives, as a model of its own. Layers are shared,
 * and so are their parameters. Inside `parallel` it follows the layer's branch.
 * @throws AdjointError when no layer has the name.
 */
export function cut(model: Layer, name: string): Layer {
  sealNames(model);
  const path = pathTo(model, name);
  if (path !== undefined) return makeLayer(sequentialKind, {}, path);
  const names = layersOf(model)
    .map((layer) => layer.name)
    .filter((each) => each !== "");
  throw new AdjointError("graph", "cut", `no layer is named "${name}"`, `Layers are ${names.join(", ")}.`);
}

/** The layers that a value goes through up to the one of this name. */
function pathTo(layer: Layer, name: string): readonly Layer[] | undefined {
  if (layer.name === name) return [layer];
  for (const [index, inner] of layer.layers.entries()) {
    const path = pathTo(inner, name);
    if (path === undefined) continue;
    return stateOf(layer).kind.inner === "chain" ? [...layer.layers.slice(0, index), ...path] : path;
  }
  return undefined;
}
