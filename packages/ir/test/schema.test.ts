import { AdjointError, LimitError } from "@adjoint/ir";
import {
  type Schema,
  checked,
  finite,
  fraction,
  int,
  literal,
  minimum,
  nonNegative,
  number,
  oneOf,
  parseSettings,
  positive,
  problemsOf,
  safeParse,
  seedOrFalse,
  strictObject,
  string,
  variant,
  whole,
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

describe("numbers", () => {
  test.each<readonly [string, Schema<number | false>, readonly unknown[], readonly unknown[], string]>([
    ["whole", whole(1), [1, 2 ** 53 - 1], [0, 1.5, 2 ** 53, NaN, "1"], "must be a whole number ≥ 1"],
    ["whole to a bound", whole(0, 7), [0, 7], [-1, 8], "must be a whole number from 0 to 7"],
    ["finite", finite, [-1.5, 0], [NaN, Infinity, "0"], "must be a finite number"],
    ["nonNegative", nonNegative, [0, 0.5], [-1e-9, NaN, Infinity], "must be a number ≥ 0"],
    ["positive", positive, [1e-9], [0, -1, NaN], "must be a number > 0"],
    ["fraction", fraction, [0, 0.999], [1, -0.1, NaN], "must be a number from 0 to below 1"],
    ["seedOrFalse", seedOrFalse, [false, 0], [true, -1, 2 ** 53], "must be false or a whole number ≥ 0"],
  ])("%s", (_, schema, good, bad, message) => {
    for (const value of good) expect(safeParse(schema, value)).toEqual({ success: true, data: value });
    for (const value of bad) expect(problems(schema, value)).toContain(message);
  });
});

describe("parseSettings", () => {
  const schema = strictObject({ units: whole(1) });

  test("gives the settings, or an error that names the operation", () => {
    expect(parseSettings("dense", schema, { units: 2 })).toEqual({ units: 2 });
    expect(() => parseSettings("dense", schema, { units: 0n })).toThrow(AdjointError);
    expect(() => parseSettings("dense", schema, { units: 0n })).toThrow(
      "dense: units must be a whole number ≥ 1 and is 0n.",
    );
  });

  test("throws what it is told to", () => {
    const refusal = (operation: string, problem: string): AdjointError =>
      new LimitError(operation, problem, 2, 1, "");
    expect(() => parseSettings("dense", schema, {}, refusal)).toThrow(LimitError);
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
