import type { Tensor } from "@adjoint/ir";
import type { AttributesOf, Node } from "@adjoint/ir/graph";
import { AdjointError, at, elementCount } from "@adjoint/ir/values";
import { copyKernel } from "./copies.ts";
import { sizesOf } from "./sizes.ts";
import type { Group } from "../fusion/group.ts";
import type { Kernel, StepCopy } from "../kernel/kernel.ts";
import type { LoweringContext } from "./context.ts";
import type { BufferId } from "../kernel/scalar.ts";
import { belowReshapes } from "./views.ts";

/** The whole of an operand, contiguous in memory. */
function inMemory(tensor: Tensor, context: LoweringContext): BufferId | undefined {
  const buffer = context.bufferOf(tensor) ?? context.bufferOf(belowReshapes(tensor));
  if (buffer === undefined) context.demand(belowReshapes(tensor));
  return buffer;
}

const copyOf = (tensor: Tensor, from: BufferId, to: BufferId): Kernel =>
  copyKernel(from, to, tensor.dtype, elementCount(sizesOf(tensor)));

/** The buffers of all operands; undefined in a round that only finds out what has to be in memory. */
function operandsOf(node: Node, context: LoweringContext): readonly BufferId[] | undefined {
  const operands = node.inputs.map((input) => inMemory(input, context));
  const buffers = operands.filter((buffer): buffer is BufferId => buffer !== undefined);
  if (buffers.length === operands.length) return buffers;
  node.outputs.forEach((output) => context.target(output));
  return undefined;
}

export function lowerScan(
  node: Node<AttributesOf<"scan">>,
  _output: Tensor,
  context: LoweringContext,
): readonly Group[] {
  const operands = operandsOf(node, context);
  return operands === undefined ? [] : [{ open: false, kernels: scanKernels(node, operands, context) }];
}

export function lowerIf(node: Node, _output: Tensor, context: LoweringContext): readonly Group[] {
  const operands = operandsOf(node, context);
  return operands === undefined ? [] : [{ open: false, kernels: [ifKernel(node, operands, context)] }];
}

function scanKernels(
  node: Node<AttributesOf<"scan">>,
  operands: readonly BufferId[],
  context: LoweringContext,
): readonly Kernel[] {
  const { carries, sequences, length, reverse } = node.attributes;
  const [body] = node.graphs;
  if (body === undefined) throw new AdjointError("graph", "scan", "has no body");
  const outputs = node.outputs.map((output) => context.target(output));
  // The carry lives in the buffer of its final value, which starts as its first.
  const starts = node.inputs.slice(0, carries).flatMap((input, index): Kernel[] => {
    const [from, to] = [operands[index], outputs[index]];
    return from === undefined || to === undefined || sizesOf(input).includes(0)
      ? []
      : [copyOf(input, from, to)];
  });
  const slices = Object.values(body.inputs)
    .slice(carries, carries + sequences)
    .map((slice, index): StepCopy => {
      const elements = elementCount(sizesOf(slice));
      return {
        from: at(operands, carries + index),
        to: context.buffers.add(slice.dtype, elements),
        elements,
      };
    });
  const inputs = [
    ...outputs.slice(0, carries),
    ...slices.map((slice) => slice.to),
    ...operands.slice(carries + sequences),
  ];
  const { kernels, results } = context.lowerBody(body, inputs);
  const copy = (tensor: Tensor, from: BufferId, to: BufferId): StepCopy => ({
    from,
    to,
    elements: elementCount(sizesOf(tensor)),
  });
  const produced = Object.values(body.outputs);
  return [
    ...starts,
    {
      form: "scan",
      length: Number(length),
      reverse,
      slices,
      body: kernels,
      feedback: produced
        .slice(0, carries)
        .map((tensor, index) => copy(tensor, at(results, index), at(outputs, index))),
      outputs: produced
        .slice(carries)
        .map((tensor, index) => copy(tensor, at(results, carries + index), at(outputs, carries + index))),
    },
  ];
}

function ifKernel(node: Node, operands: readonly BufferId[], context: LoweringContext): Kernel {
  const [condition, ...used] = operands;
  if (condition === undefined) throw new AdjointError("graph", "if", "has no condition");
  const outputs = node.outputs.map((output) => context.target(output));
  const branches = node.graphs.map((graph): readonly Kernel[] => {
    const { kernels, results } = context.lowerBody(graph, used);
    const copies = node.outputs.flatMap((output, index): Kernel[] => {
      const [from, to] = [results[index], outputs[index]];
      return from === undefined || to === undefined || sizesOf(output).includes(0)
        ? []
        : [copyOf(output, from, to)];
    });
    return [...kernels, ...copies];
  });
  const [yes = [], no = []] = branches;
  return { form: "if", condition, branches: [yes, no] };
}
