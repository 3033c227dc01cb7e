import protobuf from "protobufjs/minimal.js";
import { malformed } from "../errors.ts";

/** Messages that can hold one of their own kind, and those on the way. */
type MessageName =
  | "Model"
  | "Graph"
  | "Node"
  | "Attribute"
  | "Function"
  | "ValueInfo"
  | "Type"
  | "Sequence"
  | "Map"
  | "Optional";

/** Field numbers of nested messages (onnx.proto3). */
const nested: { readonly [M in MessageName]: { readonly [field: number]: MessageName } } = {
  Model: { 7: "Graph", 25: "Function" },
  Graph: { 1: "Node", 11: "ValueInfo", 12: "ValueInfo", 13: "ValueInfo" },
  Node: { 5: "Attribute" },
  Attribute: { 6: "Graph", 11: "Graph", 14: "Type", 15: "Type" },
  Function: { 7: "Node", 11: "Attribute" },
  ValueInfo: { 2: "Type" },
  Type: { 4: "Sequence", 5: "Map", 9: "Optional" },
  Sequence: { 1: "Type" },
  Map: { 2: "Type" },
  Optional: { 1: "Type" },
};

/** The most levels of nested messages; a sub-graph takes three levels. */
const MAX_DEPTH = 96;

const LENGTH_DELIMITED = 2;

/** Called for each length-delimited field; `bytes` gives its content. */
type Listener = (message: MessageName, field: number, bytes: () => Uint8Array) => void;

/**
 * Walks the wire format once, before anything is decoded: refuses what would exhaust the stack, and shows fields that
 * the generated code drops because they are newer than it.
 * @throws AdjointError for truncated bytes, lengths that leave their message, and nesting that is too deep.
 */
export function scanModel(bytes: Uint8Array, listen: Listener): void {
  try {
    scan(protobuf.Reader.create(bytes), bytes.length, "Model", 0, listen);
  } catch (error) {
    if (!(error instanceof RangeError || (error instanceof Error && error.name === "Error"))) throw error;
    throw malformed(`the bytes are no ONNX model (${error.message})`, "Is the file complete?");
  }
}

function scan(
  reader: protobuf.Reader,
  end: number,
  message: MessageName,
  depth: number,
  listen: Listener,
): void {
  if (depth > MAX_DEPTH) throw malformed(`messages are nested deeper than ${MAX_DEPTH}`);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [field, wire] = [tag >>> 3, tag & 7];
    if (field === 0) throw malformed("a field has number 0", "Is the file complete?");
    if (wire !== LENGTH_DELIMITED) {
      reader.skipType(wire);
      continue;
    }
    const length = reader.uint32();
    const start = reader.pos;
    if (length > end - start)
      throw malformed("a field is longer than what holds it", "Is the file complete?");
    listen(message, field, () => reader.buf.subarray(start, start + length));
    const inner = nested[message][field];
    if (inner !== undefined) scan(reader, start + length, inner, depth + 1, listen);
    reader.pos = start + length;
  }
  if (reader.pos !== end) throw malformed("a field is longer than what holds it", "Is the file complete?");
}
