import type { Tensor } from "@adjoint/ir";
import { AdjointError, type Bindings, type Dim, dim, equalDims, own } from "@adjoint/ir/values";
import { type ElementType, elementType } from "../element-type.ts";
import { unsupported } from "../errors.ts";
import type { DimSource, TypeSource, ValueSource } from "../proto/model.ts";
import {
  Absent,
  type HostValue,
  NarrowTensor,
  Sequence,
  type Value,
  constantValue,
  valueText,
} from "./value.ts";

/** The type that a file declares for a tensor; the shape may be open. */
export interface DeclaredType extends ElementType {
  readonly shape: readonly DimSource[] | undefined;
}

type TensorSource = TypeSource & { readonly kind: "tensor" };

/** @throws UnsupportedError for foreign element types. */
export function declaredTensor({ dataType, shape }: TensorSource, owner: string): DeclaredType | undefined {
  // A sub-graph may leave out types.
  return dataType === 0 ? undefined : { ...elementType(dataType, owner), shape };
}

/** A symbol's name as `dim` takes it. */
const symbolName = (text: string): string => {
  const name = text.replaceAll(/[^A-Za-z0-9_.]/g, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
};

/** Sizes from the file, with those that the caller binds; an unnamed one gets a symbol of its own. */
export function inputShape(name: string, shape: readonly DimSource[], bindings: Bindings): readonly Dim[] {
  return shape.map((size, axis) => {
    if (typeof size === "number") return size;
    const symbol = size ?? `${name}_${axis}`;
    const named = symbolName(symbol);
    return own(bindings, symbol) ?? own(bindings, named) ?? dim(named);
  });
}

/**
 * A value that the caller binds, as the file declares it.
 * @throws AdjointError when it does not fit.
 */
export function boundValue(name: string, type: TypeSource | undefined, bound: HostValue): Value {
  const value = constantValue(retyped(type, bound));
  if (type === undefined || fits(type, value, fitsNumber)) return value;
  throw new AdjointError(
    "feed",
    "fromOnnx",
    `input "${name}" is ${typeSourceText(type)} and is bound to ${valueText(value)}`,
  );
}

/** Elements that the caller holds say nothing of a narrow type: the file does. */
function retyped(type: TypeSource | undefined, bound: HostValue): HostValue {
  if (type === undefined || type.kind === "other" || bound === null) return bound;
  if (type.kind === "optional") return retyped(type.element, bound);
  if (type.kind === "sequence")
    return Array.isArray(bound) ? bound.map((item) => retyped(type.element, item)) : bound;
  const { narrow } = elementType(type.dataType, "a bound input");
  return "dtype" in bound && narrow?.storage === bound.dtype ? { narrow, ...bound } : bound;
}

/** Whether a size is the number that a file declares, where both are numbers. */
const fitsNumber = (declared: DimSource, size: Dim | undefined): boolean =>
  typeof declared !== "number" || typeof size !== "number" || declared === size;

/** Whether a value is what a file declares; sizes are compared by the caller. */
function fits(
  type: TypeSource,
  value: Value,
  fitsSize: (declared: DimSource, size: Dim | undefined) => boolean,
): boolean {
  if (type.kind === "other") throw unsupported(type.text, "a declared type");
  if (type.kind === "optional") return value instanceof Absent || fits(type.element, value, fitsSize);
  // A symbol says no more than that a size is there: the items may differ.
  if (type.kind === "sequence")
    return value instanceof Sequence && value.items.every((item) => fits(type.element, item, fitsNumber));
  const declared = declaredTensor(type, "a declared value");
  if (declared === undefined) return true;
  if (value instanceof Sequence || value instanceof Absent) return false;
  const [tensor, narrow] = value instanceof NarrowTensor ? [value.tensor, value.type] : [value, undefined];
  const { shape } = declared;
  return (
    declared.dtype === tensor.dtype &&
    declared.narrow === narrow &&
    (shape === undefined ||
      (shape.length === tensor.rank && shape.every((size, axis) => fitsSize(size, tensor.shape[axis]))))
  );
}

/** A declared type in words. */
function typeSourceText(type: TypeSource): string {
  if (type.kind === "other") return type.text;
  if (type.kind !== "tensor") return `${type.kind}(${typeSourceText(type.element)})`;
  const declared = declaredTensor(type, "a declared value");
  if (declared === undefined) return "a tensor";
  const shape = declared.shape?.map((size) => size ?? "?").join(", ");
  return `${declared.narrow?.name ?? declared.dtype}${shape === undefined ? "" : `[${shape}]`}`;
}

/** Compares what the file says of outputs with what they are. A symbol that no input has takes the first size it meets. */
export class OutputCheck {
  readonly #sizes = new Map<string, Dim>();

  constructor(inputs: readonly Tensor[], bindings: Bindings) {
    for (const [symbol, size] of Object.entries(bindings)) this.#sizes.set(symbol, size);
    for (const size of inputs.flatMap((tensor) => tensor.shape))
      if (typeof size !== "number" && size.terms.length === 1) this.#sizes.set(size.text, size);
  }

  /** @throws AdjointError naming the output, what the file declares and what it is. */
  check({ name, type }: ValueSource, value: Value): void {
    if (type === undefined || fits(type, value, (declared, size) => this.#fits(declared, size))) return;
    throw new AdjointError(
      "shape",
      "fromOnnx",
      `output "${name}" is declared ${typeSourceText(type)} and is ${valueText(value)}`,
      "The file contradicts itself.",
    );
  }

  #fits(declared: DimSource, actual: Dim | undefined): boolean {
    if (declared === undefined || actual === undefined) return true;
    // A size that depends on symbols is compared when they are bound.
    if (typeof declared === "number") return typeof actual !== "number" || declared === actual;
    const symbol = symbolName(declared);
    const expected = this.#sizes.get(symbol);
    if (expected === undefined) this.#sizes.set(symbol, actual);
    return expected === undefined || typeof expected !== typeof actual || equalDims(expected, actual);
  }
}
