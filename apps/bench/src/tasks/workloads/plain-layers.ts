import type { Arrays } from "../arrays.ts";
import { type LayerDescription, type Network, type ParameterLayer, product } from "../task.ts";
import { floats } from "../arrays.ts";

/** A layer in plain loops over doubles. `backward` is of the last `forward`. */
export interface PlainLayer {
  readonly parameters: readonly Float64Array[];
  forward(x: Float64Array): Float64Array;
  backward(gradient: Float64Array): {
    readonly input: Float64Array;
    readonly parameters: readonly Float64Array[];
  };
}

/** Sizes of what a layer reads. */
interface Sizes {
  readonly batch: number;
  /** [features] or [channels, height, width]. */
  readonly shape: readonly number[];
}

/** The element; every place that the loops reach is inside. */
const at = (data: Float64Array, place: number): number => data[place] ?? Number.NaN;

const increase = (data: Float64Array, place: number, by: number): void => {
  data[place] = at(data, place) + by;
};

const parametersOf = (arrays: Arrays, { name }: ParameterLayer): readonly [Float64Array, Float64Array] => [
  Float64Array.from(floats(arrays, `${name}.weight`)),
  Float64Array.from(floats(arrays, `${name}.bias`)),
];

function dense(
  layer: Extract<LayerDescription, { readonly kind: "dense" }>,
  { batch }: Sizes,
  arrays: Arrays,
): PlainLayer {
  const { inputs, units } = layer;
  const [weight, bias] = parametersOf(arrays, layer);
  let x = new Float64Array();
  return {
    parameters: [weight, bias],
    forward(given) {
      x = Float64Array.from(given);
      const y = Float64Array.from({ length: batch * units }, (_, i) => at(bias, i % units));
      for (let n = 0; n < batch; n++)
        for (let i = 0; i < inputs; i++)
          for (let u = 0; u < units; u++)
            increase(y, n * units + u, at(x, n * inputs + i) * at(weight, i * units + u));
      return y;
    },
    backward(gradient) {
      const input = new Float64Array(x.length);
      const [byWeight, byBias] = [new Float64Array(weight.length), new Float64Array(units)];
      for (let n = 0; n < batch; n++) {
        for (let u = 0; u < units; u++) increase(byBias, u, at(gradient, n * units + u));
        for (let i = 0; i < inputs; i++) {
          for (let u = 0; u < units; u++) {
            const g = at(gradient, n * units + u);
            increase(input, n * inputs + i, g * at(weight, i * units + u));
            increase(byWeight, i * units + u, g * at(x, n * inputs + i));
          }
        }
      }
      return { input, parameters: [byWeight, byBias] };
    },
  };
}

function conv(
  layer: Extract<LayerDescription, { readonly kind: "conv" }>,
  { batch, shape: [, height = 1, width = 1] }: Sizes,
  arrays: Arrays,
): PlainLayer {
  const { channels, filters, kernel } = layer;
  const [weight, bias] = parametersOf(arrays, layer);
  const margin = (kernel - 1) / 2;
  const area = height * width;
  let x = new Float64Array();
  /** Calls for each element of a kernel: its weight, and the rows that it joins, with their length. */
  const visit = (join: (w: number, from: number, to: number, length: number) => void): void => {
    for (let n = 0; n < batch; n++)
      for (let f = 0; f < filters; f++)
        for (let c = 0; c < channels; c++)
          for (let ky = 0; ky < kernel; ky++)
            for (let kx = 0; kx < kernel; kx++) {
              const w = ((f * channels + c) * kernel + ky) * kernel + kx;
              const [dy, dx] = [ky - margin, kx - margin];
              const [first, last] = [Math.max(0, -dx), width - Math.max(0, dx)];
              for (let y = Math.max(0, -dy); y < height - Math.max(0, dy); y++) {
                const from = (n * channels + c) * area + (y + dy) * width + first + dx;
                join(w, from, (n * filters + f) * area + y * width + first, last - first);
              }
            }
  };
  const filterAt = (place: number): number => Math.floor(place / area) % filters;
  return {
    parameters: [weight, bias],
    forward(given) {
      x = Float64Array.from(given);
      const y = Float64Array.from({ length: batch * filters * area }, (_, i) => at(bias, filterAt(i)));
      visit((w, from, to, length) => {
        const factor = at(weight, w);
        for (let i = 0; i < length; i++) increase(y, to + i, factor * at(x, from + i));
      });
      return y;
    },
    backward(gradient) {
      const input = new Float64Array(x.length);
      const [byWeight, byBias] = [new Float64Array(weight.length), new Float64Array(filters)];
      gradient.forEach((g, place) => increase(byBias, filterAt(place), g));
      visit((w, from, to, length) => {
        const factor = at(weight, w);
        let sum = 0;
        for (let i = 0; i < length; i++) {
          const g = at(gradient, to + i);
          increase(input, from + i, factor * g);
          sum += g * at(x, from + i);
        }
        increase(byWeight, w, sum);
      });
      return { input, parameters: [byWeight, byBias] };
    },
  };
}

function maxPool({ batch, shape: [channels = 1, height = 1, width = 1] }: Sizes): PlainLayer {
  let chosen = new Int32Array();
  let length = 0;
  return {
    parameters: [],
    forward(x) {
      const [rows, columns] = [height / 2, width / 2];
      length = x.length;
      chosen = Int32Array.from({ length: batch * channels * rows * columns }, (_, place) => {
        const [plane, rest] = [Math.floor(place / (rows * columns)), place % (rows * columns)];
        const corner = (plane * height + 2 * Math.floor(rest / columns)) * width + 2 * (rest % columns);
        return [corner, corner + 1, corner + width, corner + width + 1].reduce((best, other) =>
          at(x, other) > at(x, best) ? other : best,
        );
      });
      return Float64Array.from(chosen, (place) => at(x, place));
    },
    backward(gradient) {
      const input = new Float64Array(length);
      chosen.forEach((place, i) => increase(input, place, at(gradient, i)));
      return { input, parameters: [] };
    },
  };
}

function relu(): PlainLayer {
  let x = new Float64Array();
  return {
    parameters: [],
    forward(given) {
      x = Float64Array.from(given);
      return x.map((value) => Math.max(value, 0));
    },
    backward: (gradient) => ({
      input: Float64Array.from(gradient, (g, i) => (at(x, i) > 0 ? g : 0)),
      parameters: [],
    }),
  };
}

const flatten = (): PlainLayer => ({
  parameters: [],
  forward: (x) => x,
  backward: (gradient) => ({ input: gradient, parameters: [] }),
});

/** A layer, and the shape of what it gives for one example. */
function plainLayer(
  layer: LayerDescription,
  sizes: Sizes,
  arrays: Arrays,
): { readonly made: PlainLayer; readonly shape: readonly number[] } {
  const { shape } = sizes;
  const [channels = 1, height = 1, width = 1] = shape;
  switch (layer.kind) {
    case "dense":
      return { made: dense(layer, sizes, arrays), shape: [layer.units] };
    case "conv":
      return { made: conv(layer, sizes, arrays), shape: [layer.filters, height, width] };
    case "maxPool":
      return { made: maxPool(sizes), shape: [channels, height / 2, width / 2] };
    case "relu":
      return { made: relu(), shape };
    case "flatten":
      return { made: flatten(), shape: [product(shape)] };
  }
}

/** The layers of a network with parameters of their own. */
export function plainLayers(network: Network, batch: number, arrays: Arrays): readonly PlainLayer[] {
  let shape = network.image;
  return network.layers.map((layer) => {
    const { made, shape: next } = plainLayer(layer, { batch, shape }, arrays);
    shape = next;
    return made;
  });
}
