export { countsBy, countsOf, percent } from "./counts.ts";
export { difference, valueDifference } from "./compare.ts";
export { jsonLine, markdownSection, textReport } from "./report.ts";
export { withSection } from "./record.ts";
export { type Outcome, type Result, runTest } from "./run-test.ts";
export { type ImportedSet, importSet } from "./import-set.ts";
export { type TestCase, findTests, readSets } from "./tests.ts";
