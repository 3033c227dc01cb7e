import { type CompositeTable, applyComposite } from "../composite.ts";
import type { SymbolicDim } from "../dim.ts";
import { AdjointError } from "../error.ts";
import { type Graph, type Operation, type Tensor, type Update, apply, registerOf } from "../tensor.ts";
import { primitives } from "../ops/table.ts";
import { safeParse } from "../schema.ts";
import { type TensorType, equalTypes, typeText } from "../shape.ts";
import { type ValueWriter, foldValue } from "./fold.ts";
import { checkDims, checkOperands } from "./limits.ts";
import { impliedAttributes } from "./listing.ts";

/** Options of `parse` and `deserialize`. */
export interface ReadOptions {
  /** Composites by name; a graph that holds another one is refused. */
  readonly composites?: CompositeTable;
}

/** A node as text and JSON give it. */
export interface NodeParts {
  readonly operation: string;
  readonly attributes: { readonly [key: string]: unknown };
  readonly inputs: readonly Tensor[];
  readonly graphs: readonly Graph[];
  /** The declared types of the outputs. */
  readonly types: readonly TensorType[];
}

/**
 * Makes a node from parts that are not checked yet, and returns its outputs.
 * @throws AdjointError for an unknown operation, attributes or operands that it refuses, or types other than declared.
 */
export function buildNode(parts: NodeParts, options: ReadOptions): readonly Tensor[] {
  const operation = operationOf(parts.operation, options);
  const attributes = checkedAttributes(operation, parts);
  checkOperands(parts.inputs.map((tensor) => tensor.shape));
  if (parts.graphs.length > 0 && operation.kind !== "control") {
    throw refuse(operation.name, "takes no bodies");
  }
  const outputs =
    operation.kind === "composite"
      ? applyComposite<unknown>(operation, parts.inputs, attributes)
      : apply(operation, parts.inputs, attributes, parts.graphs).outputs;
  const inferred = outputs.map((output) => output.type);
  const agree =
    inferred.length === parts.types.length &&
    inferred.every((type, index) => parts.types[index] !== undefined && equalTypes(type, parts.types[index]));
  if (!agree) {
    throw refuse(operation.name, `is declared ${typesText(parts.types)} and gives ${typesText(inferred)}`);
  }
  return outputs;
}

const typesText = (types: readonly TensorType[]): string => types.map(typeText).join(", ") || "nothing";

const refuse = (operation: string, problem: string, remedy = ""): AdjointError =>
  new AdjointError("text", operation, problem, remedy);

function operationOf(name: string, { composites }: ReadOptions): Operation {
  const known: { readonly [name: string]: Operation } = primitives;
  const operation = (Object.hasOwn(known, name) ? known[name] : undefined) ?? composites?.get(name);
  if (operation !== undefined) return operation;
  throw refuse(
    JSON.stringify(name),
    "is not a primitive and not among the composites given",
    "Give its definition in { composites }.",
  );
}

function checkedAttributes(operation: Operation, { attributes, types }: NodeParts): unknown {
  const [first] = types;
  const implied = impliedAttributes(operation).map((key) => [key, first?.[key]]);
  const result = safeParse<unknown>(operation.attributes, {
    ...Object.fromEntries(implied),
    ...attributes,
  });
  if (!result.success) {
    const problems = result.issues.map((issue) =>
      [issue.path.map(String).join("."), issue.message].filter((part) => part !== "").join(": "),
    );
    throw refuse(operation.name, `its attributes don't fit: ${problems.join("; ")}`);
  }
  foldValue(checker, result.data, "attributes");
  return result.data;
}

const none = (): readonly SymbolicDim[] => [];
const checked = (dims: readonly SymbolicDim[]): readonly SymbolicDim[] => {
  checkDims(dims);
  return [];
};

/** Writes nothing: it looks at the sizes in every list, which a schema may have read from strings. */
const checker: ValueWriter<readonly SymbolicDim[]> = {
  plain: none,
  number: none,
  bigint: none,
  dim: (dim) => [dim],
  tensor: none,
  list: (items) => checked(items.flat()),
  record: (entries) => {
    const keys = new Set(entries.map(([key]) => key));
    // Schemas know a tensor value by its keys; one whose data are not a typed array would fail only when it is computed.
    if (["dtype", "shape", "data"].every((key) => keys.has(key))) {
      throw refuse("attributes", "a record stands where a tensor value is wanted");
    }
    return checked(entries.flatMap(([, dims]) => dims));
  },
};

/**
 * The update of a register.
 * @param updated names of the registers that have one already; this one joins them.
 * @throws AdjointError if it is not a register, has an update already, or the types differ.
 */
export function buildUpdate(register: Tensor, next: Tensor, updated: Set<string>): Update {
  const attributes = registerOf(register);
  const title = `register "${attributes.name}"`;
  if (updated.has(attributes.name)) throw refuse(title, "has two updates");
  updated.add(attributes.name);
  if (!equalTypes(attributes, next.type)) {
    throw refuse(title, `is ${typeText(attributes)} and its update is ${typeText(next.type)}`);
  }
  return { register, next };
}

/**
 * Runs a step of reading; what it throws names the place in the text or JSON.
 * Every error becomes an AdjointError: schemas and type rules of composites are the user's code.
 */
export function located<T>(operation: string, place: () => string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const outer = new AdjointError("text", operation, `${place()}: ${problem}`);
    outer.cause = error;
    throw outer;
  }
}
