import { AdjointError, type DType, type TensorValue, valueOf } from "@adjoint/ir";
import { elementTypes } from "../element-type.ts";
import {
  type AttributeDraft,
  type GraphDraft,
  type InitializerValue,
  type NodeDraft,
  type OutputValue,
  type Value,
  isGraph,
} from "./draft.ts";
import { isMain, kernelType, mainInput } from "./kernels.ts";

/** The parts of a written node besides its operator and inputs. */
interface Rest {
  readonly attributes?: { readonly [name: string]: AttributeDraft };
  /** Types of the outputs, undefined for the operator's main type; one output of that type by default. */
  readonly results?: readonly (DType | undefined)[];
}

/** The state that the graphs of one model share. */
interface Shared {
  readonly initializers: Map<string, InitializerValue>;
  /** Initializers of a name of their own, by what they hold. */
  readonly named: Map<string, InitializerValue>;
  /** Numbers in the order of first sight. */
  readonly numbers: Map<Value | AttributeDraft | undefined, number>;
}

/** The most elements of an initializer that is named after its content. */
const SHORT = 8;

/** Equal for values of the same type and bits. */
function contentOf({ data, dtype, shape }: TensorValue): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const text = data.length <= SHORT ? bytes.join() : new TextDecoder("latin1").decode(bytes);
  return `${dtype}[${shape.join()}]${text}`;
}

/** Writes operators and constants of one graph or body. */
export class NodeWriter {
  readonly opset: number;
  /** The graph that is written. */
  readonly home: GraphDraft = { inputs: [], outputs: [] };
  readonly #shared: Shared;
  /** The tensors already written, so that nothing is computed twice. */
  readonly #drafts = new Map<string, readonly OutputValue[]>();
  #scope: string;

  /** @param around the writer of the graph that a body stands in. */
  constructor(opset: number, around?: NodeWriter) {
    this.opset = opset;
    this.#shared = around
      ? around.#shared
      : { initializers: new Map(), named: new Map(), numbers: new Map() };
    this.#scope = around ? around.#scope : "";
  }

  /** The name that nodes now get theirs from. */
  get scope(): string {
    return this.#scope;
  }

  /** Runs `write`; the nodes it writes are named after a scope of their own. */
  within<T>(scope: string, write: () => T): T {
    const outer = this.#scope;
    this.#scope = scope;
    try {
      return write();
    } finally {
      this.#scope = outer;
    }
  }

  /** Writes a node, in a type that the runtime has it in. */
  write(operator: string, inputs: readonly (Value | undefined)[], rest: Rest = {}): readonly Value[] {
    const { attributes = {}, results = [undefined] } = rest;
    const main = inputs[mainInput(operator)]?.dtype;
    const type = main && kernelType(operator, main);
    const carried = inputs.map((input, index) =>
      input !== undefined && type !== undefined && isMain(operator, index) && input.dtype === main
        ? this.cast(input, type)
        : input,
    );
    const types = results.map((result) => result ?? type ?? "f32");
    const outputs = this.#draft(operator, carried, attributes, types);
    return outputs.map((output, index) =>
      results[index] === undefined && main !== undefined ? this.cast(output, main) : output,
    );
  }

  /** Writes a node of one output. */
  one(
    operator: string,
    inputs: readonly (Value | undefined)[],
    rest: Omit<Rest, "results"> & { readonly result?: DType } = {},
  ): Value {
    const [first] = this.write(operator, inputs, { ...rest, results: [rest.result] });
    if (first === undefined) throw new AdjointError("graph", "toOnnx", `${operator} has no output`);
    return first;
  }

  #draft(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: NodeDraft["attributes"],
    types: readonly DType[],
  ): readonly OutputValue[] {
    const key = this.#keyOf(operator, inputs, attributes, types);
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const outputs = this.#fresh(operator, inputs, attributes, types);
    this.#drafts.set(key, outputs);
    return outputs;
  }

  #fresh(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: NodeDraft["attributes"],
    types: readonly DType[],
  ): readonly OutputValue[] {
    const outputs: OutputValue[] = [];
    const node: NodeDraft = { operator, scope: this.#scope, home: this.home, inputs, attributes, outputs };
    types.forEach((dtype, index) => outputs.push({ kind: "output", dtype, node, index }));
    return outputs;
  }

  /** A node of its own that repeats a value: outputs of a graph need one each. */
  copy(value: Value): Value {
    const [output] = this.#fresh("Identity", [value], {}, [value.dtype]);
    if (output === undefined) throw new AdjointError("graph", "toOnnx", "Identity has no output");
    return output;
  }

  /** Equal for nodes that compute the same. */
  #keyOf(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: NodeDraft["attributes"],
    types: readonly DType[],
  ): string {
    const numberOf = (part: Value | AttributeDraft | undefined): number => {
      const { numbers } = this.#shared;
      const number = numbers.get(part) ?? numbers.size;
      numbers.set(part, number);
      return number;
    };
    const key = [operator, inputs.map(numberOf), attributes, types];
    // Bodies and tensors are what they are; −0 and what is not finite have no JSON.
    return JSON.stringify(key, (_, part: AttributeDraft) => {
      if (typeof part === "number") return Object.is(part, -0) ? "-0" : String(part);
      const isOpaque = isGraph(part) || (typeof part === "object" && "tensor" in part);
      return isOpaque ? [numberOf(part)] : part;
    });
  }

  /** ONNX Cast: integers wrap; of floats out of range the runtime decides (see `casts.ts`). */
  cast(value: Value, dtype: DType): Value {
    if (value.dtype === dtype) return value;
    return this.one("Cast", [value], { attributes: { to: elementTypes[dtype] }, result: dtype });
  }

  /** An initializer of its own name, such as a parameter; equal ones are one, of the first name. */
  named(name: string, value: TensorValue): Value {
    const key = contentOf(value);
    const known = this.#shared.named.get(key);
    if (known !== undefined) return known;
    const made: InitializerValue = { kind: "initializer", name, dtype: value.dtype, value };
    this.#shared.named.set(key, made);
    return made;
  }

  /** An initializer; equal ones are one. */
  constant(value: TensorValue): Value {
    // A name with a dot is that of a parameter, or of a constant that was written before.
    const last = this.#scope.slice(this.#scope.lastIndexOf("/") + 1);
    if (last.includes(".")) return this.named(this.#scope, value);
    const key = contentOf(value);
    const known = this.#shared.initializers.get(key);
    if (known !== undefined) return known;
    const made: InitializerValue = {
      kind: "initializer",
      name: this.#constantName(value),
      dtype: value.dtype,
      value,
    };
    this.#shared.initializers.set(key, made);
    return made;
  }

  /** Short ones are named after their elements, `f32_1` and `i64x2_0_1`; others after the layer that holds them. */
  #constantName({ data, dtype, shape }: TensorValue): string {
    if (data.length <= SHORT) return [[dtype, ...shape].join("x"), ...data].join("_");
    return this.#scope === "" ? "constant.value" : `${this.#scope}.constant`;
  }

  /** One number of a type, as a scalar. */
  scalar(value: number | bigint, dtype: DType): Value {
    return this.constant(valueOf(dtype, [], [value]));
  }

  /** An i64 vector. */
  ints(list: readonly number[]): Value {
    return this.constant(valueOf("i64", [list.length], list));
  }
}
