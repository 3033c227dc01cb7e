export { emitLine } from "./lines.ts";
export { tapsPlan } from "./taps-plan.ts";
export { emitTaps } from "./taps.ts";
export { windowPlan } from "./window-plan.ts";
export { emitWindows } from "./windowed.ts";
