import type { ErrorCode } from "@adjoint/ir";

/** Refused: by which operation, with what code, and words of the message that name the operands and the way out. */
export type Refusal = readonly [
  build: () => unknown,
  operation: string,
  code: ErrorCode,
  ...words: readonly string[],
];
