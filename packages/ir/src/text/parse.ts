import { type Graph, type Tensor, type Update, isNode } from "../tensor.ts";
import { Origin, withOrigin } from "../origin.ts";
import type { TensorType } from "../shape.ts";
import { type ReadOptions, buildNode, buildUpdate, located } from "./build.ts";
import { checkDepth } from "./limits.ts";
import { readName, readRecord, readType } from "./read-value.ts";
import { Scanner, type Token } from "./scanner.ts";

/** State of reading one graph among nested ones. */
interface Reading {
  readonly scanner: Scanner;
  readonly options: ReadOptions;
  readonly depth: number;
  /** The name of an input in the graph, if the text does not state it. */
  readonly defaultKey: (name: string, position: number) => string;
  /** The values defined so far, by label. */
  readonly values: Map<string, Tensor>;
}

/**
 * Reads the text that `print` writes. Attributes are checked by their operation's schema and declared types against inferred ones.
 *
 * The text: a graph is `graph(inputs) { nodes return outputs updates }`; an input is `%label: type`, with
 * `{key: "…", name: "…"}` if the feed's or the input's own name is not the label; a node is
 * `%0, %1 = operation(%operands) {attributes} (inputs) { body } : types`; `#` begins a comment. Composites are built by
 * their definition in `options.composites`.
 * @throws AdjointError (code `text`) with line and column for anything else.
 */
export function parse(text: string, options: ReadOptions = {}): Graph {
  // One origin for all nodes: messages name the call of `parse`.
  return withOrigin(new Origin("", new Error("parsed here")), () => {
    const scanner = new Scanner(text);
    scanner.expect("name", "graph");
    const reading = { scanner, options, depth: 0, defaultKey: (name: string) => name, values: new Map() };
    const graph = readGraph(reading);
    scanner.expect("end");
    return graph;
  });
}

function readGraph(reading: Reading): Graph {
  const { scanner, depth } = reading;
  located(
    "parse",
    () => scanner.place(),
    () => checkDepth(depth, "graphs"),
  );
  scanner.expect("mark", "(");
  const inputs = new Map<string, Tensor>();
  scanner.list(")", () => readInput(reading, inputs));
  scanner.expect("mark", "{");
  while (scanner.at("value")) readNode(reading);
  if (!scanner.at("name", "return")) throw scanner.expected(`a value such as %0, or "return"`);
  scanner.next();
  const outputs = readOutputs(reading);
  const updates: Update[] = [];
  const updated = new Set<string>();
  while (scanner.at("name", "update")) updates.push(readUpdate(reading, updated));
  scanner.expect("mark", "}");
  return { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs), updates };
}

/** `%images: f32[batch, 784]`, or `%images {key: "pixels"}` once more for an input of two keys. */
function readInput(reading: Reading, inputs: Map<string, Tensor>): void {
  const { scanner, values } = reading;
  const label = scanner.expect("value");
  const { key, name } = scanner.at("mark", "{") ? readNames(scanner) : {};
  const earlier = values.get(label.text);
  let input = earlier;
  if (earlier === undefined || scanner.at("mark", ":")) {
    scanner.expect("mark", ":");
    const types = [readType(scanner)];
    const attributes = { name: name ?? label.text };
    const parts = { operation: "input", attributes, inputs: [], graphs: [], types };
    const outputs = located(
      "parse",
      () => scanner.place(label.at),
      () => buildNode(parts, reading.options),
    );
    define(reading, [label], outputs);
    [input] = outputs;
  }
  if (input === undefined || !isNode(input.node, "input")) return;
  put(scanner, inputs, key ?? reading.defaultKey(input.node.attributes.name, inputs.size), input, label);
}

function readNames(scanner: Scanner): { readonly key?: string; readonly name?: string } {
  const { at } = scanner.token;
  const { key, name, ...rest } = readRecord(scanner);
  const fits = (value: unknown): value is string | undefined =>
    value === undefined || typeof value === "string";
  if (!fits(key) || !fits(name) || Object.keys(rest).length > 0) {
    throw scanner.error(`expected {key: "…", name: "…"}, or one of them`, at);
  }
  return { ...(key !== undefined && { key }), ...(name !== undefined && { name }) };
}

function readNode(reading: Reading): void {
  const { scanner, options } = reading;
  const labels = [scanner.expect("value")];
  while (scanner.take(",")) labels.push(scanner.expect("value"));
  scanner.expect("mark", "=");
  const { at } = scanner.token;
  const operation = readName(scanner);
  const inputs = scanner.take("(") ? scanner.list(")", () => readOperand(reading)) : [];
  const attributes = scanner.at("mark", "{") ? readRecord(scanner) : {};
  const graphs: Graph[] = [];
  while (scanner.at("mark", "(")) {
    const defaultKey = (_: string, position: number): string => String(position);
    graphs.push(readGraph({ scanner, options, depth: reading.depth + 1, defaultKey, values: new Map() }));
  }
  scanner.expect("mark", ":");
  const types: TensorType[] = [];
  do types.push(readType(scanner));
  while (scanner.take(","));
  const parts = { operation, attributes, inputs, graphs, types };
  const outputs = located(
    "parse",
    () => scanner.place(at),
    () => buildNode(parts, options),
  );
  if (labels.length !== outputs.length) {
    throw scanner.error(
      `${operation} has ${outputs.length} outputs and ${labels.length} labels`,
      labels[0]?.at,
    );
  }
  define(reading, labels, outputs);
}

function define({ scanner, values }: Reading, labels: readonly Token[], outputs: readonly Tensor[]): void {
  labels.forEach((label, index) => {
    const output = outputs[index];
    if (output === undefined) return;
    if (values.has(label.text)) throw scanner.error(`%${label.text} is defined twice`, label.at);
    values.set(label.text, output);
  });
}

function readOperand({ scanner, values }: Reading): Tensor {
  const { text, at } = scanner.expect("value");
  const tensor = values.get(text);
  if (tensor === undefined) throw scanner.error(`%${text} is not defined before its use`, at);
  return tensor;
}

/** `%3, %4`, or `loss: %3` if the output's name is not its position. */
function readOutputs(reading: Reading): ReadonlyMap<string, Tensor> {
  const { scanner } = reading;
  const outputs = new Map<string, Tensor>();
  const some = scanner.at("value") || scanner.at("name") || scanner.at("string");
  if (!some || scanner.at("name", "update")) return outputs;
  do {
    const token = scanner.token;
    let key = String(outputs.size);
    if (!scanner.at("value")) {
      key = readName(scanner);
      scanner.expect("mark", ":");
    }
    put(scanner, outputs, key, readOperand(reading), token);
  } while (scanner.take(","));
  return outputs;
}

function readUpdate(reading: Reading, updated: Set<string>): Update {
  const { scanner } = reading;
  scanner.expect("name", "update");
  const { at } = scanner.token;
  const register = readOperand(reading);
  scanner.expect("mark", ":");
  const next = readOperand(reading);
  return located(
    "parse",
    () => scanner.place(at),
    () => buildUpdate(register, next, updated),
  );
}

function put(scanner: Scanner, map: Map<string, Tensor>, key: string, tensor: Tensor, { at }: Token): void {
  if (map.has(key)) throw scanner.error(`"${key}" names two of them`, at);
  map.set(key, tensor);
}
