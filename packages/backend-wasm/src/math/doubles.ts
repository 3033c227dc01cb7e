import * as exp64 from "./exp64.ts";
import type { DoubleMath, Emit } from "./functions.ts";
import * as log64 from "./log64.ts";
import { powDouble } from "./pow64.ts";

/** On two f64. */
export const doubleMath: { readonly [N in DoubleMath]: Emit } = {
  exp: exp64.exp,
  expm1: exp64.expm1,
  log: log64.log,
  log1p: log64.log1p,
  sinh: exp64.sinh,
  cosh: exp64.cosh,
  tanh: exp64.tanh,
  asinh: log64.asinh,
  acosh: log64.acosh,
  atanh: log64.atanh,
  erf: exp64.erf,
  pow: powDouble,
};
