import { type Schema, safeParse } from "../schema.ts";
import { applyComposite, defineComposite } from "../composite.ts";
import { type DType, isFloat } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import type { Composite, Cotangent, Node, Tensor } from "../tensor.ts";
import { type Domain, checkDomain } from "../ops/elementwise.ts";
import { isNarrow, widened } from "../ops/widely.ts";
import { operand } from "../primitive.ts";
import type { None } from "../primitive-set.ts";
import { equalShapes } from "../shape.ts";

/** A composite that can tell what is wrong with its operands before a body is built over them. */
export interface CheckedComposite<A = unknown> extends Composite<A> {
  /** Refuses operands, by the names and types that the caller knows them by. */
  check(inputs: readonly Tensor[], attributes: A): void;
}

/** What defines a composite. */
export interface Definition<A> {
  readonly name: string;
  /** How many inputs it takes: a count, or the least and the most. */
  readonly arity: number | readonly [number, number];
  /** Absent where it has no attributes. */
  readonly attributes?: Schema<A>;
  /** It moves or selects elements and rounds nothing, so that 16-bit floats need no wider type. */
  readonly exact?: boolean;
  /** Further conditions; where absent all inputs must be floats of one dtype. */
  check?(inputs: readonly Tensor[], attributes: A): void;
  build(inputs: readonly Tensor[], attributes: A): Tensor | readonly Tensor[];
  /** One cotangent for each input, from that of the first output. */
  gradient?(g: Tensor, node: Node<A>): readonly Cotangent[];
  /** The same from those of all outputs, some of which may have none. */
  gradients?(cotangents: readonly Cotangent[], node: Node<A>): readonly Cotangent[];
}

/** Defines a composite. Of f16 and bf16 its body and its gradient compute in f32, and round their results once. */
// @__NO_SIDE_EFFECTS__
export function define<A = None>(definition: Definition<A>): CheckedComposite<A> {
  const { name, arity, attributes, gradient, gradients, build, exact = false } = definition;
  const [least, most] = typeof arity === "number" ? [arity, arity] : arity;
  const check = (inputs: readonly Tensor[], given: A): void => {
    if (inputs.length < least || inputs.length > most) {
      const count = least === most ? `${least}` : `${least} to ${most}`;
      throw new AdjointError("graph", name, `takes ${count} operands and got ${inputs.length}`);
    }
    if (definition.check === undefined) checkDTypes(name, inputs);
    else definition.check(inputs, given);
  };
  const narrowAmong = (inputs: readonly Tensor[]): Tensor | undefined =>
    exact ? undefined : inputs.find(isNarrow);
  const pull = (node: Node<A>, cotangents: readonly Cotangent[]): readonly Cotangent[] => {
    const [g] = cotangents;
    if (gradients !== undefined) return gradients(cotangents, node);
    return g === undefined || gradient === undefined ? node.inputs.map(() => undefined) : gradient(g, node);
  };
  const defined = defineComposite<A>({
    name,
    ...(attributes && { attributes }),
    build(inputs, given) {
      check(inputs, given);
      const narrow = narrowAmong(inputs);
      const result = build(narrow === undefined ? inputs : inputs.map(widened), given);
      const results = "node" in result ? [result] : result;
      return narrow === undefined ? results : results.map((wide) => roundedTo(narrow.dtype, wide));
    },
    ...((gradient ?? gradients) && {
      gradient(node: Node<A>, cotangents: readonly Cotangent[]) {
        if (narrowAmong(node.inputs) === undefined) return pull(node, cotangents);
        // After inlining its nodes are those of the body, so nothing is computed twice.
        const [wide] = applyComposite(operation, node.inputs.map(widened), node.attributes);
        if (wide === undefined) return [];
        // The node was made by this composite, so its attributes are the composite's.
        const pulled = pull(
          wide.node as Node<A>,
          cotangents.map((cotangent) => cotangent && widened(cotangent)),
        );
        return pulled.map((cotangent, index) => cotangent?.cast(operand(node.inputs, index).dtype));
      },
    }),
  });
  const operation: CheckedComposite<A> = { ...defined, check };
  return operation;
}

/** Floats that were computed widely; what is no float stays. */
const roundedTo = (dtype: DType, x: Tensor): Tensor => (isFloat(x.dtype) ? x.cast(dtype) : x);

/** What the gradient of a composite of one operand may use. */
export interface Pulled<A> {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly g: Tensor;
  readonly attributes: A;
}

/** Options of a composite of one operand. */
export interface UnaryOptions<A> extends Pick<Definition<A>, "attributes" | "check" | "exact"> {
  readonly gradient?: (parts: Pulled<A>) => Cotangent;
}

/** Defines a composite of one operand and one output. */
// @__NO_SIDE_EFFECTS__
export function defineUnary<A = None>(
  name: string,
  build: (x: Tensor, attributes: A) => Tensor,
  { gradient, ...rest }: UnaryOptions<A> = {},
): CheckedComposite<A> {
  return define<A>({
    name,
    arity: 1,
    ...rest,
    build: (inputs, attributes) => build(operand(inputs, 0), attributes),
    ...(gradient && {
      gradient: (g: Tensor, node: Node<A>) => [
        gradient({ x: operand(node.inputs, 0), y: node.output, g, attributes: node.attributes }),
      ],
    }),
  });
}

/** The outputs of one node, its attributes and operands checked. */
export function outputsOf<A>(
  operation: CheckedComposite<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  const parsed = safeParse(operation.attributes, attributes);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new AdjointError("attribute", operation.name, problems.join("; "));
  }
  operation.check(inputs, attributes);
  return applyComposite(operation, inputs, attributes);
}

/** The only output of one node, its attributes and operands checked. */
export const outputOf = <A>(
  operation: CheckedComposite<A>,
  inputs: readonly Tensor[],
  attributes: A,
): Tensor => operand(outputsOf(operation, inputs, attributes), 0);

/** Refuses tensors that are no floats (or not of the domain given) or differ in dtype. */
export function checkDTypes(name: string, tensors: readonly Tensor[], domain: Domain = "float"): void {
  const [first, ...rest] = tensors;
  if (first === undefined) return;
  checkDomain(name, domain, first);
  const other = rest.find((tensor) => tensor.dtype !== first.dtype);
  if (other !== undefined) {
    throw new AdjointError(
      "dtype",
      name,
      `dtypes differ: ${first} and ${other}`,
      `Promotion is explicit: cast one of them, for example with .cast("${first.dtype}").`,
    );
  }
}

/** Refuses a tensor whose shape is not `shape`, where stretching it would hide a mistake. */
export function checkShape(name: string, tensor: Tensor, shape: Tensor["shape"], what: string): void {
  if (equalShapes(tensor.shape, shape)) return;
  throw new AdjointError(
    "shape",
    name,
    `${what} must have shape [${shape.map(String).join(", ")}] and is ${tensor}`,
    "Reshape it.",
  );
}

/** Refuses attributes that don't go with the operands. */
export function checkAttribute(name: string, holds: boolean, problem: string): void {
  if (!holds) throw new AdjointError("attribute", name, problem);
}
