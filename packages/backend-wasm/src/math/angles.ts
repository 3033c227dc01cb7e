import { acos, asin, atan, atan2 } from "./arc64.ts";
import type { Angle, Emit } from "./functions.ts";
import type { HugeReduction } from "./huge.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { cos64, sin64, tan64 } from "./trig.ts";

/** A function, given the module's own for large angles, which is written where one needs it. */
type AngleRule = (reduction: () => HugeReduction) => Emit;

const plain =
  (emit: Emit): AngleRule =>
  () =>
    emit;
const reduced =
  (emit: (m: Lanes, x: VectorLocal, huge: HugeReduction) => Vector): AngleRule =>
  (reduction) => {
    const huge = reduction();
    return (m, x) => emit(m, x, huge);
  };

/** On two f64. */
export const angles: { readonly [N in Angle | "atan2"]: AngleRule } = {
  sin: reduced(sin64),
  cos: reduced(cos64),
  tan: reduced(tan64),
  asin: plain(asin),
  acos: plain(acos),
  atan: plain(atan),
  atan2: plain(atan2),
};
