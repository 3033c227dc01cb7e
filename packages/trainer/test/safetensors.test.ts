import type { State } from "@adjoint/ir";
import { type DType, type TensorValue, dtypeInfo, dtypes } from "@adjoint/ir/values";
import { SafetensorsError, decodeSafetensors, encodeSafetensors } from "@adjoint/trainer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitsOf } from "./support.ts";

/** The bytes that the reference implementation (safetensors 0.8.0 for Python) wrote for `samples`, in hexadecimal. */
const official =
  "a8010000000000007b225f5f6d657461646174615f5f223a7b226e6f7465223a2278227d2c22612e62223a7b226474797065223a22493634222c227368617065223a5b325d2c22646174615f6f666673657473223a5b302c31365d7d2c2273223a7b226474797065223a22463634222c227368617065223a5b5d2c22646174615f6f666673657473223a5b31362c32345d7d2c2277223a7b226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b32342c34385d7d2c2265223a7b226474797065223a22493332222c227368617065223a5b302c345d2c22646174615f6f666673657473223a5b34382c34385d7d2c2268223a7b226474797065223a22463136222c227368617065223a5b325d2c22646174615f6f666673657473223a5b34382c35325d7d2c22c3a9223a7b226474797065223a225538222c227368617065223a5b335d2c22646174615f6f666673657473223a5b35322c35355d7d2c22666c6167223a7b226474797065223a22424f4f4c222c227368617065223a5b335d2c22646174615f6f666673657473223a5b35352c35385d7d7d2020ffffffffffffffff00000000000100000000000000000a40000000000000803f0000004000004040000080400000a040003e00c00102ff010001";

const samples: State = {
  w: { dtype: "f32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  "a.b": { dtype: "i64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
  flag: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  h: { dtype: "f16", shape: [2], data: Uint16Array.of(0x3e00, 0xc000) },
  s: { dtype: "f64", shape: [], data: Float64Array.of(3.25) },
  e: { dtype: "i32", shape: [0, 4], data: new Int32Array() },
  é: { dtype: "u8", shape: [3], data: Uint8Array.of(1, 2, 255) },
};

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** A file from a header and data, or so many zeros, whatever they say. */
function file(header: string | object, data: number | readonly number[] = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const tail = Uint8Array.from(typeof data === "number" ? { length: data } : data);
  const bytes = new Uint8Array(8 + text.length + tail.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(tail, 8 + text.length);
  return bytes;
}

const f32 = (shape: readonly unknown[], offsets: readonly unknown[]): object => ({
  dtype: "F32",
  shape,
  data_offsets: offsets,
});

/** The error that reading a file is refused with. */
function refusal(bytes: Uint8Array): SafetensorsError {
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    if (error instanceof SafetensorsError) return error;
    throw error;
  }
  throw new Error("the file was taken");
}

describe("the format", () => {
  test("orders names by their bytes, the shorter of two first where one begins the other", () => {
    const value: TensorValue = { dtype: "u8", shape: [1], data: Uint8Array.of(1) };
    const state: State = { ab: value, a: value, abc: value, aa: value };
    expect(Object.keys(decodeSafetensors(encodeSafetensors(state)).tensors)).toEqual([
      "a",
      "aa",
      "ab",
      "abc",
    ]);
  });

  test("says what a tensor should have, and where a bool is wrong", () => {
    const header = JSON.stringify({ b: { dtype: "BOOL", shape: [3], data_offsets: [0, 3] } });
    expect(refusal(file(header, [1, 0, 7])).byte).toBe(8 + header.length + 2);
    const long = JSON.stringify({
      a: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
      b: { dtype: "F32", shape: [2], data_offsets: [2, 6] },
    });
    expect(refusal(file(long, [0, 0, 0, 0, 0, 0])).message).toContain(
      "has 8 bytes, and its data_offsets give it 4",
    );
  });

  test("bytes are those of the reference implementation, both ways", () => {
    const bytes = fromHex(official);
    expect(Buffer.from(encodeSafetensors(samples, { note: "x" })).toString("hex")).toBe(official);
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(metadata).toEqual({ note: "x" });
    expect(bitsOf(tensors)).toEqual(bitsOf(samples));
    for (const [name, { dtype, shape }] of Object.entries(samples))
      expect(tensors[name]).toMatchObject({ dtype, shape });
  });

  test("the order of tensors and metadata does not matter", () => {
    const turned = Object.fromEntries(Object.entries(samples).toReversed());
    expect(encodeSafetensors(turned, { b: "2", a: "1" })).toEqual(
      encodeSafetensors(samples, { a: "1", b: "2" }),
    );
  });

  test("tensors of every type come back bit for bit, from any place in memory", () => {
    const value = fc.constantFrom<DType>(...dtypes).chain((dtype) =>
      fc
        .tuple(fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.nat(255)))
        .map(([shape, stream]): TensorValue => {
          const info = dtypeInfo[dtype];
          const count = shape.reduce((product, size) => product * size, 1);
          // An offset of one element, as a view into an arena has it.
          const room = new Uint8Array((count + 1) * info.bytes);
          for (let at = 0; at < room.length; at++)
            room[at] = dtype === "bool" ? Number(stream.next().value) % 2 : Number(stream.next().value);
          return { dtype, shape, data: new info.array(room.buffer, info.bytes, count) };
        }),
    );
    const name = fc
      .string({ unit: "grapheme" })
      .filter((text) => !["__proto__", "__metadata__"].includes(text));
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (tensors) => {
        const bytes = encodeSafetensors(tensors);
        expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0);
        // The reader gets a view that is not aligned.
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        const back = decodeSafetensors(shifted.subarray(1)).tensors;
        expect(bitsOf(back)).toEqual(bitsOf(tensors));
        for (const [key, { dtype, shape }] of Object.entries(tensors))
          expect(back[key]).toMatchObject({ dtype, shape });
      }),
      { numRuns: 60 },
    );
  });

  test.each([fromHex(official), Buffer.from(fromHex(official))])(
    "what was read is in memory of its own (%#)",
    (bytes) => {
      const { tensors } = decodeSafetensors(bytes);
      bytes.fill(0);
      expect(tensors["w"]?.data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    },
  );

  test("what the format can't hold is refused when writing", () => {
    const one: TensorValue = { dtype: "f32", shape: [1], data: Float32Array.of(1) };
    expect(() =>
      encodeSafetensors(JSON.parse('{"__metadata__": {"dtype": "f32", "shape": [0], "data": []}}')),
    ).toThrow("reserved");
    expect(() => encodeSafetensors({ w: { ...one, shape: [2] } })).toThrow(
      'tensor "w": f32[2] doesn\'t fit its 1 elements',
    );
    expect(() => encodeSafetensors({ w: { ...one, dtype: "i32" } })).toThrow(
      'tensor "w": i32[1] doesn\'t fit its 1 elements (Float32Array)',
    );
  });
});

describe("hostile files", () => {
  test.each([
    ["an empty file", new Uint8Array(), 0, "ends before the 8 bytes"],
    ["a file of 7 bytes", new Uint8Array(7), 7, "ends before the 8 bytes"],
    [
      "a header longer than the file",
      file("{}", 0, 3n),
      0,
      "the header would have 3 bytes and the file has 2 more",
    ],
    [
      "a header of 2^64−1 bytes",
      file("{}", 0, 2n ** 64n - 1n),
      0,
      "the header would have 18446744073709551615 bytes; 100000000 are the most",
    ],
    ["a header of 100 MB and one byte", file("{}", 0, 100_000_001n), 0, "100000000 are the most"],
    ["a header that is not UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff), 8, "not UTF-8"],
    ["a header that is not JSON", file('{"w":'), 8, "not JSON"],
    ["a header of another kind of JSON", file("[1]"), 8, "no object"],
    ["null", file("null"), 8, "no object"],
    ["a number", file("3"), 8, "no object"],
    ["a text", file('"x"'), 8, "no object"],
    ["an empty header", file(""), 8, "not JSON"],
    ["a header that begins with a space", file(" {}"), 8, "no object"],
    ["metadata that are no text", file({ __metadata__: { epoch: 1 } }), 8, "must have text for each key"],
    [
      "metadata named __proto__",
      file('{"__metadata__": {"__proto__": "x"}}'),
      8,
      "must have text for each key",
    ],
    [
      "a name twice",
      file(
        '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      61,
      '"w" twice',
    ],
    ["a name twice, once escaped", file('{"w":{},"\\u0077":{}}'), 16, '"w" twice'],
    [
      "a field of a tensor twice",
      file('{"w":{"dtype":"U8","dtype":"F64","shape":[0],"data_offsets":[0,0]}}'),
      27,
      '"dtype" twice',
    ],
    [
      "bytes after the last tensor",
      file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 6),
      66,
      "no tensor has the last 2 bytes",
    ],
  ])("%s", (_, bytes, byte, message) => {
    const error = refusal(bytes);
    expect(error.message).toContain(message);
    expect(error.byte).toBe(byte);
  });

  test.each([
    ["an end beyond the file", f32([2], [0, 8]), 4, "its data are bytes 0 to 8 of 4"],
    ["an end before its start", f32([1], [4, 0]), 4, "its data are bytes 4 to 0 of 4"],
    ["a negative start", f32([1], [-4, 0]), 4, "data_offsets.0 must not be negative"],
    ["a start that is not whole", f32([1], [0.5, 4.5]), 5, "data_offsets.0 must be a whole number"],
    ["offsets beyond 2^53", f32([1], [2 ** 60, 2 ** 60 + 4]), 4, "data_offsets.0"],
    ["three offsets", f32([1], [0, 4, 4]), 4, "data_offsets"],
    [
      "a size that doesn't fit the offsets",
      f32([2], [0, 4]),
      4,
      "F32 of shape [2] has 8 bytes, and its data_offsets give it 4",
    ],
    ["sizes whose product overflows", f32([2 ** 40, 2 ** 40], [0, 4]), 4, "has Infinity bytes"],
    ["sizes whose product wraps at 2^64", f32([2 ** 32, 2 ** 32, 4], [0, 0]), 0, "has Infinity bytes"],
    ["a negative size", f32([-1], [0, 4]), 4, "shape.0 must not be negative"],
    ["a shape that is no list", { dtype: "F32", shape: 1, data_offsets: [0, 4] }, 4, "shape"],
    [
      "an unknown type",
      { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] },
      4,
      'elements of type "F8_E4M3" can\'t be read; F64, F32',
    ],
    [
      "a type by another name",
      { dtype: "constructor", shape: [4], data_offsets: [0, 4] },
      4,
      "can't be read",
    ],
    ["a missing field", { dtype: "F32", shape: [1] }, 4, "data_offsets"],
    ["a field too many", { dtype: "F32", shape: [1], data_offsets: [0, 4], extra: 1 }, 4, "extra"],
    ["no object", 5, 4, "object"],
    [
      "a bool of 2",
      { dtype: "BOOL", shape: [4], data_offsets: [0, 4] },
      4,
      "a bool is 2, and must be 0 or 1",
    ],
  ])("a tensor with %s", (_, tensor, data, message) => {
    const bytes = file({ "layer.w": tensor }, data);
    if (data > 0) bytes[bytes.length - 1] = 2;
    const error = refusal(bytes);
    expect(error.tensor).toBe("layer.w");
    expect(error.message).toContain(`tensor "layer.w": `);
    expect(error.message).toContain(message);
  });

  test("__proto__ is no name", () => {
    const error = refusal(file('{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'));
    expect([error.tensor, error.message]).toEqual(["__proto__", expect.stringContaining("reserved")]);
  });

  test("tensors that share bytes, and bytes that none has", () => {
    const shared = refusal(file({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8));
    expect(shared).toMatchObject({
      tensor: "b",
      message: expect.stringContaining("its data begin at 4, within another tensor's that end at 8"),
    });
    const hole = refusal(file({ b: f32([1], [8, 12]), a: f32([1], [0, 4]) }, 12));
    expect(hole.message).toContain('no tensor has the 4 bytes before "b"');
    expect(hole.byte).toBe(file({ b: f32([1], [8, 12]), a: f32([1], [0, 4]) }, 12).length - 8);
  });

  test("names that objects have anyway are names like others", () => {
    const { tensors } = decodeSafetensors(
      file(
        '{"constructor":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"toString":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}',
        1,
      ),
    );
    expect(Object.keys(tensors)).toEqual(["constructor", "toString"]);
  });

  test("no cut and no changed byte of a file does anything but read or refuse", () => {
    const bytes = encodeSafetensors(samples, { note: "x" });
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(SafetensorsError);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        try {
          decodeSafetensors(changed);
        } catch (error) {
          if (!(error instanceof SafetensorsError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
