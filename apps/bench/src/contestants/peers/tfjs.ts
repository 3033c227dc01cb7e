import * as tf from "@tensorflow/tfjs";
import { type Arrays, floats, integers } from "../../tasks/arrays.ts";
import { type Prepare, type Runner, labelSets, oneHot, roundAndRound } from "../runner.ts";
import {
  ADAM,
  CHAIN,
  CLASSES,
  type Network,
  type Task,
  biasSize,
  parameterLayers,
  weightShape,
} from "../../tasks/task.ts";

/** Its kernels want channels last. */
const channelsLast = (network: Network, batch: number, images: Float32Array): tf.Tensor => {
  const [first = 1, ...rest] = network.image;
  if (rest.length === 0) return tf.tensor(images, [batch, first]);
  return tf.tidy(() => tf.transpose(tf.tensor(images, [batch, first, ...rest]), [0, 2, 3, 1]));
};

type Parameters = ReadonlyMap<string, tf.Variable>;

/** Weights in the order of axes that channels last needs: [kernel, kernel, channels, filters], and rows of y, x, c. */
function parametersOf(network: Network, arrays: Arrays): Parameters {
  const variables = new Map<string, tf.Variable>();
  let planes: readonly number[] | undefined;
  const set = (name: string, value: tf.Tensor): void => void variables.set(name, tf.variable(value));
  const conv = network.layers.findLast((layer) => layer.kind === "conv");
  for (const layer of parameterLayers(network)) {
    const weight = tf.tensor(floats(arrays, `${layer.name}.weight`), [...weightShape(layer)]);
    if (layer.kind === "conv") {
      set(`${layer.name}.weight`, tf.transpose(weight, [2, 3, 1, 0]));
      if (layer === conv) planes = [layer.filters];
    } else if (planes?.[0] !== undefined) {
      const side = Math.sqrt(layer.inputs / planes[0]);
      const byPlace = tf.transpose(tf.reshape(weight, [planes[0], side, side, layer.units]), [1, 2, 0, 3]);
      set(`${layer.name}.weight`, tf.reshape(byPlace, [layer.inputs, layer.units]));
      planes = undefined;
    } else set(`${layer.name}.weight`, weight);
    set(`${layer.name}.bias`, tf.tensor(floats(arrays, `${layer.name}.bias`), [biasSize(layer)]));
  }
  return variables;
}

/** Logits, each layer with its own operations. */
function logitsOf(network: Network, parameters: Parameters, images: tf.Tensor): tf.Tensor2D {
  const parameter = (name: string): tf.Tensor => {
    const found = parameters.get(name);
    if (found === undefined) throw new Error(`no parameter "${name}"`);
    return found;
  };
  let x = images;
  for (const [index, layer] of network.layers.entries()) {
    // A fused kernel takes its activation along.
    const activation = network.layers[index + 1]?.kind === "relu" ? "relu" : "linear";
    switch (layer.kind) {
      case "dense":
        x = tf.fused.matMul({
          a: x,
          b: parameter(`${layer.name}.weight`),
          bias: parameter(`${layer.name}.bias`),
          activation,
        });
        break;
      case "conv":
        // Images are of rank 4 here, and so are kernels.
        x = tf.fused.conv2d({
          x: x as tf.Tensor4D,
          filter: parameter(`${layer.name}.weight`) as tf.Tensor4D,
          bias: parameter(`${layer.name}.bias`),
          strides: 1,
          pad: "same",
          activation,
        });
        break;
      case "maxPool":
        x = tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"); // Of rank 4 here.
        break;
      case "relu":
        break;
      case "flatten":
        x = tf.reshape(x, [x.shape[0] ?? 1, -1]);
        break;
    }
  }
  return x as tf.Tensor2D; // The last layer is dense.
}

/** Resolves when all that was asked of a backend is done; nothing if an operation returns only then. */
type Settle = () => Promise<void>;

/** An operation on tensors that stay in the library's memory. */
function resident(make: () => tf.Tensor, settle: Settle | undefined): Omit<Runner, "version"> {
  let last: tf.Tensor | undefined;
  return {
    step: () => {
      last?.dispose();
      last = tf.tidy(make);
      return settle?.();
    },
    result: () => last?.data() ?? [],
  };
}

function runnerOf(task: Task, arrays: Arrays, settle: Settle | undefined): Omit<Runner, "version"> {
  if (task.kind === "train" || task.kind === "infer") {
    const { network, batch } = task;
    const parameters = parametersOf(network, arrays);
    if (task.kind === "infer") {
      const host = floats(arrays, "images");
      let logits: ArrayLike<number> = [];
      return {
        step: async () => {
          const output = tf.tidy(() => logitsOf(network, parameters, channelsLast(network, batch, host)));
          logits = await output.data();
          output.dispose();
        },
        result: () => logits,
      };
    }
    const images = channelsLast(network, batch, floats(arrays, "images"));
    const sets = labelSets(integers(arrays, "labels"), batch);
    const next = roundAndRound(sets.map((labels) => tf.tensor2d(oneHot(labels, CLASSES), [batch, CLASSES])));
    const { learningRate, beta1, beta2, epsilon } = ADAM;
    const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
    return {
      step: async () => {
        const loss = optimizer.minimize(
          () =>
            tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(
              next(),
              logitsOf(network, parameters, images),
            ),
          true,
        );
        const value = await loss?.data();
        loss?.dispose();
        return value?.[0] ?? Number.NaN;
      },
    };
  }
  const tensor = (name: string, shape: readonly number[]): tf.Tensor =>
    tf.tensor(floats(arrays, name), [...shape]);
  if (task.kind === "gemm") {
    const [a, b] = ["a", "b"].map((name) => tensor(name, [task.size, task.size]));
    return resident(() => tf.matMul(a ?? [], b ?? []), settle);
  }
  if (task.kind === "softmax") {
    const x = tensor("x", [task.rows, task.columns]);
    return resident(() => tf.softmax(x), settle);
  }
  const x = tensor("x", [task.elements]);
  const { a, b } = CHAIN;
  return resident(() => tf.add(tf.mul(tf.tanh(tf.add(tf.mul(x, a), b)), tf.sigmoid(x)), tf.relu(x)), settle);
}

/**
 * TensorFlow.js by its operations, gradients and optimizers, on a backend that is registered.
 * @throws Error if the backend doesn't start.
 */
export const prepareTfjs =
  (backend: "cpu" | "wasm" | "webgpu", settle?: Settle): Prepare =>
  async ({ task }, arrays) => {
    if (!(await tf.setBackend(backend))) throw new Error(`its backend ${backend} doesn't start here`);
    return { version: tf.version.tfjs, ...runnerOf(task, arrays, settle) };
  };
