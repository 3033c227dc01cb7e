import type { Tensor } from "@adjoint/ir";
import { freeSources, isNode } from "@adjoint/ir/graph";
import {
  AdjointError,
  type Dim,
  MissingElement,
  type TensorValue,
  isStatic,
  toNumbers,
} from "@adjoint/ir/values";
import { SHAPES_AT_RUN, UnboundInputError, unsupported } from "../errors.ts";
import type { Budget } from "./budget.ts";
import type { Knowledge } from "./known.ts";
import { type Value, asTensor, tensorsOf } from "./value.ts";

/** The node that an operator's importer reads. */
export class OperatorContext<A = unknown> {
  /** The operator's name, for messages. */
  readonly operator: string;
  /** Attributes in the newest form, checked by the row's schema. */
  readonly attributes: A;
  /** Version of the model's operator set, for what no conversion of form can say. */
  readonly version: number;
  /** The number of outputs that the node names. */
  readonly outputs: number;
  readonly #inputs: readonly (Value | undefined)[];
  readonly #knowledge: Knowledge;
  readonly #budget: Budget;
  readonly #bindable: ReadonlySet<string>;
  readonly #named: (name: string) => Tensor;

  constructor(
    operator: string,
    attributes: A,
    version: number,
    outputs: number,
    inputs: readonly (Value | undefined)[],
    knowledge: Knowledge,
    budget: Budget,
    bindable: ReadonlySet<string>,
    named: (name: string) => Tensor,
  ) {
    this.operator = operator;
    this.attributes = attributes;
    this.version = version;
    this.outputs = outputs;
    this.#inputs = inputs;
    this.#knowledge = knowledge;
    this.#budget = budget;
    this.#bindable = bindable;
    this.#named = named;
  }

  /** An input. @throws AdjointError when the node does not give it. */
  input(index: number): Tensor {
    return this.optional(index) ?? this.refuse(`input ${index} is missing`);
  }

  /** An input that may be absent. */
  optional(index: number): Tensor | undefined {
    const value = this.#inputs[index];
    return value && asTensor(value, this.operator);
  }

  /** An input that may be a sequence, an optional value, or of a narrow element type. */
  value(index: number): Value {
    return this.#inputs[index] ?? this.refuse(`input ${index} is missing`);
  }

  /** `value` for an input that may be absent. */
  optionalValue(index: number): Value | undefined {
    return this.#inputs[index];
  }

  /** `value` for all inputs from an index on, of which none may be absent. */
  values(from = 0): readonly Value[] {
    return this.#inputs.slice(from).map((_, index) => this.value(from + index));
  }

  /** All inputs from an index on, of which none may be absent. */
  inputs(from = 0): readonly Tensor[] {
    return this.#inputs.slice(from).map((_, index) => this.input(from + index));
  }

  /** A tensor by its name in the graph, for operators whose attributes name tensors. @throws AdjointError for none. */
  named(name: string): Tensor {
    return this.#named(name);
  }

  /** An input whose value decides a shape. @throws UnboundInputError naming the inputs to bind. */
  constant(index: number): TensorValue {
    return this.valueOf(this.input(index), `input ${index}`);
  }

  /** The value of a tensor that decides a shape. @throws UnboundInputError naming the inputs to bind. */
  valueOf(tensor: Tensor, what: string): TensorValue {
    return this.#knowledge.valueOf(tensor) ?? this.#unknown(what, tensor);
  }

  /** The value of a tensor where it is known before the run. */
  knownValue(tensor: Tensor): TensorValue | undefined {
    return this.#knowledge.valueOf(tensor);
  }

  /** The value of an input where it is known before the run. */
  known(index: number): TensorValue | undefined {
    const tensor = this.optional(index);
    return tensor && this.#knowledge.valueOf(tensor);
  }

  /** `constant` as numbers; undefined if the input is absent. */
  numbers(index: number): readonly number[] | undefined {
    return this.optional(index) && toNumbers(this.constant(index));
  }

  /** `constant` as one number; undefined if the input is absent. */
  number(index: number): number | undefined {
    const numbers = this.numbers(index);
    if (numbers === undefined) return undefined;
    return numbers.length === 1 ? numbers[0] : this.refuse(`input ${index} must be one number`);
  }

  /** A shape given as input: symbols may be among its sizes. @throws UnboundInputError as `constant`. */
  dims(index: number): readonly Dim[] {
    const tensor = this.input(index);
    return this.#knowledge.dimsOf(tensor) ?? this.#unknown(`input ${index}`, tensor);
  }

  /** The sizes of a tensor whose shape must be known before the run. @throws AdjointError naming the symbols to bind. */
  staticShape(tensor: Tensor): readonly number[] {
    if (isStatic(tensor.shape)) return tensor.shape;
    return this.refuse(`needs known sizes and got ${tensor}`, "Bind its symbols: fromOnnx(bytes, { dims }).");
  }

  /**
   * Takes elements (or steps of about their cost) that the importer is about to compute, or nodes that it will make.
   * @throws LimitError before anything is made.
   */
  reserve(amount: number, resource: "elements" | "nodes" = "elements"): void {
    this.#budget.take(resource, amount, this.operator);
  }

  refuse(problem: string, remedy = "", options: ErrorOptions = {}): never {
    throw new AdjointError("graph", this.operator, problem, remedy, options);
  }

  /** Runs the operator's importer: a rank or a list of numbers that is too short for it is refused by the node's name. */
  guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof MissingElement)) throw cause;
      const given = this.#inputs.map((input) =>
        input === undefined ? "none" : tensorsOf(input).join(" and "),
      );
      return this.refuse(`its inputs (${given.join(", ")}) and attributes do not fit each other`, "", {
        cause,
      });
    }
  }

  #unknown(what: string, tensor: Tensor): never {
    this.#knowledge.checkLimit(tensor, this.operator);
    const names = freeSources([tensor], []).flatMap(({ node }) =>
      isNode(node, "input") && this.#bindable.has(node.attributes.name) ? [node.attributes.name] : [],
    );
    if (names.length > 0) throw new UnboundInputError(this.operator, what, names);
    throw unsupported(SHAPES_AT_RUN, `${this.operator}: ${what} decides a shape and is ${tensor}`);
  }
}
