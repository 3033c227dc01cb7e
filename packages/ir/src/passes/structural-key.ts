import { SymbolicDim } from "../dim.ts";
import { nodesOf } from "../walk.ts";
import { type Graph, type Node, isNode } from "../tensor.ts";
import { typeText } from "../shape.ts";
import type { TensorValue } from "../value.ts";
import { COMMUTATIVE } from "./commutative.ts";

const commutative: ReadonlySet<string> = new Set(COMMUTATIVE);

/** Hashes of contents; host arrays do not change once they are in a graph. */
const hashes = new WeakMap<TensorValue["data"], number>();

/** FNV-1a over 32-bit words (over bytes if the array is not aligned to words). */
function hashOf(data: TensorValue["data"]): number {
  const known = hashes.get(data);
  if (known !== undefined) return known;
  const onWords = data.byteOffset % 4 === 0 && data.byteLength % 4 === 0;
  const units = onWords
    ? new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let hash = 0x811c9dc5;
  for (const unit of units) hash = Math.imul(hash ^ unit, 0x01000193);
  hashes.set(data, hash);
  return hash;
}

/** The same bits: NaN equals NaN, and 0 is not −0. */
function sameBits(a: TensorValue, b: TensorValue): boolean {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  if (a.data === b.data) return true;
  const bytes = ({ data }: TensorValue): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const [x, y] = [bytes(a), bytes(b)];
  return x.every((byte, index) => byte === y[index]);
}

const isValue = (value: object): value is TensorValue =>
  "dtype" in value && "shape" in value && "data" in value && ArrayBuffer.isView(value.data);

/** Keys of attributes that hold neither values nor objects that are known by identity: the same in every table. */
const plainKeys = new WeakMap<object, string>();

const NO_ATTRIBUTES = "{}";

/** Texts that are equal for nodes that compute the same from the same inputs, and different for others. */
export class StructuralKeys {
  readonly #values = new Map<number, { readonly value: TensorValue; readonly id: number }[]>();
  readonly #identities = new Map<object, number>();
  readonly #graphs = new Map<Graph, string>();
  #next = 0;
  /** The key in the making holds numbers of this table. */
  #isOwn = false;

  /** @param nameOf a text for each input, equal only for equal inputs. */
  node(node: Node, nameOf: (input: Node["inputs"][number]) => string): string {
    const { operation, inputs, graphs } = node;
    const names = inputs.map(nameOf);
    if (operation.kind !== "composite" && commutative.has(operation.name)) names.sort();
    const name =
      operation.kind === "composite" ? `${operation.name}@${this.#identity(operation)}` : operation.name;
    // Registers are what their name says; two declarations of one are the same state.
    const attributes = isNode(node, "register") ? node.attributes.name : this.#attributes(node.attributes);
    const bodies = graphs.length === 0 ? "" : graphs.map((graph) => this.graph(graph)).join("");
    return `${name}(${names.join()})${attributes}${bodies}`;
  }

  /** Equal for closed graphs of equal structure, whatever their inputs are called. */
  graph(graph: Graph): string {
    const known = this.#graphs.get(graph);
    if (known !== undefined) return known;
    const names = new Map<Node, string>();
    const parameters = Object.values(graph.inputs);
    parameters.forEach((parameter, index) => names.set(parameter.node, `i${index}`));
    const nameOf = ({ node, index }: Node["inputs"][number]): string => `${names.get(node) ?? ""}.${index}`;
    const results = Object.values(graph.outputs);
    const lines: string[] = [parameters.map((parameter) => typeText(parameter.type)).join()];
    for (const node of nodesOf(results)) {
      if (names.has(node)) continue;
      lines.push(this.node(node, nameOf));
      names.set(node, `${lines.length}`);
    }
    const key = `{${lines.join(";")}→${results.map(nameOf).join()}}`;
    this.#graphs.set(graph, key);
    return key;
  }

  #attributes(attributes: unknown): string {
    if (typeof attributes !== "object" || attributes === null) return this.#key(attributes);
    const plain = plainKeys.get(attributes);
    if (plain !== undefined) return plain;
    this.#isOwn = false;
    const key = this.#key(attributes);
    if (!this.#isOwn) plainKeys.set(attributes, key);
    return key;
  }

  #key(value: unknown): string {
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "function") return this.#identity(value);
    if (typeof value !== "object" || value === null) return String(value);
    if (value instanceof SymbolicDim) return `<${value.text}>`;
    if (Array.isArray(value)) return `[${value.map((element) => this.#key(element)).join()}]`;
    if (isValue(value)) return this.#value(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return this.#identity(value);
    const entries = Object.entries(value);
    if (entries.length === 0) return NO_ATTRIBUTES;
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, element]) => `${name}:${this.#key(element)}`).join()}}`;
  }

  #value(value: TensorValue): string {
    this.#isOwn = true;
    const hash = hashOf(value.data);
    const bucket = this.#values.get(hash) ?? [];
    let found = bucket.find((entry) => sameBits(entry.value, value));
    if (found === undefined) {
      found = { value, id: this.#next++ };
      bucket.push(found);
      this.#values.set(hash, bucket);
    }
    return `#${found.id}`;
  }

  #identity(value: object): string {
    this.#isOwn = true;
    const id = this.#identities.get(value) ?? this.#next++;
    this.#identities.set(value, id);
    return `@${id}`;
  }
}
