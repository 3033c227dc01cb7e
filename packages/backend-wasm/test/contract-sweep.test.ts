import { expect, test } from "vitest";
import { caseOf } from "./contract-cases.ts";
import { sweep } from "./contract-sweep.ts";
import { relaxed } from "./relaxed.ts";

/** Cases of a module. */
const MODULE = 20;
const MODULES = 12;

// `tools/contract-sweep.mjs` draws as many more as wanted.
test.each(Array.from({ length: MODULES }, (_, index) => index * MODULE + 1))(
  "contractions of any layout, from seed %i: right sums, the same for any threads, nothing written or used outside",
  (first) => {
    const cases = Array.from({ length: MODULE }, (_, index) => caseOf(first + index, { relaxed }));
    expect(sweep(cases)).toEqual([]);
  },
);
