import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { type Arrays, floats, integers } from "../../tasks/arrays.ts";
import { type Runner, type Prepare, labelSets, oneHot, roundAndRound } from "../runner.ts";
import {
  ADAM,
  CHAIN,
  CLASSES,
  type InferTask,
  type Network,
  type Task,
  type TrainTask,
  biasSize,
  parameterLayers,
  weightShape,
} from "../../tasks/task.ts";

type Parameters = { readonly weight: np.Array; readonly bias: np.Array }[];

/** Brings an array to the host, and uses it up. */
type Read = (array: np.Array) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** The fastest settings on each device. */
const reads: { readonly [device in "wasm" | "webgpu"]: Read } = {
  wasm: (array) => array.dataSync(),
  webgpu: (array) => array.data(),
};

const VERSION = "0.1.25";

function parametersOf(network: Network, arrays: Arrays): Parameters {
  return parameterLayers(network).map((layer) => ({
    weight: np.array(floats(arrays, `${layer.name}.weight`)).reshape([...weightShape(layer)]),
    bias: np.array(floats(arrays, `${layer.name}.bias`)).reshape([biasSize(layer)]),
  }));
}

/** Logits; every argument is used up, as is this library's rule. */
function logitsOf(network: Network, parameters: Parameters, images: np.Array): np.Array {
  let [x, index] = [images, 0];
  const next = (): Parameters[number] => {
    const found = parameters[index++];
    if (found === undefined) throw new Error("too few parameters");
    return found;
  };
  for (const layer of network.layers) {
    switch (layer.kind) {
      case "dense": {
        const { weight, bias } = next();
        x = np.matmul(x, weight).add(bias);
        break;
      }
      case "conv": {
        const { weight, bias } = next();
        x = lax.conv(x, weight, [1, 1], "SAME").add(bias.reshape([layer.filters, 1, 1]));
        break;
      }
      case "maxPool":
        x = lax.reduceWindow(x, (block) => np.max(block), [2, 2], [2, 2]);
        break;
      case "relu":
        x = nn.relu(x);
        break;
      case "flatten":
        x = x.reshape([x.shape[0] ?? 1, -1]);
        break;
    }
  }
  return x;
}

/** A step with Adam, compiled as one. Its two scalars carry the corrections of the moments' bias. */
function trainer({ network, batch }: TrainTask, arrays: Arrays, read: Read): Omit<Runner, "version"> {
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const lossOf = (parameters: Parameters, images: np.Array, labels: np.Array): np.Array =>
    np.mean(np.sum(nn.logSoftmax(logitsOf(network, parameters, images)).mul(labels), 1)).neg();
  const update = jit(
    (
      parameters: Parameters,
      m: Parameters,
      v: Parameters,
      images: np.Array,
      labels: np.Array,
      size: np.Array,
      small: np.Array,
    ) => {
      const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(parameters), images, labels);
      const means = tree.map(
        (old: np.Array, g: np.Array) => old.mul(beta1).add(g.mul(1 - beta1)),
        m,
        tree.ref(gradients),
      );
      const squares = tree.map(
        (old: np.Array, g: np.Array) => old.mul(beta2).add(np.square(g).mul(1 - beta2)),
        v,
        gradients,
      );
      const next = tree.map(
        (p: np.Array, mean: np.Array, square: np.Array) =>
          p.sub(mean.mul(size.ref).div(np.sqrt(square).add(small.ref))),
        parameters,
        tree.ref(means),
        tree.ref(squares),
      );
      size.dispose();
      small.dispose();
      return [next, means, squares, loss] as [Parameters, Parameters, Parameters, np.Array]; // The trees keep their form.
    },
  );
  let parameters = parametersOf(network, arrays);
  // These trees have the parameters' form.
  let m = tree.map((p: np.Array) => np.zeros(p.shape), parameters) as Parameters;
  let v = tree.map((p: np.Array) => np.zeros(p.shape), parameters) as Parameters;
  const images = np.array(floats(arrays, "images")).reshape([batch, ...network.image]);
  const sets = labelSets(integers(arrays, "labels"), batch);
  const next = roundAndRound(
    sets.map((labels) => np.array(oneHot(labels, CLASSES)).reshape([batch, CLASSES])),
  );
  let time = 0;
  return {
    step: async () => {
      time++;
      const root = Math.sqrt(1 - beta2 ** time);
      const size = np.array([(learningRate * root) / (1 - beta1 ** time)]);
      let loss: np.Array;
      [parameters, m, v, loss] = update(
        parameters,
        m,
        v,
        images.ref,
        next().ref,
        size,
        np.array([epsilon * root]),
      );
      return (await read(loss))[0] ?? Number.NaN;
    },
  };
}

function predictor({ network, batch }: InferTask, arrays: Arrays, read: Read): Omit<Runner, "version"> {
  const parameters = parametersOf(network, arrays);
  const host = floats(arrays, "images");
  const predict = jit((weights: Parameters, images: np.Array) => logitsOf(network, weights, images));
  let logits: ArrayLike<number> = [];
  return {
    step: async () => {
      const images = np.array(host).reshape([batch, ...network.image]);
      logits = await read(predict(tree.ref(parameters), images));
    },
    result: () => logits,
  };
}

/** A compiled function of arrays that stay in the library's memory. */
function resident(compute: () => np.Array, read: Read): Omit<Runner, "version"> {
  let last: np.Array | undefined;
  return {
    step: async () => {
      last?.dispose();
      last = await compute().blockUntilReady();
    },
    result: () => (last === undefined ? [] : read(last.ref)),
  };
}

function runnerOf(task: Task, arrays: Arrays, read: Read): Omit<Runner, "version"> {
  const array = (name: string, shape: number[]): np.Array => np.array(floats(arrays, name)).reshape(shape);
  switch (task.kind) {
    case "train":
      return trainer(task, arrays, read);
    case "infer":
      return predictor(task, arrays, read);
    case "gemm": {
      const [a, b] = [array("a", [task.size, task.size]), array("b", [task.size, task.size])];
      const multiply = jit((left: np.Array, right: np.Array) => np.matmul(left, right));
      return resident(() => multiply(a.ref, b.ref), read);
    }
    case "elementwise": {
      const given = array("x", [task.elements]);
      const chain = jit((x: np.Array) =>
        np.tanh(x.ref.mul(CHAIN.a).add(CHAIN.b)).mul(nn.sigmoid(x.ref)).add(nn.relu(x)),
      );
      return resident(() => chain(given.ref), read);
    }
    case "softmax": {
      const given = array("x", [task.rows, task.columns]);
      const softmax = jit((x: np.Array) => nn.softmax(x));
      return resident(() => softmax(given.ref), read);
    }
  }
}

/** jax-js on one of its devices. @throws Error if it doesn't have it. */
export const prepareJax =
  (device: keyof typeof reads): Prepare =>
  async ({ task }, arrays) => {
    // Its start reads `navigator`, which Node 20 has not.
    if (!("navigator" in globalThis)) Object.defineProperty(globalThis, "navigator", { value: {} });
    if (!(await init(device)).includes(device)) throw new Error(`it has no device ${device} here`);
    defaultDevice(device);
    return { version: VERSION, ...runnerOf(task, arrays, reads[device]) };
  };
