import { type Arrays, floats } from "../arrays.ts";
import { ADAM, CLASSES, LABEL_SETS, type Network } from "../task.ts";
import { type PlainLayer, plainLayers } from "./plain-layers.ts";

const imagesOf = (arrays: Arrays): Float64Array => Float64Array.from(floats(arrays, "images"));

const forward = (layers: readonly PlainLayer[], images: Float64Array): Float64Array =>
  layers.reduce((x, layer) => layer.forward(x), images);

/** Logits of all images, [batch, CLASSES] in a row. */
export const logitsOf = (network: Network, batch: number, arrays: Arrays): readonly number[] => [
  ...forward(plainLayers(network, batch, arrays), imagesOf(arrays)),
];

/** Mean cross-entropy, and its gradient by the logits: (softmax − one-hot) / batch. */
function crossEntropy(
  logits: Float64Array,
  labels: ArrayLike<number>,
): { readonly loss: number; readonly gradient: Float64Array } {
  const batch = labels.length;
  const gradient = new Float64Array(logits.length);
  let loss = 0;
  for (let n = 0; n < batch; n++) {
    const row = logits.subarray(n * CLASSES, (n + 1) * CLASSES);
    const exps = row.map(Math.exp);
    const sum = exps.reduce((all, value) => all + value, 0);
    const label = labels[n] ?? 0;
    loss += (Math.log(sum) - (row[label] ?? 0)) / batch;
    exps.forEach((value, c) => {
      gradient[n * CLASSES + c] = (value / sum - Number(c === label)) / batch;
    });
  }
  return { loss, gradient };
}

/** An update of parameters in place from their gradient. Source: Kingma and Ba, "Adam" (2015), algorithm 1. */
function adamOf(parameter: Float64Array): (gradient: Float64Array, time: number) => void {
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const [m, v] = [new Float64Array(parameter.length), new Float64Array(parameter.length)];
  return (gradient, time) => {
    gradient.forEach((g, i) => {
      const mean = beta1 * (m[i] ?? 0) + (1 - beta1) * g;
      const square = beta2 * (v[i] ?? 0) + (1 - beta2) * g * g;
      m[i] = mean;
      v[i] = square;
      const size =
        (learningRate * (mean / (1 - beta1 ** time))) / (Math.sqrt(square / (1 - beta2 ** time)) + epsilon);
      parameter[i] = (parameter[i] ?? 0) - size;
    });
  };
}

/** The loss of each of the first steps. */
export function trainedLosses(
  network: Network,
  batch: number,
  steps: number,
  arrays: Arrays,
): readonly number[] {
  const layers = plainLayers(network, batch, arrays);
  const updates = layers.map(({ parameters }) => parameters.map(adamOf));
  const labels = arrays["labels"] ?? [];
  const images = imagesOf(arrays);
  return Array.from({ length: steps }, (_, step) => {
    const set = step % LABEL_SETS;
    const { loss, gradient } = crossEntropy(
      forward(layers, images),
      Array.prototype.slice.call(labels, set * batch, (set + 1) * batch),
    );
    // All gradients come before any update: a layer's input gradient reads its old parameters.
    let upstream = gradient;
    const gradients = layers
      .toReversed()
      .map((layer) => {
        const back = layer.backward(upstream);
        upstream = back.input;
        return back.parameters;
      })
      .toReversed();
    updates.forEach((layer, i) =>
      layer.forEach((update, j) => {
        const own = gradients[i]?.[j];
        if (own !== undefined) update(own, step + 1);
      }),
    );
    return loss;
  });
}
