// The worker, but a call of `isLost` ends it, as if the machine had.
import process from "node:process";

const { Instance } = WebAssembly;

/**
 * @param {WebAssembly.Module} module
 * @param {{ readonly adjoint: { readonly [name: string]: unknown } }} imports
 */
function Dying(module, { adjoint }) {
  const imports = { adjoint: { ...adjoint, isLost: () => process.exit(7) } };
  return Reflect.construct(Instance, [module, imports]);
}
Reflect.set(WebAssembly, "Instance", Dying);
await import(new URL("../worker.js", import.meta.url).href);
