import { AdjointError, type Bindings, type Graph, type Tensor, input, program } from "@adjoint/ir";
import { NEWEST_OPSET } from "./import/convert.ts";
import { type ModelContext, defineInitializers, importNodes } from "./import/graph.ts";
import { Knowledge } from "./import/known.ts";
import { Scope } from "./import/scope.ts";
import { OutputCheck, boundValue, declaredTensor, inputShape } from "./import/types.ts";
import { functionsOf, usedOperators } from "./import/used-operators.ts";
import { type HostValue, NarrowTensor, Sequence, type Value, tensorsOf } from "./import/value.ts";
import { UnboundInputError, UnsupportedError, malformed, unsupported } from "./errors.ts";
import { openInputs } from "./inspect.ts";
import { operators } from "./operators/index.ts";
import { decodeModel } from "./proto/decode.ts";
import type { ModelSource, ValueSource } from "./proto/model.ts";
import type { ExternalData } from "./tensor.ts";

/** How a model is imported. */
export interface ImportOptions {
  /**
   * Inputs that become constants, where the model computes shapes, axes or counts from them; sequences (lists) and
   * optional values (null for nothing) are always bound.
   */
  readonly constants?: { readonly [input: string]: HostValue };
  /** Sizes for the model's symbols. */
  readonly dims?: Bindings;
  /** Gives the bytes of files that the model keeps weights in. */
  readonly externalData?: ExternalData;
}

/**
 * A graph from the bytes of an ONNX model: operator sets 1 to 28. Weights are constants; symbols in declared shapes are
 * symbolic sizes; shape computations fold away. An output that is a sequence is one output for each item, "y.0", "y.1"…
 * @throws UnsupportedError naming everything that can't be imported.
 * @throws UnboundInputError naming the inputs to bind, where a shape depends on their values.
 * @throws AdjointError for broken bytes, names that nothing defines, and shapes that contradict the declared ones.
 */
export function fromOnnx(bytes: Uint8Array, options: ImportOptions = {}): Graph {
  try {
    return importModel(bytes, options);
  } catch (error) {
    // Counts and nesting that only a hostile file has.
    if (error instanceof RangeError) throw malformed(`the model exceeds what can be held (${error.message})`);
    throw error;
  }
}

function importModel(bytes: Uint8Array, options: ImportOptions): Graph {
  const { constants = {}, dims = {}, externalData } = options;
  const source = decodeModel(bytes);
  const model = contextOf(source, externalData);
  const scope = new Scope();
  const inputs = defineInputs(source, scope, { constants, dims });
  defineInitializers(model, source.graph, scope);
  importNodes(model, source.graph.nodes, { opsets: source.opsets, outer: {}, scope, depth: 0 });
  const check = new OutputCheck(Object.values(inputs), dims);
  const outputs = source.graph.outputs.flatMap((declared) => {
    const value = scope.read(declared.name, "the model's output");
    check.check(declared, value);
    return namedTensors(declared.name, value);
  });
  if (outputs.length === 0) throw malformed("the model has no outputs");
  return program({ inputs, outputs: Object.fromEntries(outputs) });
}

function contextOf(source: ModelSource, externalData: ExternalData | undefined): ModelContext {
  const opset = source.opsets.get("");
  if (opset !== undefined && (opset < 1 || opset > NEWEST_OPSET))
    throw unsupported(`operator set ${opset}`, `operator sets 1 to ${NEWEST_OPSET} can be imported`);
  const unknown = [...usedOperators(source)].filter(([key]) => !operators.has(key));
  if (unknown.length > 0)
    throw new UnsupportedError(new Map(unknown), "the model uses operators that can't be imported");
  return {
    operators,
    functions: functionsOf(source),
    externalData,
    knowledge: new Knowledge(),
    bindable: new Set(source.graph.inputs.map(({ name }) => name)),
  };
}

/** The inputs that stay inputs: old models list their weights among them, and callers may bind others. */
function defineInputs(
  source: ModelSource,
  scope: Scope,
  { constants, dims }: Required<Pick<ImportOptions, "constants" | "dims">>,
): { readonly [name: string]: Tensor } {
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
  for (const declared of open) {
    const bound = constants[declared.name];
    const value =
      bound === undefined ? inputOf(declared, dims) : boundValue(declared.name, declared.type, bound);
    scope.define(declared.name, value);
    const [tensor] = tensorsOf(value);
    if (bound === undefined && tensor !== undefined) inputs.set(declared.name, tensor);
  }
  return Object.fromEntries(inputs);
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
