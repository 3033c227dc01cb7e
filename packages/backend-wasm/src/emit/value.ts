import type { ByteWriter } from "./bytes.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
/** The type that an expression leaves on the stack. */
export type ResultType = ValueType | "void";

export const typeCode: { readonly [T in ResultType]: number } = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  void: 0x40,
};

/** The immediate operand of an opcode. */
export type Immediate =
  | { readonly kind: "none" }
  /** A local, a function, or another index. */
  | { readonly kind: "index"; readonly value: number }
  | { readonly kind: "i32"; readonly value: number }
  | { readonly kind: "i64"; readonly value: bigint }
  | { readonly kind: "f32"; readonly value: number }
  | { readonly kind: "f64"; readonly value: number }
  /** Lane numbers, or 16 bytes of a constant or shuffle. */
  | { readonly kind: "bytes"; readonly value: ArrayLike<number> }
  /** Alignment as a power of two, bytes of offset, and for lane accesses the lane. */
  | { readonly kind: "memory"; readonly align: number; readonly offset: number; readonly lane?: number };

const NONE: Immediate = { kind: "none" };

/**
 * An expression: an opcode over operands, written where it is used. One that is used twice is computed twice; give it
 * a local with `Body.let`. The same holds for loads whose memory is written in between.
 */
export class Value<T extends ResultType = ResultType> {
  readonly type: T;
  /** The prefix byte (0 if none) in bits 16–23, the opcode below. */
  readonly opcode: number;
  readonly operands: readonly Value[];
  readonly immediate: Immediate;

  constructor(type: T, opcode: number, operands: readonly Value[], immediate: Immediate = NONE) {
    this.type = type;
    this.opcode = opcode;
    this.operands = operands;
    this.immediate = immediate;
  }

  write(out: ByteWriter): void {
    const { operands, opcode, immediate } = this;
    for (let index = 0; index < operands.length; index++) operands[index]?.write(out);
    const prefix = opcode >> 16;
    if (prefix === 0) out.u8(opcode);
    else {
      out.u8(prefix);
      out.u32(opcode & 0xffff);
    }
    switch (immediate.kind) {
      case "none":
        return;
      case "index":
        return out.u32(immediate.value);
      case "i32":
        return out.i32(immediate.value);
      case "i64":
        return out.i64(immediate.value);
      case "f32":
        return out.f32(immediate.value);
      case "f64":
        return out.f64(immediate.value);
      case "bytes":
        return out.raw(immediate.value);
      case "memory":
        // Engines add the offset without wrapping: a negative one would be far away.
        if (immediate.offset < 0) throw new RangeError(`an access at offset ${immediate.offset}`);
        out.u32(immediate.align);
        out.u32(immediate.offset);
        if (immediate.lane !== undefined) out.u8(immediate.lane);
    }
  }
}

/** A local variable; as an expression, its value at that point of the code. */
export class Local<T extends ValueType = ValueType> extends Value<T> {
  readonly index: number;

  constructor(type: T, index: number) {
    super(type, 0x20, [], { kind: "index", value: index });
    this.index = index;
  }
}

export const SIMD: number = 0xfd << 16;
export const ATOMIC: number = 0xfe << 16;
export const BULK: number = 0xfc << 16;
