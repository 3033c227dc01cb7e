import type { Reduction } from "@adjoint/compiler/kernel";
import type { NameOf } from "@adjoint/ir/graph";
import { type DType, dtypeRange, isFloat } from "@adjoint/ir/values";
import { type Local, i32 } from "../emit/index.ts";
import { castElement } from "../scalar/cast.ts";
import { type Element, carrier } from "../scalar/carriers.ts";
import type { Context } from "../scalar/context.ts";
import { as, constantElement } from "../scalar/element.ts";
import { mapElement } from "../scalar/table.ts";

/** The dtype that sums and products are kept in: f64 for floats, which are rounded once at the end. */
export const sumDType = (dtype: DType): DType => (isFloat(dtype) ? "f64" : dtype);

/** A fold in locals. */
export interface Fold {
  /** The dtype that it is kept in: `sumDType` for sums and products. */
  readonly wide: DType;
  start(): void;
  take(value: Local): void;
  /** Takes what is in `wide` already. */
  takeWide(value: Local): void;
  /** Becomes a value that is in `wide`, in place of all that it took. */
  put(value: Element): void;
  result(): Element;
  /** The result as it is kept; undefined for positions, which can't be joined. */
  readonly kept: Local | undefined;
}

export type Joining = Extract<NameOf<"map">, "add" | "mul" | "max" | "min">;

/** The primitive that joins two values, and what a fold begins with; undefined for arg reductions. */
export function joiningOf({
  operation,
  dtype,
}: Reduction): { readonly name: Joining; readonly start: number | bigint } | undefined {
  const [low, high] = dtypeRange(dtype);
  switch (operation) {
    case "reduceSum":
      return { name: "add", start: 0 };
    case "reduceProd":
      return { name: "mul", start: 1 };
    case "reduceMax":
      return { name: "max", start: low };
    case "reduceMin":
      return { name: "min", start: high };
    default:
      return undefined;
  }
}

export function foldOf(context: Context, reduction: Reduction): Fold {
  const { body } = context;
  const { operation, dtype } = reduction;
  const joining = joiningOf(reduction);
  if (joining === undefined) return positionFold(context, dtype, operation === "argMax");
  const { name } = joining;
  const wide = name === "add" || name === "mul" ? sumDType(dtype) : dtype;
  const sum = body.local(carrier[wide]);
  return {
    wide,
    start: () => body.set(sum, constantElement(wide, joining.start)),
    take: (value) =>
      body.set(sum, mapElement(context, name, [sum, castElement(context, value, dtype, wide)], wide, wide)),
    takeWide: (value) => body.set(sum, mapElement(context, name, [sum, value], wide, wide)),
    put: (value) => body.set(sum, as(sum.type, value)),
    result: () => castElement(context, sum, wide, dtype),
    kept: sum,
  };
}

/** Position of the first largest or smallest value; NaN beats all. */
function positionFold(context: Context, dtype: DType, largest: boolean): Fold {
  const { body } = context;
  const best = body.local(carrier[dtype]);
  const [position, count] = [body.local("i32"), body.local("i32")];
  const isNaN = (x: Local): Element => mapElement(context, "isNaN", [x], dtype, "bool");
  const take = (value: Local): void => {
    const order = mapElement(context, "less", largest ? [best, value] : [value, best], dtype, "bool");
    const first = i32.or(i32.eqz(count), as("i32", order));
    const beats = isFloat(dtype)
      ? i32.or(first, i32.and(as("i32", isNaN(value)), i32.eqz(as("i32", isNaN(best)))))
      : first;
    body.if(beats, () => {
      body.set(best, value);
      body.set(position, count);
    });
    body.set(count, i32.add(count, i32.const(1)));
  };
  return {
    wide: dtype,
    start: () => {
      body.set(position, i32.const(0));
      body.set(count, i32.const(0));
    },
    take,
    takeWide: take,
    put: (value) => body.set(best, as(best.type, value)),
    result: () => position,
    kept: undefined,
  };
}
