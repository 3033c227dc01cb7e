import { currentOrigin } from "./origin.ts";

/** The kind of a mistake; stable, so that programs can branch on it. */
export type ErrorCode =
  | "shape"
  | "dtype"
  | "attribute"
  | "graph"
  | "gradient"
  | "feed"
  | "data"
  | "state"
  | "index"
  | "text"
  | "limit"
  | "backend";

/** Codes of errors in declaring a graph: the line that declares is to be mended. */
const DECLARING: ReadonlySet<ErrorCode> = new Set(["shape", "dtype", "attribute", "graph", "gradient"]);

/**
 * The one error type that Adjoint throws for bad input.
 *
 * The message names the operation, the tensors with their types, where the user made them, and the way out.
 */
export class AdjointError extends Error {
  override readonly name = "AdjointError";
  readonly code: ErrorCode;
  /** The operation that refused, by its public name. */
  readonly operation: string;

  constructor(code: ErrorCode, operation: string, problem: string, remedy = "", options: ErrorOptions = {}) {
    const place = DECLARING.has(code) ? currentOrigin().place : "";
    const tail = [remedy, place === "" ? "" : `At ${place}.`].filter((part) => part !== "").join(" ");
    const said = `${operation}: ${problem}${/[.!?]$/.test(problem) ? "" : "."}`;
    super(`${shortened(said)}${tail === "" ? "" : ` ${shortened(tail)}`}`, options);
    this.code = code;
    this.operation = operation;
  }
}

/** Input from outside asks for more than a limit allows. The message says what was asked and how to raise the limit. */
export class LimitError extends AdjointError {
  /** The amount asked for, in the units of the limit; a lower bound if counting stopped early. */
  readonly asked: number;
  readonly limit: number;

  constructor(operation: string, what: string, asked: number, limit: number, remedy: string) {
    super("limit", operation, `asks for ${asked} ${what}, and the limit is ${limit}`, remedy);
    this.asked = asked;
    this.limit = limit;
  }
}

/** Characters of a text without blanks, such as a name from a file, that a message shows. */
const LONGEST_WORD = 200;
/** Characters of each half of a message. */
const LONGEST = 4000;

/** A text for a message: files have names of any length. */
function shortened(text: string): string {
  if (text.length <= LONGEST_WORD) return text;
  const cut = text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 200)} … ${text.slice(-200)}`;
  return cut.replaceAll(/\S{201,}/g, (word) => `${word.slice(0, 100)}…${word.slice(-20)}`);
}
