import { Value, type ValueType } from "./value.ts";

export type Codes = { readonly [name: string]: number };
export type Access = { readonly [name: string]: readonly [number, number] };

export type Unaries<C extends Codes, A extends ValueType, R extends ValueType> = {
  readonly [N in keyof C]: (a: Value<A>) => Value<R>;
};
export type Binaries<C extends Codes, A extends ValueType, R extends ValueType> = {
  readonly [N in keyof C]: (a: Value<A>, b: Value<A>) => Value<R>;
};
export type Ternaries<C extends Codes> = {
  readonly [N in keyof C]: (a: Value<"v128">, b: Value<"v128">, c: Value<"v128">) => Value<"v128">;
};
export type Shifts<C extends Codes> = {
  readonly [N in keyof C]: (a: Value<"v128">, by: Value<"i32">) => Value<"v128">;
};
export type Conversions<
  C extends { readonly [name: string]: readonly [ValueType, number] },
  R extends ValueType,
> = {
  readonly [N in keyof C]: (a: Value<C[N][0]>) => Value<R>;
};
export type Loads<C extends Access, T extends ValueType> = {
  readonly [N in keyof C]: (address: Value<"i32">, offset?: number) => Value<T>;
};
export type Stores<C extends Access, T extends ValueType> = {
  readonly [N in keyof C]: (address: Value<"i32">, value: Value<T>, offset?: number) => Value<"void">;
};

/** A table's rows as functions. The mapped types above say what the loop builds, which inference can't. */
export function each<C extends object, F>(codes: C, make: (code: C[keyof C]) => unknown): F {
  const made: Record<string, unknown> = {};
  for (const name of Object.keys(codes) as (keyof C & string)[]) made[name] = make(codes[name]);
  return made as F;
}

export const unary = <F>(result: ValueType, codes: Codes, prefix = 0): F =>
  each(codes, (code) => (a: Value) => new Value(result, prefix | code, [a]));
export const binary = <F>(result: ValueType, codes: Codes, prefix = 0): F =>
  each(codes, (code) => (a: Value, b: Value) => new Value(result, prefix | code, [a, b]));
export const ternary = <F>(result: ValueType, codes: Codes, prefix = 0): F =>
  each(codes, (code) => (a: Value, b: Value, c: Value) => new Value(result, prefix | code, [a, b, c]));
export const conversion = <
  C extends { readonly [name: string]: readonly [ValueType, number] },
  R extends ValueType,
>(
  result: R,
  codes: C,
): Conversions<C, R> =>
  each(
    codes,
    ([, code]) =>
      (a: Value) =>
        new Value(result, code, [a]),
  );
export const loading = <C extends Access, T extends ValueType>(type: T, codes: C): Loads<C, T> =>
  each(
    codes,
    ([code, align]) =>
      (address: Value<"i32">, offset = 0) =>
        new Value(type, code, [address], { kind: "memory", align, offset }),
  );
export const storing = <C extends Access, T extends ValueType>(codes: C): Stores<C, T> =>
  each(
    codes,
    ([code, align]) =>
      (address: Value<"i32">, value: Value<T>, offset = 0) =>
        new Value("void", code, [address, value], { kind: "memory", align, offset }),
  );
