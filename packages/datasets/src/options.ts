import { type Schema, parseSettings } from "@adjoint/ir/schema";
import { DatasetError } from "./error.ts";

/**
 * Checks what a caller gave.
 *
 * @param operation the public name that the message begins with
 * @throws DatasetError `bad-option` naming each option that is wrong and the value it had.
 */
export const parseOptions = <T>(operation: string, schema: Schema<T>, value: unknown): T =>
  parseSettings(operation, schema, value, badOption);

const badOption = (operation: string, problem: string): DatasetError =>
  new DatasetError("bad-option", operation, problem);
