import { type Arrays, floats } from "../../tasks/arrays.ts";
import {
  CHAIN,
  CLASSES,
  type InferTask,
  type Network,
  type Task,
  biasSize,
  parameterLayers,
  weightShape,
} from "../../tasks/task.ts";
import { type Message, encode } from "./protobuf.ts";

// Field numbers are those of onnx.proto.
const FLOAT = 1;
const OPSET = 17;
const IR_VERSION = 8;

const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: readonly Message[] = [],
): Message => [
  ...inputs.map((name) => [1, name] as const),
  [2, output],
  [4, operator],
  ...attributes.map((attribute) => [5, attribute] as const),
];

const integers = (name: string, values: readonly number[]): Message => [
  [1, name],
  ...values.map((value) => [8, value] as const),
  [20, 7],
];

const tensor = (name: string, shape: readonly number[], data: Float32Array): Message => [
  ...shape.map((size) => [1, size] as const),
  [2, FLOAT],
  [8, name],
  [9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
];

const port = (name: string, shape: readonly number[]): Message => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, FLOAT],
          [2, shape.map((size) => [1, [[1, size]]] as const)],
        ],
      ],
    ],
  ],
];

/** A model with the tensors that its one run is fed. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: {
    readonly [name: string]: { readonly data: Float32Array; readonly shape: readonly number[] };
  };
  readonly output: string;
}

interface Parts {
  readonly nodes: readonly Message[];
  readonly initializers: readonly Message[];
  readonly inputs: OnnxModel["inputs"];
  readonly output: string;
  readonly outputShape: readonly number[];
}

function model({ nodes, initializers, inputs, output, outputShape }: Parts): OnnxModel {
  const graph: Message = [
    ...nodes.map((each) => [1, each] as const),
    [2, "main"],
    ...initializers.map((each) => [5, each] as const),
    ...Object.entries(inputs).map(([name, { shape }]) => [11, port(name, shape)] as const),
    [12, port(output, outputShape)],
  ];
  return {
    bytes: encode([
      [1, IR_VERSION],
      [7, graph],
      [
        8,
        [
          [1, ""],
          [2, OPSET],
        ],
      ],
    ]),
    inputs,
    output,
  };
}

/** The operator of each layer that reads `x` and gives `y`. */
function layerNode(layer: Network["layers"][number], x: string, y: string): Message {
  switch (layer.kind) {
    case "dense":
      return node("Gemm", [x, `${layer.name}.weight`, `${layer.name}.bias`], y);
    case "conv": {
      const margin = (layer.kernel - 1) / 2;
      return node("Conv", [x, `${layer.name}.weight`, `${layer.name}.bias`], y, [
        integers("kernel_shape", [layer.kernel, layer.kernel]),
        integers("pads", [margin, margin, margin, margin]),
      ]);
    }
    case "maxPool":
      return node("MaxPool", [x], y, [integers("kernel_shape", [2, 2]), integers("strides", [2, 2])]);
    case "relu":
      return node("Relu", [x], y);
    case "flatten":
      return node("Flatten", [x], y);
  }
}

function networkModel({ network, batch }: InferTask, arrays: Arrays): OnnxModel {
  const name = (index: number): string => (index === 0 ? "images" : `x${index}`);
  return model({
    nodes: network.layers.map((layer, index) => layerNode(layer, name(index), name(index + 1))),
    initializers: parameterLayers(network).flatMap((layer) => [
      tensor(`${layer.name}.weight`, weightShape(layer), floats(arrays, `${layer.name}.weight`)),
      tensor(`${layer.name}.bias`, [biasSize(layer)], floats(arrays, `${layer.name}.bias`)),
    ]),
    inputs: { images: { data: floats(arrays, "images"), shape: [batch, ...network.image] } },
    output: name(network.layers.length),
    outputShape: [batch, CLASSES],
  });
}

/** The ONNX model of a task. @throws Error for training, which no inference runtime does. */
export function onnxModelOf(task: Task, arrays: Arrays): OnnxModel {
  const fed = (name: string, shape: readonly number[]): OnnxModel["inputs"] => ({
    [name]: { data: floats(arrays, name), shape },
  });
  const scalar = (name: string, value: number): Message => tensor(name, [], Float32Array.of(value));
  switch (task.kind) {
    case "train":
      throw new Error("an inference runtime doesn't train");
    case "infer":
      return networkModel(task, arrays);
    case "gemm": {
      const shape = [task.size, task.size];
      return model({
        nodes: [node("MatMul", ["a", "b"], "c")],
        initializers: [],
        inputs: { ...fed("a", shape), ...fed("b", shape) },
        output: "c",
        outputShape: shape,
      });
    }
    case "softmax": {
      const shape = [task.rows, task.columns];
      return model({
        nodes: [node("Softmax", ["x"], "y")],
        initializers: [],
        inputs: fed("x", shape),
        output: "y",
        outputShape: shape,
      });
    }
    case "elementwise": {
      const shape = [task.elements];
      return model({
        nodes: [
          node("Mul", ["x", "a"], "ax"),
          node("Add", ["ax", "b"], "axb"),
          node("Tanh", ["axb"], "tanh"),
          node("Sigmoid", ["x"], "sigmoid"),
          node("Mul", ["tanh", "sigmoid"], "product"),
          node("Relu", ["x"], "relu"),
          node("Add", ["product", "relu"], "y"),
        ],
        initializers: [scalar("a", CHAIN.a), scalar("b", CHAIN.b)],
        inputs: fed("x", shape),
        output: "y",
        outputShape: shape,
      });
    }
  }
}
