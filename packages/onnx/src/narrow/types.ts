/** The bits of a narrow float: sign, exponent, mantissa. */
export interface FloatFormat {
  readonly mantissa: number;
  readonly bias: number;
  /** Bits of the largest finite number, without its sign. */
  readonly largest: number;
  /** Bits of what is larger where a cast does not saturate. */
  readonly overflow: number;
  readonly nan: number;
  /** There is one zero: the bits of −0 are NaN. */
  readonly hasOneZero: boolean;
}

/** An element type that no dtype is. Integers are held as their values in another dtype, floats as their bits. */
export interface NarrowType {
  /** ONNX's name. */
  readonly name: string;
  /** TensorProto.DataType. */
  readonly dataType: number;
  /** Elements are packed into bytes in files, the first in the lowest bits. */
  readonly bits: 2 | 4 | 8;
  readonly storage: "i8" | "u8";
  readonly format: NarrowFormat;
}

type NarrowFormat =
  | { readonly kind: "integer" }
  | ({ readonly kind: "float" } & FloatFormat)
  /** Powers of two alone: FLOAT8E8M0. */
  | { readonly kind: "exponent" };

const integer = (name: string, dataType: number, bits: 2 | 4, storage: "i8" | "u8"): NarrowType => ({
  name,
  dataType,
  bits,
  storage,
  format: { kind: "integer" },
});

const float = (name: string, dataType: number, format: FloatFormat): NarrowType => ({
  name,
  dataType,
  bits: 8,
  storage: "u8",
  format: { kind: "float", ...format },
});

/** Formats that hold no infinity and one zero (Noune et al., "8-bit numerical formats for deep neural networks"). */
const oneZero = { largest: 0x7f, overflow: 0x80, nan: 0x80, hasOneZero: true };
/** Formats of the OCP's 8-bit specification. */
const twoZeros = { hasOneZero: false };

/** Every narrow type, as ONNX's "Float stored in 8 bits" and its pages on 4 and 2 bits describe them. */
export const narrowTypes: readonly NarrowType[] = [
  float("FLOAT8E4M3FN", 17, { mantissa: 3, bias: 7, largest: 0x7e, overflow: 0x7f, nan: 0x7f, ...twoZeros }),
  float("FLOAT8E4M3FNUZ", 18, { mantissa: 3, bias: 8, ...oneZero }),
  float("FLOAT8E5M2", 19, { mantissa: 2, bias: 15, largest: 0x7b, overflow: 0x7c, nan: 0x7e, ...twoZeros }),
  float("FLOAT8E5M2FNUZ", 20, { mantissa: 2, bias: 16, ...oneZero }),
  integer("UINT4", 21, 4, "u8"),
  integer("INT4", 22, 4, "i8"),
  // It holds no NaN: −0 stands for it.
  {
    ...float("FLOAT4E2M1", 23, { mantissa: 1, bias: 1, largest: 7, overflow: 7, nan: 8, ...twoZeros }),
    bits: 4,
  },
  { name: "FLOAT8E8M0", dataType: 24, bits: 8, storage: "u8", format: { kind: "exponent" } },
  integer("UINT2", 25, 2, "u8"),
  integer("INT2", 26, 2, "i8"),
];

/** Smallest and largest value of a narrow integer. */
export function narrowRange({ bits, storage }: NarrowType): readonly [number, number] {
  const count = 2 ** bits;
  return storage === "i8" ? [-count / 2, count / 2 - 1] : [0, count - 1];
}

/** Elements from packed bytes, as they are held. */
export function unpack(
  { bits, storage, format }: NarrowType,
  bytes: ArrayLike<number>,
  count: number,
): Uint8Array {
  const perByte = 8 / bits;
  const isSigned = storage === "i8" && format.kind === "integer";
  return Uint8Array.from({ length: count }, (_, index) => {
    const packed = (bytes[Math.floor(index / perByte)] ?? 0) >> (bits * (index % perByte));
    const element = packed & (2 ** bits - 1);
    return isSigned && element >= 2 ** (bits - 1) ? element - 2 ** bits : element;
  });
}
