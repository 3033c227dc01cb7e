/** A field of a protobuf message: its number and its encoded value. */
type Field = readonly [number: number, value: number | string | Uint8Array | Message];

/** A message as its fields, in order. */
export type Message = readonly Field[];

const utf8 = new TextEncoder();

/** Unsigned base-128 number, the low groups first. Source: the Protocol Buffers encoding guide. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}

function partsOf([number, value]: Field): readonly Uint8Array[] {
  if (typeof value === "number") return [Uint8Array.from([...varint(number * 8), ...varint(value)])];
  const content =
    typeof value === "string" ? utf8.encode(value) : value instanceof Uint8Array ? value : encode(value);
  return [Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content];
}

/** The bytes of a message of whole numbers ≥ 0, texts, bytes and messages. */
export function encode(message: Message): Uint8Array {
  const parts = message.flatMap(partsOf);
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
