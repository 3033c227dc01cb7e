import { type Graph, type Tensor, type Update, input, program, register } from "@adjoint/ir";
import { countNodes, currentOrigin, withOrigin } from "@adjoint/ir/graph";
import { AdjointError, type Bindings, own } from "@adjoint/ir/values";
import { Budget, type ImportLimits } from "./import/budget.ts";
import { NEWEST_OPSET } from "./import/convert.ts";
import { type ModelContext, defineInitializers, importNodes } from "./import/graph.ts";
import { Knowledge } from "./import/known.ts";
import { Scope } from "./import/scope.ts";
import { OutputCheck, boundValue, declaredTensor, inputShape } from "./import/types.ts";
import { functionsOf, usedOperators } from "./import/used-operators.ts";
import { type HostValue, NarrowTensor, Sequence, type Value, tensorsOf } from "./import/value.ts";
import { Weights } from "./import/weights.ts";
import { UnboundInputError, UnsupportedError, malformed, unsupported } from "./errors.ts";
import { openInputs } from "./inspect.ts";
import { operators } from "./operators/index.ts";
import { decodeModel } from "./proto/decode.ts";
import { type ModelSource, PRODUCER, type ValueSource } from "./proto/model.ts";
import type { ExternalData } from "./tensor.ts";
import { REGISTERS_KEY, type RegisterPair, pairsIn } from "./training-loop.ts";

/** Options of importing a model. */
export interface ImportOptions {
  /**
   * Inputs that become constants, where the model computes shapes, axes or counts from them; sequences (lists) and
   * optional values (null for nothing) are always bound.
   */
  readonly constants?: { readonly [input: string]: HostValue };
  /** Sizes for the model's symbols. */
  readonly dims?: Bindings;
  /**
   * Whether a training step that `toOnnx` wrote gets its registers back: each pair of an input and an output that the
   * metadata `adjoint.registers` name is a register that starts at 0 (give a session its state) and its update. True by
   * default; else they stay inputs and outputs.
   */
  readonly registers?: boolean;
  /** Gives the bytes of files that the model keeps weights in. */
  readonly externalData?: ExternalData;
  /** Limits of the import, beyond the size of the file itself: more than the defaults only for files that are trusted. */
  readonly limits?: ImportLimits;
}

/**
 * A graph from the bytes of an ONNX model: operator sets 1 to 28. Weights are constants; symbols in declared shapes are
 * symbolic sizes; shape computations fold away. An output that is a sequence is one output for each item, "y.0", "y.1"…
 * @throws UnsupportedError naming everything that can't be imported.
 * @throws UnboundInputError naming the inputs to bind, if a shape depends on their values.
 * @throws LimitError if the model asks for more nodes, elements or bytes than `limits` allow.
 * @throws AdjointError for broken bytes, names that nothing defines, and shapes that contradict the declared ones.
 */
export function fromOnnx(bytes: Uint8Array, options: ImportOptions = {}): Graph {
  const budget = new Budget(options.limits ?? {}, bytes.length);
  try {
    // One call site for all nodes: that of this call.
    return countNodes(
      () => budget.take("nodes", 1),
      () => withOrigin(currentOrigin(), () => importModel(bytes, options, budget)),
    );
  } catch (error) {
    // Counts and nesting that only a hostile file has.
    if (error instanceof RangeError) throw malformed(`the model exceeds what can be held (${error.message})`);
    throw error;
  }
}

function importModel(bytes: Uint8Array, options: ImportOptions, budget: Budget): Graph {
  const { constants = {}, dims = {}, registers = true, externalData } = options;
  const source = decodeModel(bytes);
  const pairs = registers ? pairsOf(source, constants) : [];
  const model = contextOf(source, externalData, budget);
  const scope = new Scope();
  const { inputs, held } = defineInputs(source, scope, {
    constants,
    dims,
    registers: new Set(pairs.map((pair) => pair.input)),
  });
  defineInitializers(model, source.graph, scope, (tensor) => model.weights.readOnce(tensor));
  importNodes(model, source.graph.nodes, { opsets: source.opsets, outer: {}, scope, depth: 0 });
  const check = new OutputCheck([...inputs.values()], dims);
  const outputs = source.graph.outputs.flatMap((declared) => {
    const value = scope.read(declared.name, () => "the model's output");
    check.check(declared, value);
    return namedTensors(declared.name, value);
  });
  if (outputs.length === 0) throw malformed("the model has no outputs");
  const results = new Map(outputs);
  const updates = pairs.map((pair): Update => {
    const [updated, next] = [held.get(pair.input), results.get(pair.output)];
    if (updated !== undefined && next !== undefined) return { register: updated, next };
    throw malformed(
      `the metadata name the register "${pair.input}" → "${pair.output}", which the model does not have`,
    );
  });
  for (const { output } of pairs) results.delete(output);
  return program({ inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(results), updates });
}

/** The registers of a training step; a bound input is not one. */
function pairsOf(
  source: ModelSource,
  constants: ImportOptions["constants"] & object,
): readonly RegisterPair[] {
  const text = source.metadata[REGISTERS_KEY];
  const pairs = text === undefined || source.producer !== PRODUCER ? [] : pairsIn(text);
  return pairs.filter((pair) => !Object.hasOwn(constants, pair.input));
}

function contextOf(
  source: ModelSource,
  externalData: ExternalData | undefined,
  budget: Budget,
): ModelContext {
  const opset = source.opsets.get("");
  if (opset !== undefined && (opset < 1 || opset > NEWEST_OPSET))
    throw unsupported(`operator set ${opset}`, `operator sets 1 to ${NEWEST_OPSET} can be imported`);
  const unknown = [...usedOperators(source)].filter(([key]) => !operators.has(key));
  if (unknown.length > 0)
    throw new UnsupportedError(new Map(unknown), "the model uses operators that can't be imported");
  return {
    operators,
    functions: functionsOf(source),
    weights: new Weights(externalData, budget),
    knowledge: new Knowledge(budget),
    budget,
    bindable: new Set(source.graph.inputs.map(({ name }) => name)),
    isOurs: source.producer === PRODUCER,
  };
}

/** The names that are left open. */
interface OpenInputs {
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Inputs that are registers. */
  readonly held: ReadonlyMap<string, Tensor>;
}

/** The inputs that stay inputs: old models list their weights among them, and callers may bind others. */
function defineInputs(
  source: ModelSource,
  scope: Scope,
  {
    constants,
    dims,
    registers,
  }: Required<Pick<ImportOptions, "constants" | "dims">> & { readonly registers: ReadonlySet<string> },
): OpenInputs {
  const open = openInputs(source);
  const stray = Object.keys(constants).find((name) => open.every((value) => value.name !== name));
  if (stray !== undefined) {
    throw new AdjointError(
      "feed",
      "fromOnnx",
      `"${stray}" is to be bound and is no input of the model`,
      `Its inputs are ${open.map(({ name }) => name).join(", ")}.`,
    );
  }
  const inputs = new Map<string, Tensor>();
  const held = new Map<string, Tensor>();
  for (const declared of open) {
    const bound = own(constants, declared.name);
    if (registers.has(declared.name)) {
      const tensor = registerOf(declared);
      held.set(declared.name, tensor);
      scope.define(declared.name, tensor);
      continue;
    }
    const value =
      bound === undefined ? inputOf(declared, dims) : boundValue(declared.name, declared.type, bound);
    scope.define(declared.name, value);
    const [tensor] = tensorsOf(value);
    if (bound === undefined && tensor !== undefined) inputs.set(declared.name, tensor);
  }
  return { inputs, held };
}

function registerOf({ name, type }: ValueSource): Tensor {
  const declared = type?.kind === "tensor" ? declaredTensor(type, `register "${name}"`) : undefined;
  const shape = declared?.shape?.map((size) => (typeof size === "number" ? size : Number.NaN));
  if (declared === undefined || declared.narrow !== undefined || !shape?.every(Number.isInteger))
    throw malformed(`the register "${name}" is no tensor of a known shape`);
  return register(name, declared.dtype, shape);
}

function inputOf({ name, type }: ValueSource, dims: Bindings): Value {
  if (type?.kind === "other") throw unsupported(type.text, `input "${name}" is no tensor`);
  if (type !== undefined && type.kind !== "tensor")
    throw new UnboundInputError("fromOnnx", `what the ${type.kind} value "${name}" holds`, [name]);
  const declared = type && declaredTensor(type, `input "${name}"`);
  if (declared?.shape === undefined) {
    throw new AdjointError(
      "shape",
      "fromOnnx",
      `the model does not say the ${declared === undefined ? "type" : "rank"} of input "${name}"`,
      "Bind it as a constant, or declare it in the model.",
    );
  }
  const tensor = input(name, declared.dtype, inputShape(name, declared.shape, dims));
  return declared.narrow === undefined ? tensor : new NarrowTensor(tensor, declared.narrow);
}

/** The tensors of an output under the names that they get. */
function namedTensors(name: string, value: Value): readonly (readonly [string, Tensor])[] {
  if (value instanceof Sequence)
    return value.items.flatMap((item, index) => namedTensors(`${name}.${index}`, item));
  return tensorsOf(value).map((tensor) => [name, tensor] as const);
}
