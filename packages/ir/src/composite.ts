import type { Schema } from "./schema.ts";
import { checkClosed, checkLevels, numbered } from "./closure.ts";
import { AdjointError } from "./error.ts";
import {
  type Composite,
  type Cotangent,
  type Graph,
  type Node,
  type Operand,
  type Tensor,
  apply,
} from "./tensor.ts";
import { isTensor } from "./primitive.ts";
import { noAttributes } from "./primitive.ts";
import { constant, input } from "./ops/source.ts";
import { currentOrigin, withOrigin } from "./origin.ts";

/** What defines a composite: one function over other operations. */
export interface CompositeDefinition<A> {
  readonly name: string;
  /** Absent where it has no attributes. */
  readonly attributes?: Schema<A>;
  build(inputs: readonly Tensor[], attributes: A): readonly Tensor[];
  /** Replaces the gradient of the body where that would be less stable or slower. */
  gradient?(node: Node<A>, cotangents: readonly Cotangent[]): readonly Cotangent[];
}

/** Names that text and JSON know composites by. */
export type CompositeTable = ReadonlyMap<string, Composite>;

/** Makes a composite operation; `applyComposite` makes its nodes. */
// @__NO_SIDE_EFFECTS__
export function defineComposite<A>(definition: CompositeDefinition<A>): Composite<A> {
  return {
    kind: "composite",
    // Without a schema A is the type of no attributes: definitions with attributes must give one to be readable from text.
    attributes: (definition.attributes ?? noAttributes) as Schema<A>,
    infer: (_, __, graphs) => Object.values(graphs[0]?.outputs ?? {}).map((output) => output.type),
    ...definition,
  };
}

/** One named node, with its body beside it until the inline pass. */
export function applyComposite<A>(
  operation: Composite<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  const origin = currentOrigin();
  // All nodes of the body come from the line that uses the composite.
  const body = withOrigin(origin, () => buildBody(operation, inputs, attributes));
  return apply(operation, inputs, attributes, [body], origin).outputs;
}

function buildBody<A>(operation: Composite<A>, inputs: readonly Tensor[], attributes: A): Graph {
  const parameters = inputs.map((tensor, index) => input(`${index}`, tensor.dtype, tensor.shape));
  const results = operation.build(parameters, attributes);
  const body: Graph = { inputs: numbered(parameters), outputs: numbered(results), updates: [] };
  checkClosed(operation.name, body);
  checkLevels(operation.name, body);
  return body;
}

/** A function of tensors that makes one composite node. */
export interface CompositeFunction {
  (...inputs: readonly Operand[]): Tensor;
  readonly operation: Composite<Record<never, never>>;
}

/**
 * Names a function of tensors as one operation: its shape, gradient and every backend follow from the body.
 * @example const softplus = composite("softplus", (x) => x.max(0).add(x.abs().neg().exp().log1p()));
 */
export function composite(
  name: string,
  build: (...inputs: readonly Tensor[]) => Tensor,
  options: Pick<CompositeDefinition<Record<never, never>>, "gradient"> = {},
): CompositeFunction {
  const operation = defineComposite<Record<never, never>>({
    name,
    build: (inputs) => [build(...inputs)],
    ...options,
  });
  const call = (...inputs: readonly Operand[]): Tensor => {
    const like = inputs.find(isTensor);
    if (like === undefined) throw new AdjointError("graph", name, "needs at least one tensor");
    const tensors = inputs.map((value) => (isTensor(value) ? value : constant(value, like.dtype)));
    const [output] = applyComposite(operation, tensors, {});
    if (output === undefined) throw new AdjointError("graph", name, "the body has no output");
    return output;
  };
  return Object.assign(call, { operation });
}
