import { type Schema, safeParse } from "./schema.ts";
import { checkClosed, checkLevels, numbered } from "./closure.ts";
import { checkDTypes } from "./composites/checks.ts";
import { type DType, isFloat } from "./dtype.ts";
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
import { constant, input } from "./ops/source.ts";
import { isNarrow, widened } from "./ops/widely.ts";
import { currentOrigin, withOrigin } from "./origin.ts";
import { isTensor, noAttributes, operand } from "./primitive.ts";
import type { None } from "./primitive-set.ts";

/** A function of tensors that makes nodes of one composite, which it carries. */
export interface CompositeFunction<P extends readonly unknown[] = readonly Operand[], R = Tensor> {
  (...parameters: P): R;
  readonly operation: Composite;
}

/** Operands in order; the last may be left out. */
export type CompositeInputs = readonly (Tensor | undefined)[];

/** The definition of a composite and of the function that makes its nodes. */
export interface CompositeDefinition<I extends CompositeInputs, A, P extends readonly unknown[], R = Tensor> {
  readonly name: string;
  /** The number of operands, or the least and the most. */
  readonly arity: number | readonly [number, number];
  /** Absent if it has no attributes. */
  readonly attributes?: Schema<A>;
  /** Operands and attributes from the parameters of the function. Defaults of options are filled in here. */
  readonly call: (...parameters: P) => readonly [inputs: readonly [...I], attributes: A];
  /** The result of the function; the first output if absent. */
  readonly result?: (outputs: readonly Tensor[]) => R;
  /** It moves or selects elements and rounds nothing, so that 16-bit floats need no wider type. */
  readonly exact?: boolean;
  /** Refuses operands. If absent, all must be floats of one dtype. */
  check?(inputs: I, attributes: A): void;
  build(inputs: I, attributes: A): Tensor | readonly Tensor[];
  /**
   * One cotangent for each input, from those of the outputs, some of which may have none. It replaces the gradient of the
   * body if that is less stable or slower.
   */
  gradient?(node: CompositeNode<I, A>, cotangents: readonly Cotangent[]): readonly Cotangent[];
}

/** A node of a composite with such inputs. */
type CompositeNode<I extends CompositeInputs, A> = Node<A> & { readonly inputs: I };

/** Names that text and JSON know composites by. */
export type CompositeTable = ReadonlyMap<string, Composite>;

/**
 * Defines a composite, and gives the function that makes its nodes. Of f16 and bf16 its body and its gradient compute in
 * f32, and round their results once. The function throws an `AdjointError` for attributes and operands that don't fit.
 */
// @__NO_SIDE_EFFECTS__
export function defineComposite<I extends CompositeInputs, A, P extends readonly unknown[], R = Tensor>(
  definition: CompositeDefinition<I, A, P, R>,
): CompositeFunction<P, R> {
  const operation = operationOf(definition);
  const { call, result } = definition;
  const build = (...parameters: P): R => {
    const [inputs, attributes] = call(...parameters);
    const parsed = safeParse(operation.attributes, attributes);
    if (!parsed.success) {
      const problems = parsed.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      throw new AdjointError("attribute", operation.name, problems.join("; "));
    }
    const given = inputs.filter((tensor) => tensor !== undefined);
    const outputs = applyComposite(operation, given, attributes);
    // Without `result` R is the type of the first output.
    return result === undefined ? (operand(outputs, 0) as R) : result(outputs);
  };
  return Object.assign(build, { operation });
}

/** One named node, its operands checked, with its body beside it until the inline pass. */
export function applyComposite<A>(
  operation: Composite<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  operation.check(inputs, attributes);
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

function operationOf<I extends CompositeInputs, A, P extends readonly unknown[], R>(
  definition: CompositeDefinition<I, A, P, R>,
): Composite<A> {
  const { name, arity, attributes, exact = false, gradient } = definition;
  const [least, most] = typeof arity === "number" ? [arity, arity] : arity;
  // The check below counts them.
  const counted = (inputs: readonly Tensor[]): I => inputs as CompositeInputs as I;
  const narrowAmong = (inputs: readonly Tensor[]): Tensor | undefined =>
    exact ? undefined : inputs.find(isNarrow);
  const operation: Composite<A> = {
    name,
    kind: "composite",
    // Without a schema A is the type of no attributes: definitions with attributes must give one to be readable from text.
    attributes: (attributes ?? noAttributes) as Schema<A>,
    infer: (_, __, graphs) => Object.values(graphs[0]?.outputs ?? {}).map((output) => output.type),
    check(inputs, given) {
      if (inputs.length < least || inputs.length > most) {
        const count = least === most ? `${least}` : `${least} to ${most}`;
        throw new AdjointError("graph", name, `takes ${count} operands and got ${inputs.length}`);
      }
      if (definition.check === undefined) checkDTypes(name, inputs);
      else definition.check(counted(inputs), given);
    },
    build(inputs, given) {
      const narrow = narrowAmong(inputs);
      const wide = narrow === undefined ? inputs : inputs.map(widened);
      const result = definition.build(counted(wide), given);
      const results = "node" in result ? [result] : result;
      return narrow === undefined ? results : results.map((output) => roundedTo(narrow.dtype, output));
    },
    ...(gradient && {
      gradient(node: Node<A>, cotangents: readonly Cotangent[]) {
        const pull = (made: Node, pulled: readonly Cotangent[]): readonly Cotangent[] =>
          // The node was made by this composite, so its inputs were counted and its attributes are the composite's.
          gradient(made as CompositeNode<I, A>, pulled);
        if (narrowAmong(node.inputs) === undefined) return pull(node, cotangents);
        // After inlining its nodes are those of the body, so nothing is computed twice.
        const [wide] = applyComposite(operation, node.inputs.map(widened), node.attributes);
        if (wide === undefined) return [];
        const pulled = pull(
          wide.node,
          cotangents.map((cotangent) => cotangent && widened(cotangent)),
        );
        return pulled.map((cotangent, index) => cotangent?.cast(operand(node.inputs, index).dtype));
      },
    }),
  };
  return operation;
}

/** Floats that were computed widely; what is not a float stays. */
const roundedTo = (dtype: DType, x: Tensor): Tensor => (isFloat(x.dtype) ? x.cast(dtype) : x);

/**
 * Names a function of tensors as one operation: its shape, gradient and every backend follow from the body. Numbers among
 * the operands take the dtype of the first tensor.
 * @example const softplus = composite("softplus", (x) => x.max(0).add(x.abs().neg().exp().log1p()));
 */
// @__NO_SIDE_EFFECTS__
export function composite(
  name: string,
  build: (...inputs: readonly Tensor[]) => Tensor,
  options: Pick<CompositeDefinition<readonly Tensor[], None, readonly Operand[]>, "gradient"> = {},
): CompositeFunction {
  return defineComposite({
    name,
    arity: [1, Infinity],
    call: (...values: readonly Operand[]) => {
      const like = values.find(isTensor);
      if (like === undefined) throw new AdjointError("graph", name, "needs at least one tensor");
      return [values.map((value) => (isTensor(value) ? value : constant(value, like.dtype))), {}];
    },
    // Its author's operations say what they take and how they round.
    exact: true,
    check: () => undefined,
    build: (inputs) => build(...inputs),
    ...options,
  });
}
