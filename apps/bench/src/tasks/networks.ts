import { CLASSES, type Network, product, weightShape } from "./task.ts";

/** inputs-hidden-10 with ReLU. */
export const mlp = (hidden = 500, inputs = 784): Network => ({
  image: [inputs],
  layers: [
    { kind: "dense", name: "hidden", inputs, units: hidden },
    { kind: "relu" },
    { kind: "dense", name: "output", inputs: hidden, units: CLASSES },
  ],
});

/** Two convolutions of 5×5 with 32 and 64 filters, each with ReLU and pooling, a hidden layer, and the output. */
export const cnn = (hidden = 512, side = 28, filters: readonly [number, number] = [32, 64]): Network => {
  const [first, second] = filters;
  const inputs = second * (side / 4) ** 2;
  return {
    image: [1, side, side],
    layers: [
      { kind: "conv", name: "conv1", channels: 1, filters: first, kernel: 5 },
      { kind: "relu" },
      { kind: "maxPool" },
      { kind: "conv", name: "conv2", channels: first, filters: second, kernel: 5 },
      { kind: "relu" },
      { kind: "maxPool" },
      { kind: "flatten" },
      { kind: "dense", name: "hidden", inputs, units: hidden },
      { kind: "relu" },
      { kind: "dense", name: "output", inputs: hidden, units: CLASSES },
    ],
  };
};

/** Products of one example's forward pass: each weight as often as it is used. */
export function multiplyAdds({ image, layers }: Network): number {
  let [, side = 1] = image;
  return layers.reduce((sum, layer) => {
    if (layer.kind === "maxPool") side /= 2;
    if (!("name" in layer)) return sum;
    return sum + product(weightShape(layer)) * (layer.kind === "conv" ? side ** 2 : 1);
  }, 0);
}
