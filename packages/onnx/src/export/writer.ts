import { type Graph, type Tensor, withScope } from "@adjoint/ir";
import type { Node } from "@adjoint/ir/graph";
import { AdjointError, type DType, type Shape, typeText } from "@adjoint/ir/values";
import type { Value } from "./draft.ts";
import { NodeWriter } from "./node-writer.ts";
import { Sizes } from "./sizes.ts";

/** Writes one node of the graph; gives its outputs. */
export type WriteNode = (node: Node, writer: Writer) => readonly Value[];

/** Writes the nodes of one graph or body; rows get it. */
export class Writer extends NodeWriter {
  readonly #writeNode: WriteNode;
  readonly #values = new Map<Tensor, Value>();
  readonly #sizes: Sizes;

  private constructor(opset: number, writeNode: WriteNode, around?: Writer) {
    super(opset, around);
    this.#writeNode = writeNode;
    this.#sizes = around ? around.#sizes : new Sizes(this);
  }

  /** A writer of a model's outermost graph. */
  static begin(opset: number, writeNode: WriteNode): Writer {
    return new Writer(opset, writeNode);
  }

  /** A writer of a body, which sees what is written around it. */
  body(): Writer {
    return new Writer(this.opset, this.#writeNode, this);
  }

  /** Declares an input of this graph. */
  input(name: string, dtype: DType, shape: Shape): Value {
    const value: Value = { kind: "input", name, dtype, shape, home: this.home };
    this.home.inputs.push(value);
    return value;
  }

  /** Says what stands for a tensor. */
  bind(tensor: Tensor, value: Value): void {
    this.#values.set(tensor, value);
  }

  /** The value of a tensor; writes first the nodes that it needs and that are not there yet. */
  value(tensor: Tensor): Value {
    const known = this.#values.get(tensor);
    if (known !== undefined) return known;
    const stack: { readonly node: Node; next: number }[] = [{ node: tensor.node, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        this.#node(top.node);
        stack.pop();
      } else if (!this.#values.has(input)) stack.push({ node: input.node, next: 0 });
    }
    return this.#known(tensor);
  }

  #known(tensor: Tensor): Value {
    const value = this.#values.get(tensor);
    if (value === undefined) throw new AdjointError("graph", "toOnnx", `nothing was written for ${tensor}`);
    return value;
  }

  #node(node: Node): void {
    if (node.outputs.every((output) => this.#values.has(output))) return;
    const values = this.within(node.origin.scope, () => this.#writeNode(node, this));
    node.outputs.forEach((output, index) => {
      const value = values[index];
      if (value === undefined) return;
      if (value.dtype !== output.dtype) {
        throw new AdjointError(
          "graph",
          "toOnnx",
          `${output} (${typeText(output.type)}) was written as ${value.dtype}`,
        );
      }
      this.#values.set(output, value);
    });
  }

  /** Writes tensors that are made of written ones: what an operation without an operator is composed of. */
  through(build: () => Tensor): Value {
    return this.value(withScope(this.scope, build));
  }

  /** The values of a node's inputs. */
  inputs(node: Node): readonly Value[] {
    return node.inputs.map((input) => this.value(input));
  }

  /** An i64 vector of sizes: an initializer, or computed from the shapes of inputs where symbols are in it. */
  shape(shape: Shape): Value {
    return this.#sizes.vector(shape);
  }

  /** A size as an i64 scalar. */
  size(dim: Shape[number]): Value {
    return this.#sizes.scalar(dim);
  }

  /** Writes a body's tensors for operands; gives its outputs, each produced inside this graph. */
  outputsOf(body: Graph, operands: readonly Value[]): readonly Value[] {
    Object.values(body.inputs).forEach((parameter, index) => {
      const operand = operands[index];
      if (operand !== undefined) this.bind(parameter, operand);
    });
    const used = new Set<Value>();
    return Object.values(body.outputs).map((output) => {
      const value = this.value(output);
      const isOwn = value.kind === "output" && value.node.home === this.home && !used.has(value);
      used.add(value);
      return isOwn ? value : this.copy(value);
    });
  }
}
