import {
  bf16ToNumber,
  dtypeInfo,
  dtypeRange,
  dtypes,
  f16ToNumber,
  isFloat,
  isInteger,
  numberToBf16,
  numberToF16,
} from "@adjoint/ir/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const words = Array.from({ length: 65536 }, (_, word) => word);

/** A magnitude by the definition of binary interchange formats (IEEE 754, 3.4): exponent and fraction widths decide all. */
function decoded(word: number, exponentBits: number, fractionBits: number): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const [sign, exponent, fraction] = [
    word >> 15,
    (word >> fractionBits) % 2 ** exponentBits,
    word % 2 ** fractionBits,
  ];
  const magnitude =
    exponent === 2 ** exponentBits - 1
      ? fraction === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? fraction * 2 ** (1 - bias - fractionBits)
        : (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
  return sign === 1 ? -magnitude : magnitude;
}

/** Non-negative values of a format in order, with one beyond the largest, for rounding by looking at both neighbours. */
const ladder = (exponentBits: number, fractionBits: number): readonly number[] => {
  const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
  const finite = words.slice(0, infinity).map((word) => decoded(word, exponentBits, fractionBits));
  const last = finite.at(-1) ?? 0;
  return [...finite, last + (last - (finite.at(-2) ?? 0))];
};

/** Round to nearest, ties to the even word, by search: knows nothing of bits of the source. */
function nearest(steps: readonly number[], x: number): number {
  const magnitude = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const top = steps.length - 1;
  if (magnitude >= (steps[top] ?? 0)) return sign | top;
  let [low, high] = [0, top];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) <= magnitude) low = middle;
    else high = middle;
  }
  const [below, above] = [magnitude - (steps[low] ?? 0), (steps[high] ?? 0) - magnitude];
  if (below === above) return sign | (low % 2 === 0 ? low : high);
  return sign | (below < above ? low : high);
}

describe.each([
  { name: "f16", exponentBits: 5, fractionBits: 10, toNumber: f16ToNumber, toBits: numberToF16, nan: 0x7e00 },
  {
    name: "bf16",
    exponentBits: 8,
    fractionBits: 7,
    toNumber: bf16ToNumber,
    toBits: numberToBf16,
    nan: 0x7fc0,
  },
])("$name", ({ exponentBits, fractionBits, toNumber, toBits, nan }) => {
  const steps = ladder(exponentBits, fractionBits);

  test("every bit pattern means what IEEE 754 says", () => {
    const wrong = words.filter(
      (word) => !Object.is(toNumber(word), decoded(word, exponentBits, fractionBits)),
    );
    expect(wrong).toEqual([]);
  });

  test("every bit pattern survives the way through a number, NaN as the quiet one", () => {
    const wrong = words.filter(
      (word) => toBits(toNumber(word)) !== (Number.isNaN(toNumber(word)) ? nan : word),
    );
    expect(wrong).toEqual([]);
  });

  test("rounds ties between all neighbours to the even one, and what is a hair off a tie to its side", () => {
    const wrong: number[] = [];
    for (let word = 0; word + 1 < steps.length; word++) {
      const tie = ((steps[word] ?? 0) + (steps[word + 1] ?? 0)) / 2;
      // One part in 2⁴⁰ is far less than f32 resolves: rounding through f32 first would lose it. One in 2²² is its last bits.
      for (const off of [0, 2 ** -40, -(2 ** -40), 2 ** -22, -(2 ** -22)]) {
        const x = tie * (1 + off);
        if (toBits(x) !== nearest(steps, x) || toBits(-x) !== nearest(steps, -x)) wrong.push(x);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("rounds any number to the nearest", () => {
    const exponent = 2 ** (exponentBits - 1) + 4;
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.integer({ min: -exponent - fractionBits, max: exponent }),
        fc.boolean(),
        (m, e, negative) => {
          const x = (negative ? -m : m) * 2 ** e;
          expect(toBits(x)).toBe(nearest(steps, x));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("keeps signs of zero and infinities", () => {
    const infinity = steps.length - 1;
    expect([0, -0, Infinity, -Infinity].map(toBits)).toEqual([0, 0x8000, infinity, 0x8000 | infinity]);
    expect(toBits(NaN)).toBe(nan);
    expect(toBits(5e-324)).toBe(0);
    expect(toBits(-1e308)).toBe(0x8000 | infinity);
  });
});

describe("dtypes", () => {
  test("have the widths of their arrays", () => {
    const bytes = dtypes.map((dtype) => `${dtype} ${dtypeInfo[dtype].bytes}`);
    expect(bytes.join(", ")).toBe(
      "f64 8, f32 4, f16 2, bf16 2, i64 8, i32 4, i16 2, i8 1, u64 8, u32 4, u16 2, u8 1, bool 1",
    );
    for (const dtype of dtypes)
      expect(new dtypeInfo[dtype].array(3).byteLength).toBe(3 * dtypeInfo[dtype].bytes);
  });

  test("are floats, integers or bools", () => {
    expect(dtypes.filter(isFloat)).toEqual(["f64", "f32", "f16", "bf16"]);
    expect(dtypes.filter(isInteger)).toEqual(["i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8"]);
  });

  test("integers range as their arrays wrap", () => {
    for (const dtype of dtypes.filter(isInteger)) {
      const [low, high] = dtypeRange(dtype);
      const held = new dtypeInfo[dtype].array(2);
      [held[0], held[1]] = [low, high];
      expect([held[0], held[1]]).toEqual([low, high]);
      held[0] = typeof high === "bigint" ? high + 1n : high + 1;
      expect(held[0]).toBe(low);
    }
    expect(dtypeRange("f16")).toEqual([-Infinity, Infinity]);
    expect(dtypeRange("bool")).toEqual([0, 1]);
  });
});
