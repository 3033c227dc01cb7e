import { readFileSync } from "node:fs";
import { type State, type TensorValue, tensorValue } from "@adjoint/ir";
import onnxProto, { type onnx as Proto } from "onnx-proto";
import type { Draw } from "./draw.ts";

const { onnx } = onnxProto;
const FLOAT = onnx.TensorProto.DataType.FLOAT;

/** A published network with inputs for its weights, and every tensor that it computes as an output. */
export interface Opened {
  readonly bytes: Uint8Array;
  /** The image and random weights. */
  readonly feeds: State;
  /** The value of each node, by the name of its output. */
  readonly operators: ReadonlyMap<string, string>;
}

/**
 * The network of an official `light` model. Its file has no weights but their shapes, filled with one number each; here they
 * are random, and of a size that keeps the numbers in range.
 * @param whole puts every node's output out, not only the network's.
 */
export function openLight(path: string, draw: Draw, whole: boolean): Opened {
  const model = onnx.ModelProto.decode(readFileSync(path));
  const graph = onnx.GraphProto.create(the(model.graph));
  model.graph = graph;
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? "", tensor]));
  const nodes = graph.node.filter(({ opType }) => opType !== "ConstantOfShape");
  const used = new Set(nodes.flatMap(inputsOf));
  const weights = new Map<string, readonly number[]>();
  for (const { name, type } of graph.input) {
    const { elemType, shape } = type?.tensorType ?? {};
    if (elemType !== FLOAT) continue;
    const sizes = (shape?.dim ?? []).map(({ dimValue }) => Number(dimValue));
    weights.set(name ?? "", sizes);
  }
  for (const node of graph.node.filter(({ opType }) => opType === "ConstantOfShape"))
    weights.set(outputOf(node), longsOf(the(initializers.get(inputsOf(node)[0] ?? ""))));
  const fed = [...weights].filter(([name]) => used.has(name));
  graph.node = nodes;
  // Shapes that Reshape reads stay as they are; those of weights go.
  graph.initializer = graph.initializer.filter(
    ({ name, dataType }) => used.has(name ?? "") && dataType !== FLOAT,
  );
  const kept = new Set(graph.initializer.map(({ name }) => name));
  graph.input = [
    ...graph.input.filter(({ name }) => kept.has(name)),
    ...fed.map(([name, shape]) => valueInfo(name, shape)),
  ];
  const operators = new Map(nodes.map((node) => [outputOf(node), node.opType ?? ""]));
  if (whole) {
    const own = new Set(graph.output.map(({ name }) => name));
    for (const name of operators.keys()) if (!own.has(name)) graph.output.push(valueInfo(name));
  }
  return {
    bytes: onnx.ModelProto.encode(model).finish(),
    feeds: Object.fromEntries(
      fed.map(([name, shape]) => [name, weightOf(draw, shape, roleOf(name, nodes))] as const),
    ),
    operators,
  };
}

const inputsOf = ({ input }: Proto.INodeProto): readonly string[] => input ?? [];
const outputOf = ({ output }: Proto.INodeProto): string => output?.[0] ?? "";

const the = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error("the model has not what light models have");
  return value;
};

function longsOf({ int64Data, rawData }: Proto.ITensorProto): readonly number[] {
  if (int64Data && int64Data.length > 0) return int64Data.map(Number);
  const { buffer, byteOffset, byteLength } = Uint8Array.from(rawData ?? []);
  return [...new BigInt64Array(buffer, byteOffset, byteLength / 8)].map(Number);
}

const valueInfo = (name: string, shape?: readonly number[]): Proto.ValueInfoProto =>
  onnx.ValueInfoProto.create({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        ...(shape && { shape: { dim: shape.map((dimValue) => ({ dimValue })) } }),
      },
    },
  });

/** The node that reads a weight, and the number of the operand. */
const roleOf = (name: string, nodes: readonly Proto.INodeProto[]): string => {
  const reader = nodes.find((node) => inputsOf(node).includes(name));
  return reader === undefined ? "" : `${reader.opType} ${inputsOf(reader).indexOf(name)}`;
};

/** Numbers around 1 for what is multiplied or divided by, small ones for what is added, and sums of variance 1 between. */
function weightOf(draw: Draw, shape: readonly number[], role: string): TensorValue {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new Float32Array(count);
  const inner = shape.length > 1 ? count / (shape[0] ?? 1) : 1;
  const around = /^(?:BatchNormalization [14]|Mul)/.test(role);
  const picture = role === "Conv 0";
  const [middle, scale] = picture
    ? [0, 1]
    : around
      ? [1, 0.5]
      : shape.length < 2
        ? [0, 0.1]
        : [0, Math.sqrt(6 / inner)];
  for (let index = 0; index < count; index++) data[index] = middle + scale * (2 * draw.number() - 1);
  return tensorValue("f32", shape, data);
}
