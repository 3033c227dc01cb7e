/**
 * Opcodes by family, from the WebAssembly core specification 2.0 (appendix "Index of Instructions") and the threads and
 * relaxed SIMD proposals. SIMD, bulk and atomic codes are without their prefix byte.
 */
export const i32Codes = {
  binary: {
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    divS: 0x6d,
    divU: 0x6e,
    remS: 0x6f,
    remU: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    rotl: 0x77,
    rotr: 0x78,
  },
  compare: {
    eq: 0x46,
    ne: 0x47,
    ltS: 0x48,
    ltU: 0x49,
    gtS: 0x4a,
    gtU: 0x4b,
    leS: 0x4c,
    leU: 0x4d,
    geS: 0x4e,
    geU: 0x4f,
  },
  unary: { clz: 0x67, ctz: 0x68, popcnt: 0x69, extend8S: 0xc0, extend16S: 0xc1, eqz: 0x45 },
} as const;

export const i64Codes = {
  binary: {
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    divS: 0x7f,
    divU: 0x80,
    remS: 0x81,
    remU: 0x82,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shrS: 0x87,
    shrU: 0x88,
    rotl: 0x89,
    rotr: 0x8a,
  },
  compare: {
    eq: 0x51,
    ne: 0x52,
    ltS: 0x53,
    ltU: 0x54,
    gtS: 0x55,
    gtU: 0x56,
    leS: 0x57,
    leU: 0x58,
    geS: 0x59,
    geU: 0x5a,
  },
  unary: { clz: 0x79, ctz: 0x7a, popcnt: 0x7b, extend8S: 0xc2, extend16S: 0xc3, extend32S: 0xc4 },
} as const;

export const f32Codes = {
  binary: { add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97, copysign: 0x98 },
  compare: { eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 },
  unary: { abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 },
} as const;

export const f64Codes = {
  binary: { add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5, copysign: 0xa6 },
  compare: { eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 },
  unary: { abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f },
} as const;

/** Conversions between scalar types; `…Sat` saturate (NaN gives 0) and have the bulk prefix. */
export const conversions = {
  i32: {
    wrapI64: ["i64", 0xa7],
    reinterpretF32: ["f32", 0xbc],
    truncSatF32S: ["f32", 0xfc0000],
    truncSatF32U: ["f32", 0xfc0001],
    truncSatF64S: ["f64", 0xfc0002],
    truncSatF64U: ["f64", 0xfc0003],
  },
  i64: {
    extendI32S: ["i32", 0xac],
    extendI32U: ["i32", 0xad],
    reinterpretF64: ["f64", 0xbd],
    truncSatF32S: ["f32", 0xfc0004],
    truncSatF32U: ["f32", 0xfc0005],
    truncSatF64S: ["f64", 0xfc0006],
    truncSatF64U: ["f64", 0xfc0007],
  },
  f32: {
    convertI32S: ["i32", 0xb2],
    convertI32U: ["i32", 0xb3],
    convertI64S: ["i64", 0xb4],
    convertI64U: ["i64", 0xb5],
    demoteF64: ["f64", 0xb6],
    reinterpretI32: ["i32", 0xbe],
  },
  f64: {
    convertI32S: ["i32", 0xb7],
    convertI32U: ["i32", 0xb8],
    convertI64S: ["i64", 0xb9],
    convertI64U: ["i64", 0xba],
    promoteF32: ["f32", 0xbb],
    reinterpretI64: ["i64", 0xbf],
  },
} as const;

/** Loads: opcode and natural alignment (a power of two). */
export const loads = {
  i32: { load: [0x28, 2], load8S: [0x2c, 0], load8U: [0x2d, 0], load16S: [0x2e, 1], load16U: [0x2f, 1] },
  i64: {
    load: [0x29, 3],
    load8S: [0x30, 0],
    load8U: [0x31, 0],
    load16S: [0x32, 1],
    load16U: [0x33, 1],
    load32S: [0x34, 2],
    load32U: [0x35, 2],
  },
  f32: { load: [0x2a, 2] },
  f64: { load: [0x2b, 3] },
  v128: {
    load: [0xfd0000, 4],
    load8x8S: [0xfd0001, 3],
    load8x8U: [0xfd0002, 3],
    load16x4S: [0xfd0003, 3],
    load16x4U: [0xfd0004, 3],
    load32x2S: [0xfd0005, 3],
    load32x2U: [0xfd0006, 3],
    load8Splat: [0xfd0007, 0],
    load16Splat: [0xfd0008, 1],
    load32Splat: [0xfd0009, 2],
    load64Splat: [0xfd000a, 3],
    load32Zero: [0xfd005c, 2],
    load64Zero: [0xfd005d, 3],
  },
} as const;

export const stores = {
  i32: { store: [0x36, 2], store8: [0x3a, 0], store16: [0x3b, 1] },
  i64: { store: [0x37, 3], store8: [0x3c, 0], store16: [0x3d, 1], store32: [0x3e, 2] },
  f32: { store: [0x38, 2] },
  f64: { store: [0x39, 3] },
  v128: { store: [0xfd000b, 4] },
} as const;

/** Read-modify-write of 32 bits; the 64-bit form is one more. */
export const atomicRmw = { add: 0x1e, sub: 0x25, and: 0x2c, or: 0x33, xor: 0x3a, xchg: 0x41 } as const;
