import { AdjointError } from "@adjoint/ir";
import { type Issue, type Parsed, safeParse } from "@adjoint/ir/schema";
import { unsupported } from "../errors.ts";
import { dropped } from "../operators/older.ts";
import type { Form, Operator } from "../operators/row.ts";
import { type Attributes, noAttributes } from "./attributes.ts";
import { type Value, asTensor } from "./value.ts";

/** Before this version many operators carried `consumed_inputs`, a hint for working in place. */
const DROPS_CONSUMED = 6;

/** Problems of a node's attributes that a message tells of. */
const MOST_ISSUES = 8;

/** The newest operator set whose operators are known. */
export const NEWEST_OPSET = 28;

/** A node's inputs and checked attributes in the newest form of its operator. */
export function newestForm(
  row: Operator,
  version: number,
  form: AnyForm,
): { readonly attributes: unknown; readonly inputs: readonly (Value | undefined)[] } {
  const [oldest = 1] = row.since;
  if (version < oldest)
    throw unsupported(
      row.name,
      `it is part of operator sets from ${oldest} on, and the model's is ${version}`,
    );
  const conversions = row.older.filter(({ before }) => version < before).map(({ convert }) => convert);
  if (version < DROPS_CONSUMED) conversions.unshift(dropped("consumed_inputs"));
  const newest = conversions.length === 0 ? form : converted(row, form, conversions);
  const parsed = parsedAttributes(row, newest.attributes);
  if (!parsed.success)
    throw new AdjointError(
      "attribute",
      row.name,
      parsed.issues.slice(0, MOST_ISSUES).map(issueText).join("; "),
    );
  return { attributes: parsed.data, inputs: newest.inputs };
}

/** The defaults of a row's schema. */
const defaults = new WeakMap<Operator, Parsed<unknown>>();

function parsedAttributes(row: Operator, attributes: Attributes): Parsed<unknown> {
  if (attributes !== noAttributes) return safeParse(row.attributes, attributes);
  const known = defaults.get(row) ?? safeParse(row.attributes, attributes);
  defaults.set(row, known);
  return known;
}

/** A node's attributes and inputs as its graph gives them. */
interface AnyForm {
  readonly attributes: Attributes;
  readonly inputs: readonly (Value | undefined)[];
}

/** The forms that need a conversion are older than values that are not tensors. */
function converted(row: Operator, form: AnyForm, conversions: readonly ((form: Form) => Form)[]): Form {
  const inputs = form.inputs.map((value) => value && asTensor(value, row.name));
  return conversions.reduce<Form>((older, convert) => convert(older), { ...form, inputs });
}

const issueText = (issue: Issue): string =>
  issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
