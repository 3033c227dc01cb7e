// What tests know of functions of floats lives with the tests of the graph; those of backends and formats use the same.
// oxlint-disable-next-line no-restricted-imports -- tests of several packages share it, and no package should ship it
export { forFloatFunctions } from "../packages/ir/test/primitives/float-functions.ts";
// oxlint-disable-next-line no-restricted-imports -- as above
export { smoothRanges } from "../packages/ir/test/primitives/transcendental.ts";
