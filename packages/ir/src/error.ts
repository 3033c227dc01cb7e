import { currentOrigin } from "./origin.ts";

/** What kind of promise was broken; stable, so that programs can branch on it. */
export type ErrorCode =
  | "shape"
  | "dtype"
  | "attribute"
  | "graph"
  | "gradient"
  | "feed"
  | "state"
  | "index"
  | "text"
  | "backend";

/** Codes of errors in declaring a graph, where the line that declares is the place to look. */
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

  constructor(code: ErrorCode, operation: string, problem: string, remedy = "") {
    const place = DECLARING.has(code) ? currentOrigin().place : "";
    const tail = [remedy, place === "" ? "" : `At ${place}.`].filter((part) => part !== "").join(" ");
    super(`${operation}: ${problem}${/[.!?]$/.test(problem) ? "" : "."}${tail === "" ? "" : ` ${tail}`}`);
    this.code = code;
    this.operation = operation;
  }
}
