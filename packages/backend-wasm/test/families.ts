export { families } from "../src/wasm.ts";
