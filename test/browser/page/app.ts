import { wasm } from "@adjoint/backend-wasm/on-demand";
import { trainMlp } from "../mlp.ts";

// What a page that trains a network loads: the library, and nothing for data.
Object.assign(globalThis, { wasm, trainMlp });
