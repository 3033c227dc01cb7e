import { type WasmBackend, type WasmOptions, openWasm } from "./backend.ts";
import { loadFamilies } from "./loading.ts";

export { type Features, detectFeatures } from "./detect.ts";
export type { WasmBackend, WasmOptions } from "./backend.ts";

/**
 * The backend of the package's main entry, for pages that are to load little: code that only some programs need is loaded
 * when a program first needs it.
 *
 * Don't call it where the page's first file waits at its top level: bundlers put shared code into that file, parts import
 * from it, and each would wait for the other.
 * @throws AdjointError as the main entry's does, and later where a part does not load within 30 seconds.
 */
export const wasm = (options: WasmOptions = {}): Promise<WasmBackend> =>
  openWasm(options, (wanted) => loadFamilies(wanted()));
