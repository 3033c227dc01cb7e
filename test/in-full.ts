/** `pnpm test:full` runs all there is of the longest suites; `npm test` has a share of each. */
export const inFull: boolean = process.env["MODE"] === "full";
