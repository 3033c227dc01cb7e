import { AdjointError } from "@adjoint/ir/values";

/** A family of code that is there. @throws AdjointError where `familiesOf` has overlooked it. */
export function familyOf<T, F extends keyof T & string>(families: Partial<T>, family: F): T[F] {
  const found: T[F] | undefined = families[family];
  if (found === undefined)
    throw new AdjointError("backend", "wasm", `the code for "${family}" was not asked for`);
  return found;
}
