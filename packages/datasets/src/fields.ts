import type { DType } from "@adjoint/ir/values";
import type { Column } from "./column.ts";

/** Names and element types of the columns of a data set: `{ images: "f32"; labels: "i32" }`. */
export type Fields = Readonly<Record<string, DType>>;

/** A column for every field: a whole data set, a batch, or (without the axis of examples) one example. */
export type Columns<F extends Fields> = { readonly [K in keyof F]: Column<F[K]> };

/** Type and shape of one example in each field. */
export type ExampleTypes<F extends Fields> = {
  readonly [K in keyof F]: { readonly dtype: F[K]; readonly shape: readonly number[] };
};

/** Names of the fields of `F` whose element type is among `D`. */
export type FieldsOf<F extends Fields, D extends DType> = {
  readonly [K in keyof F]: F[K] extends D ? K : never;
}[keyof F] &
  string;

/** `F` with the field `K` of element type `D`. */
export type Retyped<F extends Fields, K extends keyof F, D extends DType> = {
  readonly [P in keyof F]: P extends K ? D : F[P];
};

/** New names by old name. */
export type Names<F extends Fields> = { readonly [K in keyof F]?: string };

/** `F` with the fields of `M` under the names that `M` gives them. */
export type Renamed<F extends Fields, M extends Names<F>> = {
  readonly [P in keyof F as M[P] extends string ? M[P] : P]: F[P];
};
