export { Chromium } from "./partners/chromium.ts";
export { DEBIAN_CHROMIUM, launchChromium } from "./partners/launch.ts";
export { chromiumPlace } from "./partners/places.ts";
export { runGroup } from "./measure/rounds.ts";
export { dataOf, expectedOf } from "./tasks/workloads/kinds.ts";
