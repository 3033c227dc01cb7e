import * as exponentials from "./exp64.ts";
import type { DoubleMath, Emit } from "./functions.ts";
import * as logarithms from "./log64.ts";
import { powDouble } from "./pow64.ts";

/** On two f64: a function that is missing here is to be written in `exp64.ts` or `log64.ts`. */
export const doubleMath: { readonly [N in DoubleMath]: Emit } = {
  ...exponentials,
  ...logarithms,
  pow: powDouble,
};
