import protobuf from "protobufjs/minimal.js";

const LENGTH_DELIMITED = 2;

/** Calls `visit` with each field of a message whose lengths were checked, and where its tag, its content and its end are. */
function eachField(
  bytes: Uint8Array,
  visit: (field: number, wire: number, tag: number, start: number, end: number) => void,
): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const at = reader.pos;
    const tag = reader.uint32();
    const wire = tag & 7;
    const length = wire === LENGTH_DELIMITED ? reader.uint32() : 0;
    const start = reader.pos;
    if (wire === LENGTH_DELIMITED) reader.pos += length;
    else reader.skipType(wire);
    visit(tag >>> 3, wire, at, start, reader.pos);
  }
}

/** The messages within a message, by their field: where they are, so that each is decoded when it is needed. */
export class Fields {
  readonly #bytes: Uint8Array;
  /** Starts and ends in turn. */
  readonly #spans = new Map<number, number[]>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    eachField(bytes, (field, wire, _, start, end) => {
      if (wire !== LENGTH_DELIMITED) return;
      const spans = this.#spans.get(field);
      if (spans === undefined) this.#spans.set(field, [start, end]);
      else spans.push(start, end);
    });
  }

  /** The bytes of each occurrence of a field. */
  *of(field: number): Generator<Uint8Array, undefined> {
    const spans = this.#spans.get(field) ?? [];
    for (let at = 0; at < spans.length; at += 2) yield this.#bytes.subarray(spans[at], spans[at + 1]);
  }

  /** The bytes of the last occurrence of a field, which is the one that counts. */
  last(field: number): Uint8Array | undefined {
    const [start, end] = this.#spans.get(field)?.slice(-2) ?? [];
    return start === undefined ? undefined : this.#bytes.subarray(start, end);
  }
}

/** A message's bytes without those of a field. */
export function withoutField(bytes: Uint8Array, field: number): Uint8Array {
  const kept: Uint8Array[] = [];
  eachField(bytes, (other, _, tag, __, end) => {
    if (other !== field) kept.push(bytes.subarray(tag, end));
  });
  const joined = new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of kept) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
