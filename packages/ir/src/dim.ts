import { AdjointError, LimitError } from "./error.ts";
import { own } from "./record.ts";

/** A size: a known number, or an integer polynomial over named symbols such as `batch·2 + 1`. */
export type Dim = number | SymbolicDim;

/** Sizes for symbols. */
export type Bindings = { readonly [symbol: string]: number };

interface Term {
  /** Symbols with multiplicity, sorted: `["batch", "batch", "height"]` is batch²·height. Empty for the constant term. */
  readonly symbols: readonly string[];
  readonly coefficient: number;
}

/** Limits of a size: a file of a few hundred bytes can ask for products of sums that no memory holds. */
const most = {
  terms: 1024,
  /** Terms of a product before like ones are joined. */
  products: 2 ** 14,
  /** Symbols in one term. */
  symbols: 64,
  /** Characters of a symbol's name. */
  characters: 1000,
} as const;

/** A polynomial that holds at least one symbol; canonical, so equal dims have equal text. */
export class SymbolicDim {
  readonly terms: readonly Term[];
  readonly text: string;

  constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.text = terms.map(termText).join(" + ").replaceAll("+ -", "- ");
  }

  toString(): string {
    return this.text;
  }
}

function termText(term: Term): string {
  if (term.symbols.length === 0) return String(term.coefficient);
  const product = term.symbols.join("*");
  if (term.coefficient === 1) return product;
  return term.coefficient === -1 ? `-1*${product}` : `${term.coefficient}*${product}`;
}

const SYMBOL = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/**
 * A named symbolic size. Two dims of one name are the same size.
 * @throws AdjointError when the name is not an identifier.
 */
export function dim(name: string): SymbolicDim {
  if (name.length > most.characters)
    throw new LimitError(
      "dim",
      "characters of a symbol's name",
      name.length,
      most.characters,
      "Shorten the name.",
    );
  if (!SYMBOL.test(name)) {
    throw new AdjointError(
      "shape",
      "dim",
      `"${name}" is not a symbol's name`,
      "Use letters, digits, _ and dots.",
    );
  }
  return new SymbolicDim([{ symbols: [name], coefficient: 1 }]);
}

const termsOf = (value: Dim): readonly Term[] =>
  typeof value === "number" ? [{ symbols: [], coefficient: value }] : value.terms;

function canonical(terms: Iterable<Term>): Dim {
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const key = term.symbols.join("*");
    sums.set(key, {
      symbols: term.symbols,
      coefficient: (sums.get(key)?.coefficient ?? 0) + term.coefficient,
    });
  }
  const kept = [...sums.values()].filter((term) => term.coefficient !== 0);
  // Higher degree first, then by name: the order in which polynomials are written.
  kept.sort(
    (a, b) => b.symbols.length - a.symbols.length || (a.symbols.join("*") < b.symbols.join("*") ? -1 : 1),
  );
  const [first] = kept;
  if (first === undefined) return 0;
  checkAmount("terms of a size", kept.length, most.terms);
  checkAmount("symbols multiplied in a size", first.symbols.length, most.symbols);
  if (kept.length === 1 && first.symbols.length === 0) return first.coefficient;
  return new SymbolicDim(kept);
}

/** @throws LimitError for a polynomial that arithmetic can't afford. */
function checkAmount(what: string, asked: number, limit: number): void {
  if (asked > limit) throw new LimitError("dim", what, asked, limit, "Bind some of its symbols to numbers.");
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return canonical([...termsOf(a), ...termsOf(b)]);
}

export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(b, -1));
}

export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const products: Term[] = [];
  checkAmount("terms of a product", termsOf(a).length * termsOf(b).length, most.products);
  for (const x of termsOf(a)) {
    for (const y of termsOf(b)) {
      products.push({
        symbols: [...x.symbols, ...y.symbols].toSorted(),
        coefficient: x.coefficient * y.coefficient,
      });
    }
  }
  return canonical(products);
}

/** a ÷ b if it is exact; undefined if the quotient is not an integer polynomial. */
export function divDims(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === "number" && typeof b === "number")
    return b !== 0 && Number.isInteger(a / b) ? a / b : undefined;
  if (equalDims(a, b)) return 1;
  // Long division by the leading term; each step must be exact.
  const [lead] = termsOf(b);
  if (lead === undefined || lead.coefficient === 0) return undefined;
  let rest = a;
  let quotient: Dim = 0;
  for (let guard = 0; guard < 64 && !equalDims(rest, 0); guard++) {
    const [top] = termsOf(rest);
    if (top === undefined) return undefined;
    const symbols = [...top.symbols];
    for (const symbol of lead.symbols) {
      const at = symbols.indexOf(symbol);
      if (at < 0) return undefined;
      symbols.splice(at, 1);
    }
    const coefficient = top.coefficient / lead.coefficient;
    if (!Number.isInteger(coefficient)) return undefined;
    const step = canonical([{ symbols, coefficient }]);
    quotient = addDims(quotient, step);
    rest = subDims(rest, mulDims(step, b));
  }
  return equalDims(rest, 0) ? quotient : undefined;
}

export function equalDims(a: Dim, b: Dim): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a === b || a.text === b.text;
}

/** True if a ≥ b for all sizes of the symbols (sizes are never negative); false if that is not certain. */
export function provablyAtLeast(a: Dim, b: Dim): boolean {
  const difference = subDims(a, b);
  if (typeof difference === "number") return difference >= 0;
  return difference.terms.every((term) => term.coefficient >= 0);
}

export function dimSymbols(value: Dim): readonly string[] {
  if (typeof value === "number") return [];
  return [...new Set(value.terms.flatMap((term) => term.symbols))];
}

/** The dim with every symbol of `bindings` replaced by its size. */
export function bindDim(value: Dim, bindings: Bindings): Dim {
  if (typeof value === "number") return value;
  return canonical(
    value.terms.map((term) => {
      let coefficient = term.coefficient;
      const symbols: string[] = [];
      for (const symbol of term.symbols) {
        const size = own(bindings, symbol);
        if (size === undefined) symbols.push(symbol);
        else coefficient *= size;
      }
      return { symbols, coefficient };
    }),
  );
}

/** Reads what `String(dim)` writes: `28`, `batch`, `2*batch*height + 3`. */
export function parseDim(text: string): Dim {
  const terms = text
    .replaceAll(" ", "")
    .replaceAll("-", "+-")
    .split("+")
    .filter((part, index, parts) => part !== "" || index > 0 || parts.length === 1)
    .map((part): Term => {
      let coefficient = 1;
      const symbols: string[] = [];
      const factors = part.split("*");
      for (const factor of factors) {
        if (/^-?\d{1,15}$/.test(factor)) coefficient *= Number(factor);
        else if (SYMBOL.test(factor)) symbols.push(factor);
        else if (/^-[A-Za-z_]/.test(factor) && SYMBOL.test(factor.slice(1))) {
          coefficient *= -1;
          symbols.push(factor.slice(1));
        } else {
          throw new AdjointError(
            "text",
            "parseDim",
            `"${text}" is not a size`,
            "Write numbers, symbols, * and +.",
          );
        }
      }
      return { symbols: symbols.toSorted(), coefficient };
    });
  return canonical(terms);
}
