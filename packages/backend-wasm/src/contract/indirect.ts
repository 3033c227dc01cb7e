export { emitLine } from "./lines.ts";
export { emitSwapped } from "./swapped.ts";
export { tapsPlan } from "./taps-plan.ts";
export { emitTaps } from "./taps.ts";
export { swappedPlan, windowPlan } from "./window-plan.ts";
export { emitWindows } from "./windowed.ts";
