import { webgpu } from "@adjoint/backend-webgpu";
import { ownRunner } from "../contestants/own-runner.ts";
import type { Prepare } from "../contestants/runner.ts";

/** Of our packages; the page's build puts it here. */
declare const ADJOINT_VERSION: string;

/** Ours: every run waits for the device, since it hears of failures with the outputs. */
export const prepareWebgpu: Prepare = async ({ task }, arrays) => ({
  version: ADJOINT_VERSION,
  ...(await ownRunner(await webgpu(), task, arrays)),
});
