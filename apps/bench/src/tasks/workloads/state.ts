import type { State } from "@adjoint/ir";
import { type Network, biasSize, parameterLayers, weightShape } from "../task.ts";

/** The first values of a network's registers, by name; without layers, since an app that opens an artifact has none. */
export const stateOf = (network: Network, arrays: (name: string) => Float32Array): State =>
  Object.fromEntries(
    parameterLayers(network).flatMap((layer) =>
      Object.entries({ weight: weightShape(layer), bias: [biasSize(layer)] }).map(([part, shape]) => {
        const name = `${layer.name}.${part}`;
        return [name, { dtype: "f32", shape, data: arrays(name) }];
      }),
    ),
  );
