import protobuf from "protobufjs/minimal.js";
import { malformed, unsupported } from "../errors.ts";
import type { HostValue } from "../import/value.ts";
import { tensorFromOnnx } from "../tensor.ts";
import type { TypeSource } from "./model.ts";

/** The fields that hold the items of a SequenceProto and of an OptionalProto (onnx-data.proto3). */
const ITEM_FIELDS: { readonly [item in TypeSource["kind"]]: number | undefined } = {
  tensor: 3,
  sequence: 5,
  optional: 7,
  other: undefined,
};

const LENGTH_DELIMITED = 2;

/**
 * A value of the official test data: a TensorProto, SequenceProto or OptionalProto, as its declared type says.
 * @throws AdjointError for broken bytes, and for maps.
 */
export function valueFromOnnx(bytes: Uint8Array, type: TypeSource | undefined): HostValue {
  if (type === undefined || type.kind === "tensor") return tensorFromOnnx(bytes);
  if (type.kind === "other") throw unsupported(type.text, "a value of the test data");
  const items = itemsOf(bytes, ITEM_FIELDS[type.element.kind]);
  const values = items.map((item) => valueFromOnnx(item, type.element));
  return type.kind === "sequence" ? values : (values[0] ?? null);
}

/** The bytes of each occurrence of a field. */
function itemsOf(bytes: Uint8Array, wanted: number | undefined): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(bytes);
  const items: Uint8Array[] = [];
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 === wanted && (tag & 7) === LENGTH_DELIMITED) items.push(reader.bytes());
      else reader.skipType(tag & 7);
    }
  } catch (error) {
    throw malformed(`the bytes are no value (${String(error)})`, "Is the file complete?");
  }
  return items;
}
