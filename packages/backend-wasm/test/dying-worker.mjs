// The worker, but a call of `isLost` ends it, as if the machine had.
import process from "node:process";

const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(module, { adjoint }) {
    super(module, { adjoint: { ...adjoint, isLost: () => process.exit(7) } });
  }
};
await import("../worker.js");
