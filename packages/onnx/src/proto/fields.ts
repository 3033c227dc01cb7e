import protobuf from "protobufjs/minimal.js";

const LENGTH_DELIMITED = 2;

/** From so many bytes on it is the faster, and makes strings of one piece. */
const DECODER_BYTES = 12;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Walks through the length-delimited fields of a message: what a large model has millions of is read without a message
 * of the generated code for each. Broken bytes are a RangeError or an Error, as they are there.
 */
export class Cursor {
  /** The number of the field that the cursor is at. */
  field = 0;
  readonly #reader: protobuf.Reader;
  readonly #limit: number;
  #start = 0;
  #end: number;

  constructor(reader: protobuf.Reader, limit: number) {
    this.#reader = reader;
    this.#limit = limit;
    this.#end = reader.pos;
  }

  /** A cursor before the first field of a message. */
  static over(bytes: Uint8Array): Cursor {
    return new Cursor(protobuf.Reader.create(bytes), bytes.length);
  }

  /** Goes on to the next field. @returns false at the message's end. */
  next(): boolean {
    const reader = this.#reader;
    reader.pos = this.#end;
    while (reader.pos < this.#limit) {
      const tag = reader.uint32();
      if ((tag & 7) === LENGTH_DELIMITED) {
        const length = reader.uint32();
        if (length > this.#limit - reader.pos) throw new RangeError("a field is longer than what holds it");
        this.field = tag >>> 3;
        this.#start = reader.pos;
        this.#end = reader.pos + length;
        return true;
      }
      reader.skipType(tag & 7);
    }
    this.#end = reader.pos;
    return false;
  }

  /** The field's content. */
  get bytes(): Uint8Array {
    return this.#reader.buf.subarray(this.#start, this.#end);
  }

  /** The field's content as text. */
  get text(): string {
    const [start, end] = [this.#start, this.#end];
    if (end - start >= DECODER_BYTES) return decoder.decode(this.bytes);
    return protobuf.util.utf8.read(this.#reader.buf, start, end);
  }

  /** A cursor over the message that the field is; this one goes on behind it. */
  inner(): Cursor {
    this.#reader.pos = this.#start;
    return new Cursor(this.#reader, this.#end);
  }
}

/** The content of the last occurrence of a field, which is the one that counts. */
export function lastField(bytes: Uint8Array, field: number): Uint8Array | undefined {
  let last: Uint8Array | undefined;
  for (const cursor = Cursor.over(bytes); cursor.next();) if (cursor.field === field) last = cursor.bytes;
  return last;
}

/** A message's bytes without those of a field. */
export function withoutField(bytes: Uint8Array, field: number): Uint8Array {
  const kept: Uint8Array[] = [];
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    reader.skipType(tag & 7);
    if (tag >>> 3 !== field) kept.push(bytes.subarray(start, reader.pos));
  }
  const joined = new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of kept) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
