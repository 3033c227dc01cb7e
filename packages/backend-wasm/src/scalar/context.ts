import type { DType, NameOf } from "@adjoint/ir";
import type { Body, Value } from "../emit/index.ts";
import type { MathLibrary } from "../math/library.ts";
import type { Address } from "./affine.ts";
import type { Element, Half, LaneDType, LoadedDType } from "./carriers.ts";
import type { Scope } from "./helpers.ts";
import type { Row, VectorRow } from "./rules.ts";
import type { WordName } from "./word-names.ts";

/** What element code is written with. */
export interface Context extends Scope {
  readonly math: MathLibrary;
  readonly families: Partial<ScalarFamilies>;
}

/** Element code that only some programs need. */
export interface ScalarFamilies {
  /** Elements of one and two bytes, conversions, integer division and shifts, rounding, random bits. */
  readonly words: Words;
}

type Vector = Value<"v128">;

interface Words {
  /** The 16 bits of an f32 rounded to the type. */
  readonly encode: (scope: Scope, dtype: Half, x: Value<"f32">) => Value<"i32">;
  readonly decode: (scope: Scope, dtype: Half, bits: Value<"i32">) => Value<"f32">;
  /** Casts to integers and to 16-bit floats. */
  readonly castWord: (context: Context, value: Element, from: DType, to: DType) => Element;
  /** The same bits read as another dtype of the same width. */
  readonly bitcastElement: (context: Context, value: Element, from: DType, to: DType) => Element;
  /** Rules on elements. */
  readonly rules: { readonly [N in WordName]: Row };
  /** Rules on four lanes. */
  readonly vectorRules: { readonly [N in WordName]: VectorRow };
  /** The element code, lane by lane. */
  readonly lanewise: (
    context: Context,
    operation: NameOf<"map">,
    operands: readonly Vector[],
    from: LaneDType,
    to: LaneDType,
  ) => Vector;
  /** Lanes of 32 bits from elements of one or two bytes, which lie in an order from an address. */
  readonly loadNarrow: (
    scope: Scope,
    dtype: LoadedDType,
    address: Address,
    order: readonly number[],
    count: number,
  ) => Vector;
  /** Four masks as bytes 0 or 1 in the first word. */
  readonly maskBytes: (scope: Scope, mask: Vector) => Vector;
  /** 32 random bits of a key and a position. */
  readonly randomBits: RandomBits<"i32">;
  /** The same in four lanes. */
  readonly randomBitsX4: RandomBits<"v128">;
}

type RandomBits<T extends "i32" | "v128"> = (
  body: Body,
  key0: Value<T>,
  key1: Value<T>,
  counter: Value<T>,
) => Value<T>;
