import { AdjointError, type Tensor } from "@adjoint/ir";
import type { z } from "zod";
import { unsupported } from "../errors.ts";
import { dropped } from "../operators/older.ts";
import type { Form, Operator } from "../operators/row.ts";

/** Before this version many operators carried `consumed_inputs`, a hint for working in place. */
const DROPS_CONSUMED = 6;

/** The newest operator set whose operators are known. */
export const NEWEST_OPSET = 28;

/** A node's inputs and checked attributes in the newest form of its operator. */
export function newestForm(
  row: Operator,
  version: number,
  form: Form,
): { readonly attributes: unknown; readonly inputs: readonly (Tensor | undefined)[] } {
  const [oldest = 1] = row.since;
  if (version < oldest)
    throw unsupported(
      row.name,
      `it is part of operator sets from ${oldest} on, and the model's is ${version}`,
    );
  let newest = version < DROPS_CONSUMED ? dropped("consumed_inputs")(form) : form;
  for (const { before, convert } of row.older) if (version < before) newest = convert(newest);
  const parsed = row.attributes.safeParse(newest.attributes);
  if (!parsed.success)
    throw new AdjointError("attribute", row.name, parsed.error.issues.map(issueText).join("; "));
  return { attributes: parsed.data, inputs: newest.inputs };
}

const issueText = (issue: z.core.$ZodIssue): string =>
  issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
