import {
  AdjointError,
  type Bindings,
  type Graph,
  type Tensor,
  type TensorValue,
  constant,
  input,
  program,
} from "@adjoint/ir";
import { NEWEST_OPSET } from "./import/convert.ts";
import { type ModelContext, defineInitializers, importNodes } from "./import/graph.ts";
import { Knowledge } from "./import/known.ts";
import { Scope } from "./import/scope.ts";
import { OutputCheck, checkConstant, declaredType, inputShape } from "./import/types.ts";
import { functionsOf, usedOperators } from "./import/used-operators.ts";
import { UnsupportedError, malformed, unsupported } from "./errors.ts";
import { openInputs } from "./inspect.ts";
import { operators } from "./operators/index.ts";
import { decodeModel } from "./proto/decode.ts";
import type { ModelSource, ValueSource } from "./proto/model.ts";
import type { ExternalData } from "./tensor.ts";

/** How a model is imported. */
export interface ImportOptions {
  /** Inputs that become constants, where the model computes shapes, axes or counts from them. */
  readonly constants?: { readonly [input: string]: TensorValue };
  /** Sizes for the model's symbols. */
  readonly dims?: Bindings;
  /** Gives the bytes of files that the model keeps weights in. */
  readonly externalData?: ExternalData;
}

/**
 * A graph from the bytes of an ONNX model: operator sets 1 to 28. Weights are constants; symbols in declared shapes are
 * symbolic sizes; shape computations fold away.
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
  const outputs = source.graph.outputs.map((value): [string, Tensor] => {
    const tensor = scope.read(value.name, "the model's output");
    check.check(value, tensor);
    return [value.name, tensor];
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
  for (const value of open) {
    const bound = constants[value.name];
    const tensor = bound === undefined ? inputOf(value, dims) : constantOf(value, bound);
    scope.define(value.name, tensor);
    if (bound === undefined) inputs.set(value.name, tensor);
  }
  return Object.fromEntries(inputs);
}

function inputOf(value: ValueSource, dims: Bindings): Tensor {
  const type = declaredType(value, "input");
  if (type?.shape === undefined) {
    throw new AdjointError(
      "shape",
      "fromOnnx",
      `the model does not say the ${type === undefined ? "type" : "rank"} of input "${value.name}"`,
      "Bind it as a constant, or declare it in the model.",
    );
  }
  return input(value.name, type.dtype, inputShape(value.name, type.shape, dims));
}

function constantOf(value: ValueSource, bound: TensorValue): Tensor {
  const type = declaredType(value, "input");
  if (type !== undefined) checkConstant(value.name, type, bound);
  return constant(bound);
}
