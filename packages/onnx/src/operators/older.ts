import { type Tensor, constant, unsqueeze, valueOf } from "@adjoint/ir";
import type { Attribute } from "../import/attributes.ts";
import { malformed } from "../errors.ts";
import type { Form, Older } from "./row.ts";

/** A conversion of the forms before a version. */
export const before = (version: number, convert: (form: Form) => Form): Older => ({
  before: version,
  convert,
});

/** Attributes that became inputs, in the order of the inputs from `at` on; floats take the dtype of input 0. */
export function toInputs(at: number, ...names: readonly string[]): (form: Form) => Form {
  return ({ attributes, inputs }) => {
    const own = [...inputs];
    while (own.length < at) own.push(undefined);
    names.forEach((name, index) => (own[at + index] = attributeTensor(name, attributes[name], inputs[0])));
    return { attributes: without(attributes, names), inputs: own };
  };
}

/** Attributes that a newer version dropped, for nothing depends on them. */
export const dropped =
  (...names: readonly string[]): ((form: Form) => Form) =>
  ({ attributes, inputs }) => ({ attributes: without(attributes, names), inputs });

const without = (attributes: Form["attributes"], names: readonly string[]): Form["attributes"] =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

/** Names of float attributes that became inputs; they take the dtype of the operator's first input. */
const FLOATS: ReadonlySet<string> = new Set(["min", "max", "value", "ratio", "scales"]);

/** A list becomes a vector, a number a scalar; whole numbers are i64. */
function attributeTensor(name: string, value: Attribute | undefined, like?: Tensor): Tensor | undefined {
  if (value === undefined) return undefined;
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  const numbers = elements.map((element) => {
    if (typeof element === "number" || typeof element === "bigint") return element;
    throw malformed(`attribute "${name}" holds no numbers`);
  });
  const dtype = like !== undefined && FLOATS.has(name) ? like.dtype : "i64";
  return constant(valueOf(dtype, Array.isArray(value) ? [numbers.length] : [], numbers));
}

/** Broadcasting before opset 7: the second operand's axes begin at attribute `axis` of the first. */
export const legacyBroadcast: Older = before(7, ({ attributes, inputs }) => {
  const [a, b] = inputs;
  const { axis } = attributes;
  const rest = without(attributes, ["axis", "broadcast"]);
  if (a === undefined || b === undefined || typeof axis !== "number") return { attributes: rest, inputs };
  const start = axis < 0 ? axis + a.rank : axis;
  const behind = a.rank - start - b.rank;
  if (start < 0 || behind < 0) throw malformed(`attribute "axis" is ${axis}, for ${a} and ${b}`);
  const axes = Array.from({ length: behind }, (_, index) => b.rank + index);
  return { attributes: rest, inputs: [a, axes.length === 0 ? b : unsqueeze(b, axes)] };
});
