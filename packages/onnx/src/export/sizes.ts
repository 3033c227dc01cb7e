import {
  AdjointError,
  type Dim,
  type Shape,
  bindDim,
  dimSymbols,
  isStatic,
  subDims,
  valueOf,
} from "@adjoint/ir/values";
import type { InputValue, Value } from "./draft.ts";
import type { NodeWriter } from "./node-writer.ts";

/** The name that nodes of shape computations get theirs from. */
const SCOPE = "sizes";

/** Sizes that are known only at the run, computed from the shapes of the model's inputs. */
export class Sizes {
  readonly #writer: NodeWriter;
  readonly #symbols = new Map<string, Value>();

  /** @param writer of the outermost graph, which computes all sizes: bodies see them. */
  constructor(writer: NodeWriter) {
    this.#writer = writer;
  }

  vector(shape: Shape): Value {
    const writer = this.#writer;
    if (isStatic(shape)) return writer.ints(shape);
    return writer.within(SCOPE, () => {
      const parts = shape.map((size) => this.#vectorOfOne(size));
      return parts.length === 1 && parts[0]
        ? parts[0]
        : writer.one("Concat", parts, { attributes: { axis: 0 } });
    });
  }

  scalar(size: Dim): Value {
    const writer = this.#writer;
    if (typeof size === "number") return writer.constant(valueOf("i64", [], [size]));
    return writer.within(SCOPE, () => writer.one("Squeeze", [this.#vectorOfOne(size), writer.ints([0])]));
  }

  /** A polynomial as sums of products of its symbols. */
  #vectorOfOne(size: Dim): Value {
    const writer = this.#writer;
    if (typeof size === "number") return writer.ints([size]);
    return size.terms
      .map(({ symbols, coefficient }) => {
        const factors = symbols.map((symbol) => this.#symbol(symbol));
        if (coefficient !== 1 || factors.length === 0) factors.push(writer.ints([coefficient]));
        return factors.reduce((a, b) => writer.one("Mul", [a, b]));
      })
      .reduce((a, b) => writer.one("Add", [a, b]));
  }

  #symbol(symbol: string): Value {
    const known = this.#symbols.get(symbol);
    if (known !== undefined) return known;
    const made = this.#writer.within(symbol, () => this.#read(symbol));
    this.#symbols.set(symbol, made);
    return made;
  }

  #read(symbol: string): Value {
    const axes = this.#writer.home.inputs.flatMap((input) =>
      input.shape.flatMap((size, axis) =>
        dimSymbols(size).join() === symbol ? [{ input, axis, size }] : [],
      ),
    );
    // An axis that is the symbol itself, or else one that is linear in it.
    const found =
      axes.find(({ size }) => String(size) === symbol) ?? axes.find(({ size }) => isLinear(size, symbol));
    if (found === undefined) {
      throw new AdjointError(
        "shape",
        "toOnnx",
        `no input's shape gives the size of "${symbol}"`,
        "Bind it to a number with specialize(graph, { … }).",
      );
    }
    return this.#solved(this.#axis(found.input, found.axis), found.size, symbol);
  }

  #axis(input: InputValue, axis: number): Value {
    const writer = this.#writer;
    if (writer.opset >= 15)
      return writer.one("Shape", [input], { attributes: { start: axis, end: axis + 1 }, result: "i64" });
    const shape = writer.one("Shape", [input], { result: "i64" });
    return writer.one("Gather", [shape, writer.ints([axis])], { attributes: { axis: 0 } });
  }

  /** symbol = (size − constant)/factor. */
  #solved(value: Value, size: Dim, symbol: string): Value {
    const writer = this.#writer;
    const [constant, factor] = line(size, symbol);
    const shifted = constant === 0 ? value : writer.one("Sub", [value, writer.ints([constant])]);
    return factor === 1 ? shifted : writer.one("Div", [shifted, writer.ints([factor])]);
  }
}

const at = (size: Dim, symbol: string, value: number): number => Number(bindDim(size, { [symbol]: value }));

/** The constant and the factor of a size that is linear in a symbol. */
const line = (size: Dim, symbol: string): readonly [number, number] => [
  at(size, symbol, 0),
  at(size, symbol, 1) - at(size, symbol, 0),
];

const isLinear = (size: Dim, symbol: string): boolean =>
  at(size, symbol, 2) - at(size, symbol, 1) === line(size, symbol)[1];

/** The whole-number difference of two sizes; undefined if it depends on symbols. */
export function difference(a: Dim, b: Dim): number | undefined {
  const rest = subDims(a, b);
  return typeof rest === "number" ? rest : undefined;
}
