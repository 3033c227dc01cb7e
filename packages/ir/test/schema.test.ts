import {
  type Schema,
  checked,
  int,
  literal,
  minimum,
  number,
  oneOf,
  problemsOf,
  safeParse,
  strictObject,
  string,
  variant,
} from "@adjoint/ir/schema";
import { describe, expect, test } from "vitest";
import { z } from "zod";

/** What is wrong with a value. */
function problems(schema: Schema, value: unknown): string {
  const result = safeParse(schema, value);
  return result.success ? "" : problemsOf(result.issues);
}

describe("problems of settings", () => {
  const schema = strictObject({
    units: checked(int("must be a whole number"), minimum(1, "must be at least 1")),
    rate: checked(number(), minimum(0)),
    join: oneOf(["add", "max"]),
  });
  const good = { units: 1, rate: 0.5, join: "add" };

  test.each<readonly [string, object, string]>([
    ["nothing", {}, ""],
    ["the schema's own words and the value", { units: 1.5 }, "units must be a whole number and is 1.5"],
    ["one condition at a time", { units: -0.5 }, "units must be a whole number and is -0.5"],
    ["a number that is too small", { rate: -1 }, "rate Too small: expected ≥ 0 and is -1"],
    ["another type", { rate: "1" }, "rate Invalid input: expected number, received string"],
    ["no number", { rate: NaN }, "rate Invalid input: expected number, received NaN"],
    ["a missing setting", { rate: undefined }, "rate Invalid input: expected number, received undefined"],
    ["none of the choices", { join: "mean" }, 'join Invalid option: expected "add" or "max" and is "mean"'],
    ["settings that are not known", { a: 1, b: 2 }, 'unknown setting "a", "b"'],
    [
      "several",
      { units: 0, join: 3 },
      'units must be at least 1 and is 0; join Invalid option: expected "add" or "max" and is 3',
    ],
  ])("name %s", (_, changes, expected) => {
    expect(problems(schema, { ...good, ...changes })).toBe(expected);
  });

  test("are told of schemas by any form of zod", () => {
    const classic = z.strictObject({ units: z.int().min(1) });
    expect(safeParse(classic, { units: 2 })).toEqual({ success: true, data: { units: 2 } });
    expect(problems(classic, { units: 0 })).toBe("units Too small: expected ≥ 1 and is 0");
  });
});

describe("a schema of variants", () => {
  const shape = variant<{ readonly kind: string }>(
    "kind",
    {
      circle: strictObject({ kind: literal("circle"), radius: number() }),
      text: strictObject({ kind: literal("text"), words: string() }),
    },
    "must be a circle or a text",
  );
  const drawing = strictObject({ shape });

  test("takes each of them, and nothing else", () => {
    expect(safeParse(shape, { kind: "circle", radius: 1 }).success).toBe(true);
    expect(safeParse(shape, { kind: "text", words: "" }).success).toBe(true);
    expect(problems(drawing, { shape: { kind: "toString" } })).toBe(
      "shape must be a circle or a text and is an object",
    );
    expect(problems(drawing, { shape: null })).toBe("shape must be a circle or a text and is null");
  });

  test("names the setting inside the variant", () => {
    expect(problems(drawing, { shape: { kind: "circle", radius: "1" } })).toBe(
      "shape.radius Invalid input: expected number, received string",
    );
  });
});
