import { acos, asin, atan, atan2 } from "./arc64.ts";
import type { AngleRule, HugeReduction, MathFamilies } from "./families.ts";
import type { Emit } from "./functions.ts";
import type { Lanes, Vector, VectorLocal } from "./lanes.ts";
import { cos64, sin64, tan64 } from "./trig.ts";

export { hugeReduction } from "./huge.ts";
export { sineTurned32 } from "./trig.ts";

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

export const functions: MathFamilies["angles"]["functions"] = {
  sin: reduced(sin64),
  cos: reduced(cos64),
  tan: reduced(tan64),
  asin: plain(asin),
  acos: plain(acos),
  atan: plain(atan),
  atan2: plain(atan2),
};
