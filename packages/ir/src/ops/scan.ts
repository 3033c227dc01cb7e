import { boolean, checked, int, minimum, strictObject } from "../schema.ts";
import { close, numbered } from "../closure.ts";
import { type Dim, equalDims } from "../dim.ts";
import { isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { evaluateBody } from "../evaluate.ts";
import { type Pullback, bodyVjp } from "../gradient.ts";
import { inlineGraph } from "../walk.ts";
import { type Cotangent, type Graph, type Node, type Tensor, again, apply } from "../tensor.ts";
import { type Rows, definePrimitive, dimSchema, operand } from "../primitive.ts";
import type { PrimitiveSet } from "../primitive-set.ts";
import { type TensorType, elementCount, equalTypes, typeText } from "../shape.ts";
import { type TensorValue, zeroValue } from "../value.ts";
import { bodyOf, checkBody, zerosLike } from "./body.ts";
import { input, staticShape } from "./source.ts";
import { widened, workingType } from "./widely.ts";

type ScanAttributes = PrimitiveSet["control"]["scan"];

/** The type of one step's slice of a sequence. */
const sliceType = (tensor: Tensor): TensorType => ({ dtype: tensor.dtype, shape: tensor.shape.slice(1) });

export const looping: Rows<"scan"> = {
  scan: definePrimitive({
    name: "scan",
    kind: "control",
    attributes: strictObject({
      carries: checked(int(), minimum(0)),
      sequences: checked(int(), minimum(0)),
      length: dimSchema,
      reverse: boolean(),
    }),
    infer: (inputs, { carries, sequences, length }, graphs) => {
      const body = bodyOf("scan", graphs);
      const [parameters, results] = [Object.values(body.inputs), Object.values(body.outputs)];
      if (parameters.length !== inputs.length || results.length < carries) {
        throw new AdjointError(
          "graph",
          "scan",
          `the body takes ${parameters.length} inputs for ${inputs.length} operands and gives ${results.length} outputs`,
        );
      }
      parameters.forEach((parameter, index) => {
        const given = operand(inputs, index);
        const isSequence = index >= carries && index < carries + sequences;
        if (isSequence && !equalDims(given.shape[0] ?? -1, length)) {
          throw new AdjointError("shape", "scan", `sequence ${given} has not ${length} steps`);
        }
        const expected = isSequence ? sliceType(given) : given.type;
        if (!equalTypes(parameter.type, expected)) {
          throw new AdjointError(
            "shape",
            "scan",
            `the body's input ${index} is ${typeText(parameter.type)} and gets ${typeText(expected)}`,
          );
        }
        const next = results[index];
        if (index < carries && (next === undefined || !equalTypes(next.type, parameter.type))) {
          throw new AdjointError(
            "shape",
            "scan",
            `a carry must keep its type: it starts as ${parameter} and the body gives ${next}`,
          );
        }
      });
      return [
        ...results.slice(0, carries).map((result) => result.type),
        ...results
          .slice(carries)
          .map((result) => ({ dtype: result.dtype, shape: [length, ...result.shape] })),
      ];
    },
    gradient: scanGradient,
    evaluate: (inputs, node) => evaluateScan(inputs, node),
  }),
};

function evaluateScan(inputs: readonly TensorValue[], node: Node<ScanAttributes>): readonly TensorValue[] {
  const { carries, sequences, reverse } = node.attributes;
  const [length = 0] = staticShape("scan", [node.attributes.length]);
  const body = bodyOf("scan", node.graphs);
  let state = inputs.slice(0, carries);
  const stacked = node.outputs
    .slice(carries)
    .map((output) => zeroValue(output.dtype, staticShape("scan", output.shape)));
  for (let step = 0; step < length; step++) {
    const at = reverse ? length - 1 - step : step;
    const slices = inputs.slice(carries, carries + sequences).map((value): TensorValue => {
      const shape = value.shape.slice(1);
      const size = elementCount(shape);
      return { dtype: value.dtype, shape, data: value.data.slice(at * size, (at + 1) * size) };
    });
    const results = evaluateBody(body, [...state, ...slices, ...inputs.slice(carries + sequences)]);
    state = results.slice(0, carries);
    results.slice(carries).forEach((result, index) => {
      const target = stacked[index];
      if (target === undefined) return;
      const bytes = new Uint8Array(target.data.buffer, target.data.byteOffset, target.data.byteLength);
      bytes.set(
        new Uint8Array(result.data.buffer, result.data.byteOffset, result.data.byteLength),
        at * result.data.byteLength,
      );
    });
  }
  return [...state, ...stacked];
}

/**
 * Back-propagation through time: the forward scan runs again and keeps the carry that each step started from, then a scan
 * in the other direction pulls cotangents through the body, summing those of the invariants.
 */
function scanGradient(node: Node<ScanAttributes>, cotangents: readonly Cotangent[]): readonly Cotangent[] {
  const { carries, sequences, length, reverse } = node.attributes;
  const body = bodyOf("scan", node.graphs);
  const parameters = Object.values(body.inputs);
  const results = Object.values(body.outputs);
  const starts = again(node, node.inputs, node.attributes, [
    { ...body, outputs: numbered([...results, ...parameters.slice(0, carries)]) },
  ]).outputs.slice(results.length);

  const floatAt = (index: number): boolean => isFloat(operand(parameters, index).dtype);
  const all = parameters.map((_, index) => index);
  const { pulled, present } = pullback(body, carries, cotangents);
  const floatCarries = all.slice(0, carries).filter((index) => present[index] === true);
  const floatSequences = all.slice(carries, carries + sequences).filter(floatAt);
  const floatInvariants = all.slice(carries + sequences).filter(floatAt);
  const stackedWith = results
    .slice(carries)
    .flatMap((_, index) => (cotangents[carries + index] === undefined ? [] : [carries + index]));

  const like = (tensor: Tensor, name: string): Tensor => input(name, tensor.dtype, tensor.shape);
  const carryCotangents = floatCarries.map((index) => like(operand(parameters, index), `d_carry_${index}`));
  // A sum over all steps: of 16-bit floats in f32, rounded at the end.
  const sums = floatInvariants.map((index) => {
    const { dtype, shape } = operand(parameters, index);
    return input(`d_invariant_${index}`, workingType(dtype), shape);
  });
  const steps = [
    ...parameters.slice(0, carries).map((parameter, index) => like(parameter, `carry_${index}`)),
    ...parameters
      .slice(carries, carries + sequences)
      .map((parameter, index) => like(parameter, `slice_${index}`)),
  ];
  const outputCotangents = stackedWith.map((index) => like(operand(results, index), `d_output_${index}`));
  const invariants = parameters
    .slice(carries + sequences)
    .map((parameter, index) => like(parameter, `invariant_${index}`));

  const pulledValues = inlineGraph(pulled.graph, [
    ...steps,
    ...invariants,
    ...carryCotangents,
    ...outputCotangents,
  ]);
  const valueAt = (index: number): Tensor =>
    pulledValues[pulled.places.indexOf(index)] ?? zerosLike(operand(parameters, index));
  const nextSums = floatInvariants.map((index, place) => operand(sums, place).add(widened(valueAt(index))));
  const backward: Graph = {
    inputs: numbered([...carryCotangents, ...sums, ...steps, ...outputCotangents, ...invariants]),
    outputs: numbered([...floatCarries.map(valueAt), ...nextSums, ...floatSequences.map(valueAt)]),
    updates: [],
  };
  const outputs = again(
    node,
    [
      ...floatCarries.map((index) => cotangents[index] ?? zerosLike(operand(node.inputs, index))),
      ...sums.map(zerosLike),
      ...starts,
      ...node.inputs.slice(carries, carries + sequences),
      ...stackedWith.flatMap((index) => cotangents[index] ?? []),
      ...node.inputs.slice(carries + sequences),
    ],
    {
      carries: floatCarries.length + floatInvariants.length,
      sequences: steps.length + outputCotangents.length,
      length,
      reverse: !reverse,
    },
    [backward],
  ).outputs;
  const order = [...floatCarries, ...floatInvariants, ...floatSequences];
  return node.inputs.map(({ dtype }, index) => outputs[order.indexOf(index)]?.cast(dtype));
}

/**
 * The body's pullback, for the outputs that a cotangent reaches: those that have one, and the carries that these are
 * computed from in any step. The other carries' cotangents would be zeros, and a zero times an overflow is NaN.
 */
function pullback(
  body: Graph,
  carries: number,
  cotangents: readonly Cotangent[],
): { readonly pulled: Pullback; readonly present: readonly boolean[] } {
  let present = cotangents.map((cotangent) => cotangent !== undefined);
  for (;;) {
    const pulled = bodyVjp(body, present);
    const places = pulled.places.filter((place) => place < carries && present[place] !== true);
    if (places.length === 0) return { pulled, present };
    present = present.map((isPresent, index) => isPresent || places.includes(index));
  }
}

/** The results of a scan's body for one step. */
export interface ScanStep {
  readonly carry: readonly Tensor[];
  /** Stacked over the steps. */
  readonly outputs?: readonly Tensor[];
}

export interface ScanOptions {
  readonly carry?: readonly Tensor[];
  /** Sliced on their first axis, one slice a step. */
  readonly sequences?: readonly Tensor[];
  /** The number of steps; needed if there are no sequences. */
  readonly length?: Dim;
  /** From the last slice to the first; outputs are stacked at the index of their slice. */
  readonly reverse?: boolean;
}

/**
 * A loop as a graph: `body` maps the carry and one slice of each sequence to the next carry and this step's outputs.
 * Outer tensors may be used in the body.
 */
export function scan(
  options: ScanOptions,
  body: (carry: readonly Tensor[], slices: readonly Tensor[]) => ScanStep,
): { readonly carry: readonly Tensor[]; readonly outputs: readonly Tensor[] } {
  const { carry = [], sequences = [], reverse = false } = options;
  const scalar = sequences.find((tensor) => tensor.rank === 0);
  if (scalar !== undefined)
    throw new AdjointError("shape", "scan", `sequence ${scalar} has no axis to slice`);
  const length = options.length ?? sequences[0]?.shape[0];
  if (length === undefined)
    throw new AdjointError("shape", "scan", "has no sequences and no length", "Give { length }.");
  const carries = carry.map((tensor, index) => input(`carry_${index}`, tensor.dtype, tensor.shape));
  const slices = sequences.map((tensor, index) =>
    input(`slice_${index}`, tensor.dtype, tensor.shape.slice(1)),
  );
  const step = body(carries, slices);
  const { graph, captured } = close([...carries, ...slices], [...step.carry, ...(step.outputs ?? [])]);
  checkBody("scan", graph);
  const attributes = { carries: carry.length, sequences: sequences.length, length, reverse };
  if (step.carry.length !== carry.length) {
    throw new AdjointError("graph", "scan", `the body gives ${step.carry.length} carries of ${carry.length}`);
  }
  const outputs = apply(looping.scan, [...carry, ...sequences, ...captured], attributes, [graph]).outputs;
  return { carry: outputs.slice(0, carry.length), outputs: outputs.slice(carry.length) };
}
