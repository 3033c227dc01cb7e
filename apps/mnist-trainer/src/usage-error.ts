/** What the user asked for can't be done as asked; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
