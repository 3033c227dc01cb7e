import { AdjointError, constant } from "@adjoint/ir";
import { evaluateTensors } from "@adjoint/ir/graph";
import { describe, expect, test } from "vitest";
import { elementwiseErrors } from "./primitives/errors-elementwise.ts";
import { structureErrors } from "./primitives/errors-structure.ts";

const refusal = (build: () => unknown): unknown => {
  try {
    build();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe.each(Object.entries({ ...elementwiseErrors, ...structureErrors }))("an error of %s", (_, list) => {
  test.each(list.map(([build, operation, code, ...words]) => ({ build, operation, code, words })))(
    "by $operation says $words",
    ({ build, operation, code, words }) => {
      const error = refusal(build);
      expect(error).toBeInstanceOf(AdjointError);
      // The line above fails for anything else.
      const { message, code: given, operation: by } = error as AdjointError;
      expect({ by, given }).toEqual({ by: operation, given: code });
      expect(message.startsWith(`${operation}: `)).toBe(true);
      for (const word of words) expect(message).toContain(word);
      // The line that declared it, with file, line and column.
      expect(message).toMatch(/At [^ ]*\/primitives\/errors-\w+\.ts:\d+:\d+\.$/);
    },
  );
});

describe("an index outside its axis", () => {
  test.each([-1, 3])("%i is refused when the graph runs", (index) => {
    const x = constant([1, 2, 3]);
    const at = constant([[index]], "i32");
    expect(() => evaluateTensors([x.gather(at)], new Map())).toThrow(
      `gather: index ${index} lies outside axis 0 of size 3.`,
    );
    expect(() => evaluateTensors([x.scatter(at, constant([1]))], new Map())).toThrow(
      `scatter: index ${index} lies outside axis 0`,
    );
  });

  test("is refused where it was beyond i32", () => {
    const x = constant([1, 2, 3]);
    for (const at of [
      constant([[2n ** 32n]], "i64"),
      constant([[-(2n ** 40n)]], "i64"),
      constant([[4294967295]], "u32"),
      constant([[2n ** 63n]], "u64"),
    ]) {
      expect(() => evaluateTensors([x.gather(at)], new Map())).toThrow(/lies outside axis 0 of size 3/);
    }
  });
});
