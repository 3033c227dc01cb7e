import type { DType } from "@adjoint/ir";
import type { Body, Callee, ModuleBuilder, Value, ValueType } from "../emit/index.ts";
import type { Families } from "../families.ts";
import type { MathLibrary } from "../math/library.ts";

/** How one element of each dtype is held: 8 and 16-bit integers extended by their sign, f16 and bf16 as their f32 value. */
export const carrier: { readonly [D in DType]: "f32" | "f64" | "i32" | "i64" } = {
  f64: "f64",
  f32: "f32",
  f16: "f32",
  bf16: "f32",
  i64: "i64",
  i32: "i32",
  i16: "i32",
  i8: "i32",
  u64: "i64",
  u32: "i32",
  u16: "i32",
  u8: "i32",
  bool: "i32",
};

/** A value in one of the carriers. */
export type Element = Value<ValueType>;

/** Functions that kernels of one module share, written where they are first used. */
export class Helpers {
  readonly #module: ModuleBuilder;
  readonly #made = new Map<string, Callee>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  get<C extends Callee>(key: string, make: (module: ModuleBuilder) => C): C {
    // A key names one function, so its type is the one it was made with.
    const known = this.#made.get(key) as C | undefined;
    const made = known ?? make(this.#module);
    this.#made.set(key, made);
    return made;
  }
}

/** Where element code is written. */
export interface Context {
  readonly body: Body;
  readonly math: MathLibrary;
  readonly helpers: Helpers;
  readonly families: Families;
}
