/** `pnpm test:full` runs every test in full; `npm test` runs a share of the longest suites. */
export const inFull: boolean = process.env["MODE"] === "full";
