import { type WasmBackend, type WasmOptions, openWasm } from "./backend.ts";
import * as checked from "./checked/checked.ts";
import * as indirect from "./contract/indirect.ts";
import * as vectors from "./contract/vectors.ts";
import type { FamilyModules } from "./families.ts";
import * as ordered from "./kernels/ordered.ts";
import * as activations from "./math/activations.ts";
import * as angles from "./math/angles.ts";
import * as doubles from "./math/doubles.ts";
import * as words from "./scalar/words.ts";
import * as threads from "./threads/threads.ts";

/** All there are. */
export const families: FamilyModules = {
  ordered,
  vectors,
  indirect,
  words,
  activations,
  doubles,
  angles,
  threads,
  checked,
};

/**
 * Compiles each program to one WebAssembly module with SIMD, with fused multiply-add where the engine has it, run by
 * threads that are started once. The threads never keep the process alive.
 * @throws AdjointError on engines without SIMD, and for options out of range.
 */
export const wasm = (options: WasmOptions = {}): Promise<WasmBackend> =>
  openWasm(options, () => Promise.resolve(families));
