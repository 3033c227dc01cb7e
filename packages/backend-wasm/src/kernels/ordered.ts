export { writeIf, writeScan } from "./control.ts";
export { cumulativeKernel } from "./cumulative.ts";
export { writeTurned } from "./map-squares.ts";
export { scatterKernel } from "./scatter.ts";
export { sortKernel, sortRegions } from "./sort.ts";
