import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DatasetError, decodeIdx, idx, type IdxDType } from "../src/index.ts";
import { idxBytes, refusal } from "./support.ts";

interface Format {
  readonly dtype: IdxDType;
  readonly type: number;
  readonly bytes: number;
  write(view: DataView, offset: number, value: number): void;
  readonly value: fc.Arbitrary<number>;
}

const formats: readonly Format[] = [
  { dtype: "u8", type: 0x08, bytes: 1, write: (v, o, x) => v.setUint8(o, x), value: fc.nat(255) },
  {
    dtype: "i8",
    type: 0x09,
    bytes: 1,
    write: (v, o, x) => v.setInt8(o, x),
    value: fc.integer({ min: -128, max: 127 }),
  },
  {
    dtype: "i16",
    type: 0x0b,
    bytes: 2,
    write: (v, o, x) => v.setInt16(o, x),
    value: fc.integer({ min: -32768, max: 32767 }),
  },
  { dtype: "i32", type: 0x0c, bytes: 4, write: (v, o, x) => v.setInt32(o, x), value: fc.integer() },
  { dtype: "f32", type: 0x0d, bytes: 4, write: (v, o, x) => v.setFloat32(o, x), value: fc.float() },
  { dtype: "f64", type: 0x0e, bytes: 8, write: (v, o, x) => v.setFloat64(o, x), value: fc.double() },
];

function encode(
  { bytes, type, write }: Format,
  shape: readonly number[],
  values: readonly number[],
): Uint8Array {
  const data = new Uint8Array(values.length * bytes);
  const view = new DataView(data.buffer);
  for (const [index, value] of values.entries()) write(view, index * bytes, value);
  return idxBytes(type, shape, data);
}

describe("idx", () => {
  it.each(formats)("reads $dtype, plain and compressed, wherever the bytes lie in memory", async (format) => {
    const cases = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
      const length = shape.reduce((a, b) => a * b);
      return fc.record({
        shape: fc.constant(shape),
        values: fc.array(format.value, { minLength: length, maxLength: length }),
        before: fc.nat(9),
      });
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, values, before }) => {
        const file = encode(format, shape, values);
        const inside = new Uint8Array(before + file.length + 3);
        inside.set(file, before);
        const bytes = inside.subarray(before, before + file.length);
        const plain = decodeIdx(bytes);
        expect(plain.dtype).toBe(format.dtype);
        expect(plain.shape).toEqual(shape);
        expect([...plain.data]).toEqual(values);
        expect(await idx(bytes)).toEqual(plain);
        expect(await idx(gzipSync(bytes))).toEqual(plain);
      }),
      { numRuns: 30 },
    );
  });

  it("reads the bytes of a file by hand", () => {
    const bytes = Uint8Array.of(0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe);
    expect(decodeIdx(bytes)).toEqual({ dtype: "i16", shape: [1, 2], data: Int16Array.of(0x0102, -2) });
  });
});

it.each([[undefined], ["text"], [new ArrayBuffer(8)]])("refuses %o, which holds no bytes", async (value) => {
  const bytes = value as unknown as Uint8Array; // What callers without types can pass.
  for (const run of [() => idx(bytes, { file: "digits" }), () => decodeIdx(bytes, { file: "digits" })]) {
    const error = await refusal(run);
    expect([error.reason, error.file]).toEqual(["bad-option", "digits"]);
  }
});

describe("a file that breaks the format", () => {
  const max = 0xffffffff;
  it.each([
    ["is empty", Uint8Array.of(), "truncated", 0],
    ["ends within the magic", Uint8Array.of(0, 0, 8), "truncated", 3],
    ["ends within the sizes", idxBytes(8, [2, 2]).subarray(0, 11), "truncated", 11],
    ["begins with another byte", Uint8Array.of(1, 0, 8, 1), "bad-header", 0],
    ["has another second byte", Uint8Array.of(0, 7, 8, 1), "bad-header", 1],
    ["has an unknown type", idxBytes(0x0a, [1], [1]), "bad-header", 2],
    ["has rank 0", idxBytes(8, []), "bad-header", 3],
    ["has rank 9", idxBytes(8, Array(9).fill(1), [1]), "bad-header", 3],
    ["has rank 255", idxBytes(8, Array(255).fill(1), [1]), "bad-header", 3],
    ["has an axis of size 0", idxBytes(8, [3, 0, 5]), "bad-header", 8],
    ["has sizes whose product overflows", idxBytes(8, [1, max, max, max], [1]), "too-large", 12],
    ["has sizes that overflow in bytes only", idxBytes(0x0e, [2 ** 27, 2 ** 25], [1]), "too-large", 8],
    ["states a huge size in a short file", idxBytes(8, [max], [1, 2, 3]), "truncated", 11],
    ["states huge sizes in a short file", idxBytes(0x0d, [2 ** 25, 2 ** 20], [1, 2, 3]), "truncated", 15],
    ["lacks its last byte", idxBytes(8, [4], [1, 2, 3]), "truncated", 11],
    ["lacks part of an element", idxBytes(0x0e, [1], [1, 2, 3, 4, 5, 6, 7]), "truncated", 15],
    ["goes on after its data", idxBytes(8, [2], [1, 2, 3]), "trailing-bytes", 10],
  ] as const)("%s: refused with the byte", async (_, bytes, code, offset) => {
    const plain = await refusal(() => decodeIdx(bytes, { file: "broken" }));
    expect([plain.reason, plain.offset, plain.file]).toEqual([code, offset, "broken"]);
    expect(plain.message).toMatch(new RegExp(`^idx: broken, byte ${offset}: `));
    const compressed = await refusal(() => idx(gzipSync(bytes), { file: "broken" }));
    expect([compressed.reason, compressed.offset]).toEqual([code, offset]);
  });

  it("says how many bytes there should be", async () => {
    const error = await refusal(() => decodeIdx(idxBytes(8, [4, 2], [1, 2, 3]), { file: "digits" }));
    expect(error.message).toBe(
      "idx: digits, byte 15: the file ends here, but its header states 4 × 2 u8 elements: 20 bytes with the header. " +
        "Get the file again.",
    );
  });

  it("that is compressed is named as such by decodeIdx", async () => {
    const error = await refusal(() => decodeIdx(gzipSync(idxBytes(8, [1], [1]))));
    expect([error.reason, error.offset]).toEqual(["bad-header", 0]);
    expect(error.message).toContain("read it with idx");
  });

  it("is refused at its end wherever it is cut", async () => {
    const whole = idxBytes(0x0c, [2, 3], [...Array(24).keys()]);
    expect(decodeIdx(whole).data).toHaveLength(6);
    for (let length = 0; length < whole.length; length++) {
      const error = await refusal(() => decodeIdx(whole.subarray(0, length)));
      expect([error.reason, error.offset]).toEqual(["truncated", length]);
    }
  });

  it("is read or refused with a DatasetError, whatever its bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.constantFrom(8, 9, 10, 11, 12, 13, 14), fc.nat(3), fc.uint8Array({ maxLength: 40 }))
        .map(([type, rank, rest]) => Uint8Array.of(0, 0, type, rank, ...rest.map((byte) => byte % 3))),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        expect(isReadOrRefused(file)).toBe(true);
      }),
    );
  });
});

function isReadOrRefused(file: Uint8Array): boolean {
  try {
    const { shape, data } = decodeIdx(file);
    return data.length === shape.reduce((a, b) => a * b);
  } catch (error) {
    return error instanceof DatasetError;
  }
}

describe("gzip", () => {
  afterEach(() => void vi.unstubAllGlobals());

  /** Counts the decompressed bytes from now on. */
  function countInflated(): { bytes: number } {
    const counter = { bytes: 0 };
    const Platform = DecompressionStream;
    vi.stubGlobal(
      "DecompressionStream",
      class {
        readonly readable: ReadableStream<Uint8Array>;
        readonly writable: WritableStream<BufferSource>;
        constructor() {
          const { readable, writable } = new Platform("gzip");
          this.writable = writable;
          this.readable = readable.pipeThrough(
            new TransformStream<Uint8Array, Uint8Array>({
              transform(piece, controller) {
                counter.bytes += piece.length;
                controller.enqueue(piece);
              },
            }),
          );
        }
      },
    );
    return counter;
  }

  const file = idxBytes(
    8,
    [100_000],
    Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >> 3),
  );
  const compressed = gzipSync(file);

  it.each([
    ["cut in its header", compressed.subarray(0, 5)],
    ["cut in the middle", compressed.subarray(0, compressed.length >> 1)],
    ["cut before its checksum", compressed.subarray(0, compressed.length - 8)],
    ["with a changed byte", compressed.map((byte, index) => (index === 100 ? byte ^ 255 : byte))],
    [
      "with a wrong checksum",
      compressed.map((byte, index) => (index === compressed.length - 6 ? byte ^ 255 : byte)),
    ],
  ])("%s is refused", async (_, bytes) => {
    const error = await refusal(() => idx(bytes, { file: "digits.gz" }));
    expect(error.reason).toBe("bad-gzip");
    expect(error.file).toBe("digits.gz");
    expect(error.offset).toBe(bytes.length);
    expect(error.cause).toBeDefined();
  });

  it("that expands beyond its header is refused without expanding all of it", async () => {
    const bomb = gzipSync(Buffer.concat([idxBytes(8, [2 ** 20]), Buffer.alloc(64 * 2 ** 20)]), { level: 1 });
    const counter = countInflated();
    const error = await refusal(() => idx(bomb));
    expect([error.reason, error.offset]).toEqual(["trailing-bytes", 8 + 2 ** 20]);
    expect(counter.bytes).toBeGreaterThan(2 ** 20);
    expect(counter.bytes).toBeLessThan(20 * 2 ** 20);
  });

  it("refuses, by its header, a file that becomes larger than the limit", async () => {
    // 130 kB; 128 MB of zeros are enough to be believed.
    const zeros = gzipSync(Buffer.concat([idxBytes(8, [2 ** 27]), Buffer.alloc(2 ** 27)]), { level: 1 });
    const whole = 8 + 2 ** 27;
    const error = await refusal(() => idx(zeros, { maxBytes: whole - 1 }));
    expect([error.reason, error.message]).toEqual([
      "too-large",
      expect.stringContaining(`become ${whole} bytes, and the limit is ${whole - 1}. Raise it`),
    ]);
    const huge = gzipSync(Buffer.concat([idxBytes(8, [2 ** 28]), Buffer.alloc(2 ** 22)]), { level: 1 });
    const padded = new Uint8Array(2 ** 19);
    padded.set(huge);
    expect((await refusal(() => idx(padded))).message).toContain(`the limit is ${2 ** 28}`);
    const small = gzipSync(idxBytes(8, [2], [1, 2]));
    expect((await idx(small, { maxBytes: 10 })).data).toEqual(Uint8Array.of(1, 2));
    expect((await refusal(() => idx(small, { maxBytes: NaN }))).reason).toBe("bad-option");
  });

  it("that can't expand to what its header states is refused at once", async () => {
    const bytes = gzipSync(Buffer.concat([idxBytes(8, [2 ** 31]), Buffer.alloc(4 * 2 ** 20)]), { level: 1 });
    const counter = countInflated();
    const error = await refusal(() => idx(bytes));
    expect([error.reason, error.offset]).toEqual(["truncated", 4]);
    expect(counter.bytes).toBeLessThan(2 ** 20);
  });
});
