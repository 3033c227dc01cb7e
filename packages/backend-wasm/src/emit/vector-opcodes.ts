import { FLOAT_COMPARE, INTEGER_COMPARE, type Run, run } from "./opcodes.ts";

const BITS = "and andnot or xor";

/** Opcodes of vector instructions by lane type, as in opcodes.ts, without the SIMD prefix. */
export const v128Codes: { readonly binary: Run<typeof BITS>; readonly unary: Run<"not"> } = {
  binary: run(0x4e, BITS),
  unary: { not: 0x4d },
};

const FLOAT_BINARY = "add sub mul div min max pmin pmax";

interface FloatLaneCodes<Conversion extends string> {
  readonly binary: Run<typeof FLOAT_COMPARE> & Run<typeof FLOAT_BINARY>;
  readonly unary: Run<"ceil floor trunc nearest abs neg sqrt"> & Run<Conversion>;
  readonly ternary: Run<"relaxedMadd relaxedNmadd">;
}

export const f32x4Codes: FloatLaneCodes<"convertI32x4S convertI32x4U demoteF64x2Zero"> = {
  binary: { ...run(0x41, FLOAT_COMPARE), ...run(0xe4, FLOAT_BINARY) },
  unary: {
    ...run(0x67, "ceil floor trunc nearest"),
    ...run(0xe0, "abs neg"),
    sqrt: 0xe3,
    ...run(0xfa, "convertI32x4S convertI32x4U"),
    demoteF64x2Zero: 0x5e,
  },
  ternary: run(0x105, "relaxedMadd relaxedNmadd"),
};

export const f64x2Codes: FloatLaneCodes<"promoteLowF32x4"> = {
  binary: { ...run(0x47, FLOAT_COMPARE), ...run(0xf0, FLOAT_BINARY) },
  unary: {
    ...run(0x74, "ceil floor"),
    trunc: 0x7a,
    nearest: 0x94,
    ...run(0xec, "abs neg"),
    sqrt: 0xef,
    promoteLowF32x4: 0x5f,
  },
  ternary: run(0x107, "relaxedMadd relaxedNmadd"),
};

/** Of the lanes of one and two bytes, what brings them to 32 bits and back. */
export const i8x16Codes = {
  binary: { eq: 0x23, ne: 0x24, ltU: 0x26, narrowI16x8U: 0x66 },
  unary: {},
} as const;
export const i16x8Codes = {
  binary: { narrowI32x4S: 0x85 },
  unary: { extendLowI8x16S: 0x87, extendLowI8x16U: 0x89 },
} as const;

const SHIFTS = "shl shrS shrU";

export const i32x4Codes: {
  readonly binary: Run<typeof INTEGER_COMPARE> & Run<"add sub mul"> & Run<"minS minU maxS maxU">;
  readonly unary: Run<"abs neg extendLowI16x8S extendLowI16x8U truncSatF32x4S truncSatF32x4U">;
  readonly shift: Run<typeof SHIFTS>;
} = {
  binary: {
    ...run(0x37, INTEGER_COMPARE),
    add: 0xae,
    sub: 0xb1,
    mul: 0xb5,
    ...run(0xb6, "minS minU maxS maxU"),
  },
  unary: {
    ...run(0xa0, "abs neg"),
    extendLowI16x8S: 0xa7,
    extendLowI16x8U: 0xa9,
    ...run(0xf8, "truncSatF32x4S truncSatF32x4U"),
  },
  shift: run(0xab, SHIFTS),
};

export const i64x2Codes: {
  readonly binary: Run<"add sub mul">;
  readonly unary: Run<"neg">;
  readonly shift: Run<typeof SHIFTS>;
} = {
  binary: { add: 0xce, sub: 0xd1, mul: 0xd5 },
  unary: { neg: 0xc1 },
  shift: run(0xcb, SHIFTS),
};

/** Splat, extract and replace a lane, with the lane's scalar type. */
export const lanes = {
  i32x4: ["i32", 0x11, 0x1b, 0x1c],
  i64x2: ["i64", 0x12, 0x1d, 0x1e],
  f32x4: ["f32", 0x13, 0x1f, 0x20],
  f64x2: ["f64", 0x14, 0x21, 0x22],
} as const;
