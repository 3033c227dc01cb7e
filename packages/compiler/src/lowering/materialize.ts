import type { Tensor } from "@adjoint/ir";
import { type NameOf, type Node, isNode, nodesOf, operationCosts, uniformConstant } from "@adjoint/ir/graph";
import { elementCount } from "@adjoint/ir/values";
import type { BufferId } from "../kernel/scalar.ts";
import type { FusionLimits } from "../kernel/backend.ts";
import { splitWide } from "./split.ts";
import { sizesOf } from "./sizes.ts";
import { isStoredConstant } from "./expression.ts";
import { LARGEST_EXPRESSION } from "../fusion/fuse.ts";
import { baseOf, belowReshapes, isView } from "./views.ts";

/** One reader of a tensor, views between them looked through. */
interface Use {
  /** The number of times each of the tensor's elements is read: above 1 if a broadcast or window repeats them. */
  readonly expansion: number;
  /** Read as indices: at fixed positions of the last axis. */
  readonly asIndices: boolean;
}

/** The cost, in additions, up to which an expression is computed again for each of a few readers instead of stored. */
const CHEAP = 2;
const FEW_USES = 3;

/** Each padding of a chain adds conditions to all reads below, so that its cost grows with the square of the length. */
const PADDING = 16;

/** Decides which tensors are in memory; all others are computed inside the kernels that read them. */
export class Materialization {
  readonly #chosen = new Set<Tensor>();
  readonly #given: ReadonlyMap<Tensor, BufferId>;
  readonly #nodes: readonly Node[];

  constructor(roots: readonly Tensor[], given: ReadonlyMap<Tensor, BufferId>, fresh: boolean) {
    this.#given = given;
    const nodes = nodesOf(roots);
    this.#nodes = nodes;
    const uses = new Map<Tensor, Use[]>();
    for (const node of nodes) {
      if (isView(node)) {
        // A padding's filler is read by the padding itself.
        const [, filler] = node.inputs;
        if (filler !== undefined) this.#record(uses, filler, 1);
        continue;
      }
      const indexed = node.operation.kind === "index";
      node.inputs.forEach((input, index) =>
        this.#record(uses, input, 1, indexed && index === 1 && input === baseOf(input)),
      );
    }
    for (const root of roots) {
      const base = belowReshapes(root);
      if (!given.has(base) && !isStoredConstant(base)) this.#choose(base);
      if (fresh && uniformConstant(base) !== undefined) this.#choose(base);
    }
    const sizes = new Map<Node, number>();
    for (const node of nodes) {
      // What is deeper than any kernel should be is cut: each piece reads the one below from memory.
      const size = this.#sizeOf(node, sizes);
      sizes.set(node, size);
      if (size > LARGEST_EXPRESSION && node.outputs.length === 1) this.#choose(node.output);
      if (isView(node) || node.operation.kind === "source") {
        if (isNode(node, "randomBits") && this.#worthStoring(node.output, uses)) this.#choose(node.output);
        continue;
      }
      // Coordinates put together for an indexing operation are read part by part.
      if (
        isNode(node, "concat") &&
        uses.get(node.output)?.every((use) => use.asIndices) === true &&
        node.attributes.axis === node.output.rank - 1
      )
        continue;
      const fuses = node.operation.kind === "map" || isNode(node, "gather");
      if (!fuses) node.outputs.forEach((output) => this.#choose(output));
      else if (this.#worthStoring(node.output, uses)) this.#choose(node.output);
    }
  }

  #record(uses: Map<Tensor, Use[]>, operand: Tensor, factor: number, asIndices = false): void {
    const base = baseOf(operand);
    const own = elementCount(sizesOf(base));
    const read = elementCount(sizesOf(operand));
    const list = uses.get(base) ?? [];
    list.push({ expansion: own === 0 ? factor : (read / own) * factor, asIndices });
    uses.set(base, list);
  }

  #worthStoring(tensor: Tensor, uses: ReadonlyMap<Tensor, readonly Use[]>): boolean {
    const readers = uses.get(tensor) ?? [];
    const repeated = readers.some((use) => use.expansion > 1);
    if (readers.length <= 1 && !repeated) return false;
    const cost = this.#cost(tensor.node, CHEAP + 1);
    if (cost === 0) return false;
    return repeated || readers.length > FEW_USES || cost > CHEAP;
  }

  /** The cost of computing a node again for each reader, counted up to a limit; what takes long to look through costs as much. */
  #cost(root: Node, limit: number): number {
    const stack = [root];
    let sum = 0;
    let looked = 0;
    for (let node = stack.pop(); node !== undefined && sum < limit; node = stack.pop()) {
      if (++looked > LARGEST_EXPRESSION) return limit;
      if (node.operation.kind === "source") sum += isNode(node, "randomBits") ? operationCosts.randomBits : 0;
      else if (this.#given.has(node.output) || this.#chosen.has(node.output)) continue;
      else if (!isView(node) && node.operation.kind !== "map") sum += isNode(node, "gather") ? 1 : 0;
      else {
        // A node of kind map has a map's name.
        if (!isView(node)) sum += operationCosts[node.operation.name as NameOf<"map">];
        for (const input of node.inputs) stack.push(input.node);
      }
    }
    return Math.min(sum, limit);
  }

  /** An upper bound of the number of values in a node's expression, if those of its inputs are known. */
  #sizeOf(node: Node, sizes: ReadonlyMap<Node, number>): number {
    if (node.operation.kind === "source") return 1;
    let size = isNode(node, "pad") ? PADDING : 1;
    for (const { node: input, index } of node.inputs) {
      const tensor = input.outputs[index];
      const isLoad = tensor !== undefined && (this.#given.has(tensor) || this.#chosen.has(tensor));
      size += isLoad ? 1 : (sizes.get(input) ?? 1);
    }
    return size;
  }

  #choose(tensor: Tensor): void {
    if (!this.#given.has(tensor) && !isStoredConstant(tensor)) this.#chosen.add(tensor);
  }

  /** Stores inner values of expressions that read more buffers than a kernel may bind. */
  split({ buffers }: FusionLimits): void {
    splitWide(this.#nodes, buffers, {
      bufferKey: (tensor) =>
        this.#given.get(tensor) ??
        (this.#chosen.has(tensor) || isStoredConstant(tensor) ? tensor : undefined),
      store: (tensor) => this.#choose(tensor),
    });
  }

  /** A kernel can't do without this tensor in memory. */
  demand(tensor: Tensor): void {
    this.#choose(tensor);
  }

  has(tensor: Tensor): boolean {
    return this.#chosen.has(tensor);
  }

  get size(): number {
    return this.#chosen.size;
  }
}
