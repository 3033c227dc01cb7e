/**
 * Opcodes by family, from the WebAssembly core specification 2.0 (appendix "Index of Instructions") and the threads and
 * relaxed SIMD proposals, of the instructions that kernels use. SIMD, bulk and atomic codes are without their prefix byte.
 */

type Words<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Words<Tail> : S;
/** Opcodes by the names in a list. */
export type Run<S extends string> = { readonly [N in Words<S>]: number };

/** Opcodes that follow each other, the first of them given. */
export function run<S extends string>(first: number, names: S): Run<S> {
  // The names are those of the type.
  return Object.fromEntries(names.split(" ").map((name, index) => [name, first + index])) as Run<S>;
}

export const INTEGER_COMPARE = "eq ne ltS ltU gtS gtU leS leU geS geU";
export const FLOAT_COMPARE = "eq ne lt gt le ge";
const INTEGER_BINARY = "add sub mul divS divU remS remU and or xor shl shrS shrU rotl";
const FLOAT_BINARY = "add sub mul div min max copysign";
const FLOAT_UNARY = "abs neg ceil floor trunc nearest sqrt";

/** Operations on two integers, and comparisons of them. */
interface IntegerCodes {
  readonly binary: Run<typeof INTEGER_BINARY>;
  readonly compare: Run<typeof INTEGER_COMPARE>;
}
const integerCodes = (binary: number, compare: number): IntegerCodes => ({
  binary: run(binary, INTEGER_BINARY),
  compare: run(compare, INTEGER_COMPARE),
});

export const i32Codes: IntegerCodes & { readonly unary: Run<"extend8S extend16S eqz"> } = {
  ...integerCodes(0x6a, 0x46),
  unary: { extend8S: 0xc0, extend16S: 0xc1, eqz: 0x45 },
};
export const i64Codes: IntegerCodes = integerCodes(0x7c, 0x51);

interface FloatCodes {
  readonly binary: Run<typeof FLOAT_BINARY>;
  readonly compare: Run<typeof FLOAT_COMPARE>;
  readonly unary: Run<typeof FLOAT_UNARY>;
}
const floatCodes = (binary: number, compare: number, unary: number): FloatCodes => ({
  binary: run(binary, FLOAT_BINARY),
  compare: run(compare, FLOAT_COMPARE),
  unary: run(unary, FLOAT_UNARY),
});

export const f32Codes: FloatCodes = floatCodes(0x92, 0x5b, 0x8b);
export const f64Codes: FloatCodes = floatCodes(0xa0, 0x61, 0x99);

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
  i64: { load: [0x29, 3] },
  f32: { load: [0x2a, 2] },
  f64: { load: [0x2b, 3] },
  v128: {
    load: [0xfd0000, 4],
    load16x4S: [0xfd0003, 3],
    load16x4U: [0xfd0004, 3],
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
  i64: { store: [0x37, 3] },
  f32: { store: [0x38, 2] },
  f64: { store: [0x39, 3] },
  v128: { store: [0xfd000b, 4] },
} as const;

/** Read-modify-write of 32 bits; the 64-bit form is one more. */
export const atomicRmw = { add: 0x1e, sub: 0x25, xchg: 0x41 } as const;
/** Of 32 bits, as those. */
export const ATOMIC_COMPARE_EXCHANGE = 0x48;
