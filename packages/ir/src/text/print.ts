import { dimSymbols } from "../dim.ts";
import type { Graph, Node, Tensor } from "../tensor.ts";
import { type TensorType, shapeText, typeText } from "../shape.ts";
import { elementsToBase64 } from "./bytes.ts";
import { elementText, numberText } from "./elements.ts";
import { type ValueWriter, foldValue, isRecord } from "./fold.ts";
import { labelValues } from "./labels.ts";
import { checkDepth } from "./limits.ts";
import { bodiesOf, impliedAttributes, inputNode, listNodes } from "./listing.ts";
import { KEYWORDS, NAME } from "./scanner.ts";
import { type TensorValue, elementReader } from "../value.ts";

export interface PrintOptions {
  /**
   * Tensor values of more than 16 elements: `short` (the default) leaves their elements out, which reads well and can't
   * be parsed; `full` writes them as base64.
   */
  readonly constants?: "short" | "full";
  /** Ends each node's line with the layer it was made in, as a comment. */
  readonly scopes?: boolean;
}

/** Values of up to so many elements are written as numbers. */
const INLINE = 16;

/** State of printing one graph among nested ones. */
interface Style {
  readonly writer: ValueWriter<string>;
  readonly scopes: boolean;
  readonly depth: number;
  /** The name of an input in the graph, if the text does not state it. */
  readonly defaultKey: (name: string, position: number) => string;
}

/**
 * A graph as text that `parse` reads back. Equal graphs give equal text: nodes are in depth-first order, attributes in
 * alphabetical order. Bodies of composites are left out, and so are attributes that repeat the node's type. NaNs are
 * written without their payload.
 * @throws AdjointError if an attribute is not plain data or an input was not made by `input`.
 * @example
 * graph(%x: f32[batch, 2]) {
 *   %0 = reduceSum(%x) {axes: [1]} : f32[batch]
 *   return sum: %0
 * }
 */
export function print(graph: Graph, options: PrintOptions = {}): string {
  const { constants = "short", scopes = false } = options;
  const style = { writer: valueWriter(constants), scopes, depth: 0, defaultKey: (name: string) => name };
  return `graph${graphText(graph, style)}`;
}

function graphText(graph: Graph, style: Style): string {
  checkDepth(style.depth, "graphs");
  const nodes = listNodes(graph);
  const labelOf = labelValues(nodes);
  const declared = new Set<Node>();
  const parameters = Object.entries(graph.inputs).map(([key, tensor], position) => {
    const again = declared.has(tensor.node);
    declared.add(tensor.node);
    return parameterText(key, tensor, { label: labelOf(tensor), position, again, style });
  });
  const outputs = Object.entries(graph.outputs).map(([key, tensor], position) =>
    key === String(position) ? `%${labelOf(tensor)}` : `${keyText(key)}: %${labelOf(tensor)}`,
  );
  const lines = [
    ...nodes.filter((node) => !declared.has(node)).map((node) => nodeText(node, labelOf, style)),
    ["return", outputs.join(", ")].filter((part) => part !== "").join(" "),
    ...graph.updates.map(({ register, next }) => `update %${labelOf(register)}: %${labelOf(next)}`),
  ];
  const indent = "  ".repeat(style.depth);
  return `(${parameters.join(", ")}) {\n${lines.map((line) => `${indent}  ${line}\n`).join("")}${indent}}`;
}

interface Parameter {
  readonly label: string;
  readonly position: number;
  /** The input has been declared by an earlier key. */
  readonly again: boolean;
  readonly style: Style;
}

function parameterText(key: string, tensor: Tensor, { label, position, again, style }: Parameter): string {
  const { name } = inputNode(key, tensor).attributes;
  const fields = [
    key === style.defaultKey(name, position) ? "" : `key: ${JSON.stringify(key)}`,
    name === label || again ? "" : `name: ${JSON.stringify(name)}`,
  ].filter((field) => field !== "");
  const said = fields.length === 0 ? "" : ` {${fields.join(", ")}}`;
  return `%${label}${said}${again ? "" : `: ${typeText(tensor.type)}`}`;
}

function nodeText(node: Node, labelOf: (tensor: Tensor) => string, style: Style): string {
  const inner: Style = { ...style, depth: style.depth + 1, defaultKey: (_, position) => String(position) };
  const values = node.outputs.map((output) => `%${labelOf(output)}`).join(", ");
  const operands = node.inputs.map((input) => `%${labelOf(input)}`).join(", ");
  const bodies = bodiesOf(node);
  // A source without operands reads as a declaration; before a body the parentheses tell operands from its inputs.
  const call = operands === "" && bodies.length === 0 ? "" : `(${operands})`;
  const attributes = foldValue(style.writer, stated(node), `the attributes of ${node.operation.name}`);
  const parts = [
    `${values} = ${keyText(node.operation.name)}${call}`,
    attributes === "{}" ? "" : attributes,
    ...bodies.map((body) => graphText(body, inner)),
    `: ${node.outputs.map((output) => typeText(output.type)).join(", ")}`,
    style.scopes && node.origin.scope !== "" ? `# ${oneLine(node.origin.scope)}` : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The attributes that the text states: all but those that the first output's type repeats. */
function stated(node: Node): unknown {
  const { attributes, operation } = node;
  const type = node.outputs[0]?.type;
  if (type === undefined || !isRecord(attributes)) return attributes;
  const implied = new Set<string>(
    impliedAttributes(operation).filter((key) => sameAs(type, key, attributes)),
  );
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !implied.has(key)));
}

function sameAs(
  type: TensorType,
  key: keyof TensorType,
  attributes: { readonly [key: string]: unknown },
): boolean {
  const { dtype, shape } = attributes;
  if (key === "dtype") return dtype === type.dtype;
  return Array.isArray(shape) && shapeText(shape) === shapeText(type.shape);
}

/** `return` is followed by the outputs, and then by `update`. */
const keyText = (key: string): string => (NAME.test(key) && key !== "update" ? key : JSON.stringify(key));

const oneLine = (text: string): string => JSON.stringify(text).slice(1, -1);

function valueWriter(constants: "short" | "full"): ValueWriter<string> {
  return {
    plain: (value) => JSON.stringify(value),
    number: numberText,
    bigint: (value) => `${value}n`,
    dim: (value) => (dimSymbols(value).some((symbol) => KEYWORDS.has(symbol)) ? `(${value})` : String(value)),
    tensor: (value) => `${typeText(value)}(${elementsText(value, constants)})`,
    list: (items) => `[${items.join(", ")}]`,
    record: (entries) => `{${entries.map(([key, value]) => `${keyText(key)}: ${value}`).join(", ")}}`,
  };
}

function elementsText(value: TensorValue, constants: "short" | "full"): string {
  const { data, dtype } = value;
  if (data.length > INLINE) return constants === "short" ? "..." : `base64 "${elementsToBase64(value)}"`;
  const read = elementReader(value);
  return Array.from({ length: data.length }, (_, index) => elementText(read(index), dtype)).join(", ");
}
