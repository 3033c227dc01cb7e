import "@tensorflow/tfjs-backend-wasm";
import type { Prepare } from "../runner.ts";
import { prepareTfjs } from "./tfjs.ts";

/** TensorFlow.js on WebAssembly. */
export const prepareTfjsWasm: Prepare = prepareTfjs("wasm");
