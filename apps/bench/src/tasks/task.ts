/** A layer of a network. Its parameters are arrays of the data: `<name>.weight` and `<name>.bias`. */
export type LayerDescription =
  /** x·weight + bias, weight [inputs, units]. */
  | { readonly kind: "dense"; readonly name: string; readonly inputs: number; readonly units: number }
  /** Cross-correlation with stride 1 and zeros around that keep the size; weight [filters, channels, kernel, kernel]. */
  | {
      readonly kind: "conv";
      readonly name: string;
      readonly channels: number;
      readonly filters: number;
      readonly kernel: number;
    }
  /** The largest of each 2×2 block. */
  | { readonly kind: "maxPool" }
  | { readonly kind: "relu" }
  | { readonly kind: "flatten" };

/** Layers over images, channels first: [batch, ...image] → [batch, CLASSES]. */
export interface Network {
  /** [features], or [channels, height, width]. */
  readonly image: readonly number[];
  readonly layers: readonly LayerDescription[];
}

/** Forward, gradients, and an Adam update of all parameters; every step reads its loss. */
export interface TrainTask {
  readonly kind: "train";
  readonly network: Network;
  readonly batch: number;
  /** The number of steps that are compared with the reference before timing. */
  readonly checkedSteps: number;
}

/** Images from host memory to logits in host memory. */
export interface InferTask {
  readonly kind: "infer";
  readonly network: Network;
  readonly batch: number;
}

/** c = a·b of square matrices that are in the contestant's own memory where it has one. */
export interface GemmTask {
  readonly kind: "gemm";
  readonly size: number;
}

/** y = tanh(a·x + b)·sigmoid(x) + relu(x), x in the contestant's own memory where it has one. */
export interface ElementwiseTask {
  readonly kind: "elementwise";
  readonly elements: number;
}

/** Softmax of each row, x in the contestant's own memory where it has one. */
export interface SoftmaxTask {
  readonly kind: "softmax";
  readonly rows: number;
  readonly columns: number;
}

/** The computation, as data: all that a contestant needs to know. */
export type Task = TrainTask | InferTask | GemmTask | ElementwiseTask | SoftmaxTask;

export const CLASSES = 10;

/** a and b of the elementwise chain. */
export const CHAIN = { a: 0.7, b: 0.3 } as const;

export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Training goes round sets of labels over one batch of images, so it can't learn them and its gradients never vanish. */
export const LABEL_SETS = 8;

/** The request to a library. */
export interface Job {
  readonly threads: number;
  readonly task: Task;
  /** One step and the end, for the time of a whole process. */
  readonly once: boolean;
}

/** Layers that have parameters. */
export type ParameterLayer = Extract<LayerDescription, { readonly name: string }>;

export const parameterLayers = ({ layers }: Network): readonly ParameterLayer[] =>
  layers.filter((layer): layer is ParameterLayer => "name" in layer);

/** Shape of a layer's weight. */
export const weightShape = (layer: ParameterLayer): readonly number[] =>
  layer.kind === "dense"
    ? [layer.inputs, layer.units]
    : [layer.filters, layer.channels, layer.kernel, layer.kernel];

/** Length of a layer's bias. */
export const biasSize = (layer: ParameterLayer): number =>
  layer.kind === "dense" ? layer.units : layer.filters;

export const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
