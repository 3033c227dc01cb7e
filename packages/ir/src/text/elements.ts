import { type DType, dtypeInfo, dtypeRange } from "../dtype.ts";
import { AdjointError } from "../error.ts";
import { type Scalar, roundScalar } from "../value.ts";

/** A double that `Number` reads back exactly, −0 among them. */
export const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** Significant decimal digits that tell any two numbers of a type apart. */
const DIGITS: { readonly [D in DType]?: number } = { f32: 9, f16: 5, bf16: 4 };

/** The shortest text that reads back as the same element: `0.1` and not `0.10000000149011612` for an f32. */
export function elementText(element: Scalar, dtype: DType): string {
  if (dtype === "bool") return element === 0 ? "false" : "true";
  if (typeof element === "bigint" || !Number.isFinite(element)) return String(element);
  for (let digits = 1; digits <= (DIGITS[dtype] ?? 0); digits++) {
    const short = Number(element.toPrecision(digits));
    if (Object.is(roundScalar(short, dtype), element)) return numberText(short);
  }
  return numberText(element);
}

/**
 * Reads one element; floats are rounded to their type.
 * @throws AdjointError if the text is not an element of the type or lies outside its range.
 */
export function parseElement(text: string, dtype: DType): Scalar {
  const refuse = (): AdjointError => {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    return new AdjointError("text", "element", `${shown} is not ${dtype}`);
  };
  const info = dtypeInfo[dtype];
  if (info.class === "bool") {
    if (text !== "true" && text !== "false") throw refuse();
    return text === "true" ? 1 : 0;
  }
  if (info.class === "float") {
    if (!/^-?(?:NaN|Infinity|\d.*)$/.test(text)) throw refuse();
    const value = roundScalar(Number(text), dtype);
    const tooLarge = !Number.isFinite(Number(value)) && /\d/.test(text);
    if (tooLarge) throw refuse();
    return value;
  }
  // Longer integers than u64's are out of range whatever they are, and slow to convert.
  if (!/^-?\d{1,20}$/.test(text)) throw refuse();
  const [low, high] = dtypeRange(dtype);
  const value = info.big ? BigInt(text) : Number(text) + 0;
  if (value < low || value > high) throw refuse();
  return value;
}
