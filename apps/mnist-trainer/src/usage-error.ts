/** The options can't be followed; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
