import {
  AdjointError,
  type Bindings,
  type DType,
  type Dim,
  type Tensor,
  type TensorValue,
  dim,
  equalDims,
  shapeText,
} from "@adjoint/ir";
import { dtypeOfElement } from "../element-type.ts";
import { unsupported } from "../errors.ts";
import type { DimSource, ValueSource } from "../proto/model.ts";

/** What a file says of a value; the shape may be open. */
export interface DeclaredType {
  readonly dtype: DType;
  readonly shape: readonly DimSource[] | undefined;
}

/** @throws UnsupportedError for sequences, maps, optional values, and foreign element types. */
export function declaredType(value: ValueSource, what: string): DeclaredType | undefined {
  if (value.type === undefined) return undefined;
  const owner = `${what} "${value.name}"`;
  if (value.type.kind === "other") throw unsupported(value.type.text, `${owner} is no tensor`);
  // A sub-graph may leave out types.
  if (value.type.dataType === 0) return undefined;
  return { dtype: dtypeOfElement(value.type.dataType, owner), shape: value.type.shape };
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
    return bindings[symbol] ?? bindings[symbolName(symbol)] ?? dim(symbolName(symbol));
  });
}

/** @throws AdjointError when a value that the caller binds does not fit what the file says of the input. */
export function checkConstant(name: string, declared: DeclaredType, value: TensorValue): void {
  const fits =
    value.dtype === declared.dtype &&
    (declared.shape === undefined ||
      (declared.shape.length === value.shape.length &&
        declared.shape.every((size, axis) => typeof size !== "number" || size === value.shape[axis])));
  if (fits) return;
  throw new AdjointError(
    "feed",
    "fromOnnx",
    `input "${name}" is ${declaredText(declared)} and is bound to ${value.dtype}${shapeText(value.shape)}`,
  );
}

const declaredText = ({ dtype, shape }: DeclaredType): string =>
  `${dtype}${shape === undefined ? "" : `[${shape.map((size) => size ?? "?").join(", ")}]`}`;

/** Compares what the file says of outputs with what they are. A symbol that no input has takes the first size it meets. */
export class OutputCheck {
  readonly #sizes = new Map<string, Dim>();

  constructor(inputs: readonly Tensor[], bindings: Bindings) {
    for (const [symbol, size] of Object.entries(bindings)) this.#sizes.set(symbol, size);
    for (const size of inputs.flatMap((tensor) => tensor.shape))
      if (typeof size !== "number" && size.terms.length === 1) this.#sizes.set(size.text, size);
  }

  /** @throws AdjointError naming the output, what the file declares and what it is. */
  check(value: ValueSource, tensor: Tensor): void {
    const declared = declaredType(value, "output");
    if (declared === undefined) return;
    const { dtype, shape } = declared;
    const fits =
      dtype === tensor.dtype &&
      (shape === undefined ||
        (shape.length === tensor.rank && shape.every((size, axis) => this.#fits(size, tensor.shape[axis]))));
    if (fits) return;
    throw new AdjointError(
      "shape",
      "fromOnnx",
      `output "${value.name}" is declared ${declaredText(declared)} and is ${tensor}`,
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
