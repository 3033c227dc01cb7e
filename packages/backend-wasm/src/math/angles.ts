import { acos, asin, atan, atan2 } from "./arc64.ts";
import type { Angle, Emit } from "./functions.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { type HugeReduction, cos64, sin64, tan64 } from "./trig.ts";

export { hugeReduction } from "./huge.ts";
export { sineTurned32 } from "./trig.ts";

type Rule = (reduction: () => HugeReduction) => Emit;
const plain =
  (emit: Emit): Rule =>
  () =>
    emit;
const reduced =
  (emit: (m: Lanes, x: VectorLocal, huge: HugeReduction) => Vector): Rule =>
  (reduction) => {
    const huge = reduction();
    return (m, x) => emit(m, x, huge);
  };

/** On two f64, given the module's function for large angles, which is written where one needs it. */
export const functions: { readonly [N in Angle | "atan2"]: Rule } = {
  sin: reduced(sin64),
  cos: reduced(cos64),
  tan: reduced(tan64),
  asin: plain(asin),
  acos: plain(acos),
  atan: plain(atan),
  atan2: plain(atan2),
};
