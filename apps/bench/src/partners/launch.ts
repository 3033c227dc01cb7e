import { type Browser, chromium } from "playwright-core";

export const DEBIAN_CHROMIUM = "/usr/bin/chromium";

/** WebGPU on the software driver: all three flags of Vulkan and ANGLE are needed. The rest keeps Chromium off the network. */
const args = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

/** Starts Chromium as benchmarks and tests run it. */
export const launchChromium = (executablePath: string = DEBIAN_CHROMIUM): Promise<Browser> =>
  chromium.launch({ executablePath, args });
