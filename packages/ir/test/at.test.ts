import { at } from "@adjoint/ir/values";
import { expect, test } from "vitest";

test("an element that a list must have is given, from the front or the end; where there is none is an error", () => {
  expect([at([7, 8], 0), at([7, 8], -1), at("ab", 1), at(Uint8Array.of(0, 5), 0)]).toEqual([7, 8, "b", 0]);
  for (const index of [2, -3, 0.5, Number.NaN])
    expect(() => at([7, 8], index)).toThrow(`no element ${index} in a list of 2`);
  expect(() => at([], 0)).toThrow(RangeError);
});
