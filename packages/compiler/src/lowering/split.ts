import type { Tensor } from "@adjoint/ir";
import { type Node, isNode, uniformConstant } from "@adjoint/ir/graph";
import { at, elementCount } from "@adjoint/ir/values";
import { sizesOf } from "./sizes.ts";
import { baseOf, isView } from "./views.ts";

/** The tensors that are in memory so far, to which more can be added. */
export interface Memory {
  /** A key of the tensor's buffer, equal for tensors that share one; undefined if the tensor is not in memory. */
  bufferKey(tensor: Tensor): unknown;
  store(tensor: Tensor): void;
}

type Buffers = ReadonlySet<unknown>;

const NONE: Buffers = new Set();

/**
 * Puts inner values of expressions into memory until no kernel that computes a single node binds more than `most` buffers, its
 * result included. A node whose operands are all in memory can't be split further.
 * @param nodes each after its inputs.
 */
export function splitWide(nodes: readonly Node[], most: number, memory: Memory): void {
  if (most === Infinity) return;
  // A stored value changes what expressions read that were looked at before.
  let isSplitting = true;
  while (isSplitting) {
    isSplitting = false;
    const reads = new ReadBuffers(memory);
    for (const node of nodes) {
      for (const operands of operandsOfKernels(node, memory)) {
        for (;;) {
          if (reads.ofAll(operands).size + 1 <= most) break;
          const inner = reads.innerValue(operands, most);
          if (inner === undefined) break;
          memory.store(inner);
          isSplitting = true;
        }
      }
      reads.add(node);
    }
  }
}

/** The operands whose expressions one kernel computes, for each kernel of the node that computes any. */
function operandsOfKernels(node: Node, memory: Memory): readonly (readonly Tensor[])[] {
  const { inputs } = node;
  switch (node.operation.kind) {
    // These read their operands from memory.
    case "contract":
    case "order":
    case "control":
      return [];
    default:
  }
  // Each part is written by itself; one that is not in memory is read part by part.
  if (isNode(node, "concat"))
    return memory.bufferKey(node.output) === undefined ? [] : inputs.map((part) => [part]);
  if (isNode(node, "pad") && !isView(node)) return inputs.map((operand) => [operand]);
  if (isNode(node, "scatter")) return [inputs.slice(0, 1), inputs.slice(1)];
  return [inputs];
}

/** The buffers that expressions read. */
class ReadBuffers {
  readonly #memory: Memory;
  /** Of tensors that are not in memory and not views. */
  readonly #known = new Map<Tensor, Buffers>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Notes what a node's expression reads, after its inputs'. */
  add(node: Node): void {
    if (isView(node)) return;
    // A gather reads its data from memory.
    const operands = isNode(node, "gather")
      ? [baseOf(at(node.inputs, 0)), ...node.inputs.slice(1)]
      : node.inputs;
    const buffers = this.ofAll(operands);
    for (const output of node.outputs) this.#known.set(output, buffers);
  }

  ofAll(tensors: readonly Tensor[]): Buffers {
    const [only] = tensors;
    if (only !== undefined && tensors.length === 1) return this.#of(only);
    return new Set(tensors.flatMap((tensor) => [...this.#of(tensor)]));
  }

  #of(tensor: Tensor): Buffers {
    let fillers: Buffers = NONE;
    for (let base = tensor; ; base = at(base.node.inputs, 0)) {
      const key = this.#memory.bufferKey(base);
      const buffers =
        uniformConstant(base) !== undefined
          ? NONE
          : key !== undefined
            ? new Set([key])
            : isView(base.node)
              ? undefined
              : (this.#known.get(base) ?? NONE);
      if (buffers !== undefined) return fillers.size === 0 ? buffers : new Set([...buffers, ...fillers]);
      const [, filler] = base.node.inputs;
      if (filler !== undefined) fillers = new Set([...fillers, ...this.#of(filler)]);
    }
  }

  /**
   * The value to store so that a kernel with these operands reads less: the smallest that is enough by itself, or else the one
   * that reads most; undefined if each operand is one buffer at most.
   */
  innerValue(operands: readonly Tensor[], most: number): Tensor | undefined {
    const candidates = operands
      .filter((operand) => this.#of(operand).size > 1)
      .map((operand) => {
        const tensor = this.#smallest(operand);
        const others = operands.filter((other) => other !== operand);
        return {
          tensor,
          elements: elementCount(sizesOf(tensor)),
          reads: this.#of(operand).size,
          // The others, the value itself, and the result.
          isEnough: this.ofAll(others).size + 2 <= most,
        };
      });
    const [best] = candidates.toSorted((a, b) =>
      a.isEnough !== b.isEnough
        ? Number(b.isEnough) - Number(a.isEnough)
        : a.isEnough
          ? a.elements - b.elements
          : b.reads - a.reads,
    );
    return best?.tensor;
  }

  /** Of an operand and what it is a view of, the tensor of the fewest elements that reads as many buffers. */
  #smallest(operand: Tensor): Tensor {
    const { size } = this.#of(operand);
    let smallest = operand;
    for (let tensor = operand; isView(tensor.node);) {
      tensor = at(tensor.node.inputs, 0);
      if (this.#of(tensor).size < size) break;
      if (elementCount(sizesOf(tensor)) <= elementCount(sizesOf(smallest))) smallest = tensor;
    }
    return smallest;
  }
}
