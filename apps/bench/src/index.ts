export { Chromium } from "./chromium.ts";
export { DEBIAN_CHROMIUM, launchChromium } from "./launch.ts";
export { chromiumPlace } from "./places.ts";
export { runGroup } from "./rounds.ts";
export { dataOf, expectedOf } from "./workloads/kinds.ts";
