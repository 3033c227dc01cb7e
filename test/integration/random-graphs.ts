// The generator of random graphs lives with the tests of the graph; everything below the graph is tested on the same ones.
// oxlint-disable-next-line no-restricted-imports -- tests of several packages share it, and no package should ship it
export { type RandomGraph, difference, graphs } from "../../packages/ir/test/graphs.ts";
