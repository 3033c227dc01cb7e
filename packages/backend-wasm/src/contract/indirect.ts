export { emitLine } from "./lines.ts";
export { tapsPlan } from "./taps-plan.ts";
export { emitTaps } from "./taps.ts";
export { emitTurned } from "./turned.ts";
export { turnedPlan, windowPlan } from "./window-plan.ts";
export { emitWindows } from "./windowed.ts";
