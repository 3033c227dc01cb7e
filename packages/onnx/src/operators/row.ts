import {
  type Output,
  type Schema,
  custom,
  instanceOf,
  literal,
  nan,
  number,
  pipe,
  strictObject,
  transform,
  union,
} from "@adjoint/ir/schema";
import type { Tensor } from "@adjoint/ir";
import type { Attributes } from "../import/attributes.ts";
import type { OperatorContext } from "../import/context.ts";
import { SubGraph } from "../import/sub-graph.ts";
import type { Value } from "../import/value.ts";

/** A node's attributes and inputs, in the form of some version of the operator. */
export interface Form {
  readonly attributes: Attributes;
  readonly inputs: readonly (Tensor | undefined)[];
}

/** Changes the form of versions before one into the newer form. */
export interface Older {
  readonly before: number;
  convert(form: Form): Form;
}

/** An operator as importing sees it: one row of the table. */
export interface Operator {
  readonly name: string;
  /** "" is ONNX's own. */
  readonly domain: string;
  /** Versions of the operator set that brought or changed the operator, oldest first. */
  readonly since: readonly number[];
  /** Conversions of older forms, oldest first. */
  readonly older: readonly Older[];
  readonly attributes: Schema;
  readonly elements: Elements | undefined;
  /** Outputs over the context's inputs; its attributes are what the schema gave. */
  import(context: OperatorContext<never>): readonly Value[];
}

/**
 * The effect of an operator on elements of any type, narrow ones included: its outputs hold those of its first input,
 * or it reads none. Other operators ask for `context.value`, or refuse narrow elements.
 */
type Elements = "moved" | "unread";

interface Definition<S extends Schema> {
  readonly name: string;
  readonly domain?: string;
  readonly since: readonly number[];
  readonly older?: readonly Older[];
  /** Absent if the newest form has no attributes. */
  readonly attributes?: S;
  readonly elements?: Elements;
  import(context: OperatorContext<Output<S>>): Value | readonly Value[];
}

const isList = (outputs: Value | readonly Value[]): outputs is readonly Value[] => Array.isArray(outputs);

const none: Schema<Record<never, never>> = strictObject({});

/** Defines a row. */
export function operator<S extends Schema = typeof none>(definition: Definition<S>): Operator {
  return {
    domain: "",
    older: [],
    elements: undefined,
    ...definition,
    attributes: definition.attributes ?? none,
    import(context: OperatorContext<Output<S>>) {
      const outputs = definition.import(context);
      return isList(outputs) ? outputs : [outputs];
    },
  };
}

/** 0 or 1, as ONNX writes booleans. */
export const flag: Schema<boolean> = pipe(
  union([literal(0), literal(1)]),
  transform((value) => value === 1),
);
/** Whole numbers; one problem for all of them, of which a file may have millions. */
export const ints: Schema<readonly number[]> = custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every(Number.isSafeInteger),
  "must be whole numbers",
);
/** Any number: ONNX's floats. */
export const float: Schema<number> = union([number(), nan(), literal([Infinity, -Infinity])]);
export const subGraph: Schema<SubGraph> = instanceOf(SubGraph);

/** The name of an operator in tables and messages: `Conv`, `ai.onnx.ml.Scaler`. */
export const operatorKey = (domain: string, name: string): string =>
  domain === "" ? name : `${domain}.${name}`;
