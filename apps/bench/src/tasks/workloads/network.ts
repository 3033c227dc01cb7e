import { type Tensor, dim, input, program } from "@adjoint/ir";
import { type Layer, conv2d, crossEntropy, dense, flatten, maxPool, relu, sequential } from "@adjoint/layers";
import { adam } from "@adjoint/optimizers";
import type { Arrays } from "../arrays.ts";
import { type Random, uniform } from "../random.ts";
import {
  ADAM,
  CLASSES,
  type InferTask,
  LABEL_SETS,
  type LayerDescription,
  type Network,
  type TrainTask,
  biasSize,
  parameterLayers,
  product,
  weightShape,
} from "../task.ts";
import type { Kind } from "./kind.ts";
import { logitsOf, trainedLosses } from "./plain-network.ts";
import { stateOf } from "./state.ts";

/** Our layer of each description. */
const layers: {
  readonly [kind in LayerDescription["kind"]]: (
    layer: Extract<LayerDescription, { readonly kind: kind }>,
  ) => Layer;
} = {
  dense: ({ name, units }) => dense({ name, units }),
  conv: ({ name, filters, kernel }) => conv2d({ name, filters, kernel, padding: "same" }),
  maxPool: () => maxPool({ kernel: 2 }),
  relu: () => relu(),
  flatten: () => flatten(),
};

function layerOf<K extends LayerDescription["kind"]>(
  layer: Extract<LayerDescription, { readonly kind: K }>,
): Layer {
  // The kind of a description picks the function that takes it.
  const make = layers[layer.kind] as (layer: LayerDescription) => Layer;
  return make(layer);
}

/** [batch, ...image] → [batch, CLASSES]. */
const logits = (network: Network, images: Tensor): Tensor => sequential(network.layers.map(layerOf))(images);

/** He's spread for the layers before a ReLU, near enough for the last. */
function parameters(network: Network, random: Random): Arrays {
  return Object.fromEntries(
    parameterLayers(network).flatMap((layer) => {
      const shape = weightShape(layer);
      const inputs = layer.kind === "dense" ? layer.inputs : layer.channels * layer.kernel ** 2;
      const bound = Math.sqrt(6 / inputs);
      return [
        [`${layer.name}.weight`, uniform(random, product(shape), -bound, bound)],
        [`${layer.name}.bias`, uniform(random, biasSize(layer), -0.1, 0.1)],
      ];
    }),
  );
}

export const training: Kind<TrainTask> = {
  data: ({ network, batch }, random) => ({
    ...parameters(network, random),
    images: uniform(random, batch * product(network.image), 0, 1),
    labels: Int32Array.from({ length: LABEL_SETS * batch }, () => Math.floor(random() * CLASSES)),
  }),
  graph: ({ network }, arrays) => {
    const batch = dim("batch");
    const images = input("images", "f32", [batch, ...network.image]);
    const labels = input("labels", "i32", [batch]);
    const loss = crossEntropy(logits(network, images), labels);
    const train = program({ inputs: { images, labels }, outputs: { loss }, updates: adam(ADAM)(loss) });
    return { graph: train, state: stateOf(network, arrays) };
  },
  reference: ({ network, batch, checkedSteps }, arrays) =>
    trainedLosses(network, batch, checkedSteps, arrays),
  // Adam divides by the root of a square: where a gradient is all rounding, its sign decides the step.
  tolerance: 1e-3,
};

export const inference: Kind<InferTask> = {
  data: ({ network, batch }, random) => ({
    ...parameters(network, random),
    images: uniform(random, batch * product(network.image), 0, 1),
  }),
  graph: ({ network }, arrays) => {
    const images = input("images", "f32", [dim("batch"), ...network.image]);
    const predict = program({ inputs: { images }, outputs: { logits: logits(network, images) } });
    return { graph: predict, state: stateOf(network, arrays) };
  },
  reference: ({ network, batch }, arrays) => logitsOf(network, batch, arrays),
  tolerance: 1e-4,
};
