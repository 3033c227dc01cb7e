import { AdjointError } from "../error.ts";
import { type Shape, checkRank, shapeText } from "../shape.ts";

/**
 * Limits of what text and JSON may ask for, so that hostile input costs no more than its own length: nesting is walked by
 * recursion, and the product of symbolic sizes has as many terms as the product of their lengths.
 */
const limits: {
  readonly depth: number;
  readonly terms: number;
  readonly degree: number;
  readonly sums: number;
} = {
  /** Bodies in bodies, and lists and records in attributes. */
  depth: 64,
  /** Terms in the product of a shape's sizes before like terms are joined. */
  terms: 1024,
  /** Symbols in one term. */
  degree: 64,
  /** Operands of a node times the terms in their sizes: what joining them all along an axis costs. */
  sums: 2 ** 20,
};

const refuse = (problem: string): AdjointError => new AdjointError("text", "limits", problem);

/** @throws AdjointError when the nesting is too deep. */
export function checkDepth(depth: number, what: string): void {
  if (depth > limits.depth) throw refuse(`${what} are nested more than ${limits.depth} deep`);
}

/** @throws AdjointError for a key of a record of attributes that schemas would drop. */
export function checkKey(key: string): string {
  if (key === "__proto__") throw refuse(`the name "__proto__" is reserved`);
  return key;
}

/**
 * Sizes that polynomial arithmetic can afford; signs are for the operation to judge.
 * @throws AdjointError when they have too many terms or too large numbers.
 */
export function checkDims(dims: Shape): void {
  let terms = 1;
  for (const size of dims) {
    for (const { symbols, coefficient } of typeof size === "number" ? [] : size.terms) {
      if (!Number.isSafeInteger(coefficient)) throw refuse(`${coefficient} is too large for a size`);
      if (symbols.length > limits.degree)
        throw refuse(`a size multiplies more than ${limits.degree} symbols`);
    }
    terms *= typeof size === "number" ? 1 : size.terms.length;
  }
  if (terms > limits.terms) throw refuse(`sizes have more than ${limits.terms} terms when multiplied`);
}

/** @throws AdjointError when adding up the operands' sizes would cost too much. */
export function checkOperands(shapes: readonly Shape[]): void {
  const symbolic = shapes.flat().filter((size) => typeof size !== "number");
  const distinct = new Map(symbolic.map((size) => [size.text, size.terms.length]));
  const terms = [...distinct.values()].reduce((sum, count) => sum + count, 0);
  if (shapes.length * terms > limits.sums) throw refuse("the operands' sizes have too many terms");
}

/**
 * The shape of a declared type.
 * @throws AdjointError for a negative size, and a rank or size beyond the limits.
 */
export function checkShape(shape: Shape): Shape {
  checkRank("limits", shape.length);
  for (const size of shape) {
    if (typeof size === "number" && (!Number.isSafeInteger(size) || size < 0)) {
      throw refuse(`${shapeText(shape)} has a size that is not a whole number ≥ 0`);
    }
  }
  checkDims(shape);
  return shape;
}
