import {
  type Schema,
  array,
  checked,
  oneOf,
  int,
  literal,
  minLength,
  minimum,
  optional,
  safeParse,
  strictObject,
  string,
  tuple,
  union,
  unknown,
} from "../schema.ts";
import { type DType, dtypes } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { isRecord } from "./fold.ts";
import type { Json } from "./json-value.ts";

/** A node by its index in the list, and the index of its output. */
export type Reference = readonly [node: number, output: number];

export interface TypeJson {
  readonly dtype: DType;
  /** Symbolic sizes are strings, such as `2*batch + 1`. */
  readonly shape: readonly (number | string)[];
}

interface NodeOf<Attributes, Body> {
  readonly operation: string;
  readonly attributes: Attributes;
  readonly inputs: readonly Reference[];
  /** Bodies of control operations. */
  readonly graphs?: readonly Body[] | undefined;
  /** Of the outputs. */
  readonly types: readonly TypeJson[];
  /** The layer the node was made in. */
  readonly scope?: string | undefined;
}

interface BodyOf<N> {
  /** Each after its inputs. */
  readonly nodes: readonly N[];
  readonly inputs: readonly NamedJson[];
  readonly outputs: readonly NamedJson[];
  readonly updates: readonly { readonly register: Reference; readonly next: Reference }[];
}

export interface NamedJson {
  readonly name: string;
  readonly value: Reference;
}

export interface NodeJson extends NodeOf<Json, BodyJson> {}
export interface BodyJson extends BodyOf<NodeJson> {}

/** Result of `serialize`. */
export interface GraphJson extends BodyJson {
  readonly format: "adjoint-graph";
  readonly version: 1;
}

/** A node whose attributes and bodies are still to be checked. */
export interface UncheckedNode extends NodeOf<unknown, unknown> {}
export interface UncheckedBody extends BodyOf<unknown> {}

const count = checked(int(), minimum(0));
const reference = tuple([count, count]);
const named = strictObject({ name: string(), value: reference });
const nodeSchema: Schema<UncheckedNode> = strictObject({
  operation: string(),
  attributes: unknown(),
  inputs: array(reference),
  // Checked one by one: a schema that calls itself has no limit of depth.
  graphs: optional(array(unknown())),
  types: array(
    strictObject({
      dtype: oneOf(dtypes),
      shape: array(union([count, checked(string(), minLength(1))])),
    }),
  ),
  scope: optional(string()),
});
const body = {
  // Checked one by one: a schema would tell of each of a million bad ones.
  nodes: array(unknown()),
  inputs: array(named),
  outputs: array(named),
  updates: array(strictObject({ register: reference, next: reference })),
};
const bodySchema: Schema<UncheckedBody> = strictObject(body);
const graphSchema: Schema<UncheckedBody> = strictObject({
  format: literal("adjoint-graph"),
  version: literal(1),
  ...body,
});

const refuse = (path: string, problem: string, remedy = ""): AdjointError =>
  new AdjointError("text", "deserialize", `${path}: ${problem}`, remedy);

/** Checks the envelope of a whole graph. @throws AdjointError for another format or version. */
export function checkGraph(json: unknown): UncheckedBody {
  if (!isRecord(json) || json["format"] !== "adjoint-graph") {
    throw refuse("format", `expected an object with format "adjoint-graph"`);
  }
  const { version } = json;
  if (version !== 1) {
    const found = typeof version === "number" ? String(version) : typeof version;
    throw refuse(
      "version",
      `this release reads version 1 and found ${found}`,
      "Use the release that wrote it, or a newer one.",
    );
  }
  return checkWith(graphSchema, json, "");
}

/** Checks the envelope of a body. @throws AdjointError with the path of the fault. */
export const checkBody = (json: unknown, path: string): UncheckedBody => checkWith(bodySchema, json, path);

/** Checks the envelope of a node. @throws AdjointError with the path of the fault. */
export const checkNode = (json: unknown, path: string): UncheckedNode =>
  checkWith(nodeSchema, json, `${path}.`);

function checkWith<T>(schema: Schema<T>, json: unknown, path: string): T {
  const result = safeParse(schema, json);
  if (result.success) return result.data;
  const [issue] = result.issues;
  const inner = issue?.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)) ?? [];
  const place = `${path}${inner.join("")}`.replace(/^\./, "").replace("..", ".").replace(/\.$/, "");
  throw refuse(place === "" ? "graph" : place, issue?.message ?? "is malformed");
}
