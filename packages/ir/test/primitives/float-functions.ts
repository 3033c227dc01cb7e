import { floatFunctions } from "@adjoint/ir";
import type { FloatFunction } from "@adjoint/ir/graph";

/** The same for each function of floats. */
export const forFloatFunctions = <T>(
  make: (name: FloatFunction) => T,
): { readonly [N in FloatFunction]: T } =>
  // The table's keys are these names.
  Object.fromEntries(Object.values(floatFunctions).map(({ name }) => [name, make(name)])) as {
    [N in FloatFunction]: T;
  };
