export { wasm } from "@adjoint/backend-wasm";
export { compile } from "@adjoint/compiler";
export { input, program } from "@adjoint/ir";
