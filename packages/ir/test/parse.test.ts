import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AdjointError, type Graph } from "@adjoint/ir";
import { parse } from "../src/text/parse.ts";
import { print } from "../src/text/print.ts";
import { composites, graphs, trainingStep } from "./text-graphs.ts";

describe("parse", () => {
  test("comments and any spacing", () => {
    const graph = parse("# first\ngraph(%x:f32[2]){%0=neg(%x):f32[2]# then\nreturn y:%0}\r\n\t# last");
    expect(print(graph)).toBe("graph(%x: f32[2]) {\n  %0 = neg(%x) : f32[2]\n  return y: %0\n}");
  });

  test.each([
    ["", /line 1, column 1: expected "graph" and found the end/],
    ["graph() { return } x", /expected the end of the text and found "x"/],
    ["graph() { return", /expected "}" and found the end/],
    ["graph(%x: f32[2], ) { return }", /expected a value such as %0/],
    ["graph(%x: f33[2]) { return }", /expected a type such as f32\[2, 3\] and found "f33"/],
    ["graph(%x: f32[-2]) { return }", /not a whole number ≥ 0/],
    ["graph(%x: f32[1.5]) { return }", /is not a size/],
    ["graph(%x) { return }", /expected ":"/],
    ["graph(%x: f32[2], %x: f32[2]) { return }", /column 19: %x is defined twice/],
    ['graph(%x: f32[2], %y {key: "x"}: f32[2]) { return }', /"x" names two of them/],
    ['graph(%x {kay: "x"}: f32[2]) { return }', /expected \{key: "…", name: "…"\}/],
    [
      "graph(%x: f32[2]) {\n  %0 = neg(%1) : f32[2]\n  return }",
      /line 2, column 12: %1 is not defined before/,
    ],
    ["graph(%x: f32[2]) { %x = neg(%x) : f32[2] return }", /%x is defined twice/],
    ["graph(%x: f32[2]) { %0 = neg(%x) : f32[3] return }", /neg: is declared f32\[3\] and gives f32\[2\]/],
    [
      "graph(%x: f32[2]) { %0 = neg(%x) : f32[2], f32[2] return }",
      /declared f32\[2\], f32\[2\] and gives f32\[2\]/,
    ],
    ["graph(%x: f32[2]) { %0, %1 = neg(%x) : f32[2] return }", /neg has 1 outputs and 2 labels/],
    ["graph(%x: f32[2]) { %0 = neg(%x) return }", /expected ":" and found "return"/],
    ["graph(%x: f32[2]) { %0 = neg(%x, %x) : f32[2] return }", /neg: takes 1 operands and got 2/],
    ["graph(%x: f32[2]) { %0 = neg(%x) () { return } : f32[2] return }", /neg: takes no bodies/],
    [
      "graph(%x: f32[2]) { %0 = gelu(%x) : f32[2] return }",
      /"gelu": is not a primitive and not among the composites/,
    ],
    ["graph(%x: f32[2]) { %0 = constructor(%x) : f32[2] return }", /"constructor": is not a primitive/],
    ["graph(%x: f32[2]) { %0 = __proto__(%x) : f32[2] return }", /"__proto__": is not a primitive/],
    ["graph(%x: f32[2]) { return a: %x, a: %x }", /"a" names two of them/],
    ["graph(%x: f32[2]) { return update %x: %x }", /input "x": f32\[2\].* is not a register/],
    ["graph() { %0 = iota {axis: 0, axis: 1} : i32[2] return }", /"axis" is given twice/],
    ["graph() { %0 = iota {axis: 0, __proto__: 1} : i32[2] return }", /"__proto__" is reserved/],
    ["graph() { %0 = iota {axis: 1e999} : i32[2] return }", /too large for a double/],
    ["graph() { %0 = iota {axis: 1e5n} : i32[2] return }", /"1e5n" is not a number/],
    ["graph() { %0 = iota {axis: } : i32[2] return }", /expected a value and found "}"/],
    ['graph() { %0 = iota {axis: "\\x"} : i32[2] return }', /a string has an escape/],
    ['graph() { %0 = iota {axis: "a', /a string has no end/],
    ["graph() { %0 = iota {axis: 0} : i32[é] return }", /unexpected "é"/],
  ])("%s", (text, message) => {
    expect(() => parse(text)).toThrow(AdjointError);
    expect(() => parse(text)).toThrow(message);
  });

  test("updates: one for each register, of its type", () => {
    const text = (updates: string): string =>
      `graph(%x: f32[2]) {\n  %w = register {initial: {kind: "constant", value: 0}, name: "w", trainable: true} : f32[2]\n` +
      `  %0 = reduceSum(%x) {axes: [0]} : f32[]\n  return\n${updates}\n}`;
    expect(parse(text("  update %w: %x")).updates).toHaveLength(1);
    expect(() => parse(text("  update %w: %x\n  update %w: %w"))).toThrow(/line 6.*"w": has two updates/);
    expect(() => parse(text("  update %w: %0"))).toThrow(/is f32\[2\] and its update is f32\[\]/);
  });

  test("errors carry what the operation said", () => {
    const read = (): Graph =>
      parse("graph(%a: f32[2], %b: f32[3]) {\n  %0 = add(%a, %b) : f32[2]\n  return\n}");
    expect(read).toThrow(AdjointError);
    expect(read).toThrow(
      expect.objectContaining({
        code: "text",
        operation: "parse",
        cause: expect.objectContaining({ code: "shape", operation: "add" }),
      }),
    );
  });
});

describe("hostile text", () => {
  const deep = 100_000;
  const symbols = (count: number, join: string): string =>
    Array.from({ length: count }, (_, index) => `s${index}`).join(join);

  test.each([
    ["nested lists", `graph() { %0 = iota {axis: ${"[".repeat(deep)}`],
    ["nested records", `graph() { %0 = iota {axis: ${"{a:".repeat(deep)}`],
    ["nested bodies", `graph() { ${"%0 = scan() () { ".repeat(deep)}`],
    ["a long bigint", `graph() { %0 = iota {axis: ${"9".repeat(1_000_000)}n} : i32[2] return }`],
    ["a long number", `graph() { %0 = iota {axis: ${"9".repeat(1_000_000)}} : i32[2] return }`],
    ["a long element", `graph() { %0 = constant {value: i64[1](${"9".repeat(1_000_000)})} : i64[1] return }`],
    ["a long string", `graph() { %0 = iota {axis: "${"a".repeat(1_000_000)}"} : i32[2] return }`],
    ["a long name", `graph() { %${"a".repeat(1_000_000)} = ${"b".repeat(1_000_000)} : i32[2] return }`],
    ["a long sum", `graph(%x: f32[${symbols(20_000, "+")}]) { return }`],
    ["a long product", `graph(%x: f32[${symbols(20_000, "*")}]) { return }`],
    ["a product of sums", `graph(%x: f32[${symbols(60, ",").replaceAll(",", "+1,")}+1]) { return }`],
    ["large coefficients", `graph(%x: f32[${"999999999999999*".repeat(30)}s]) { return }`],
    ["a high rank", `graph(%x: f32[${"1,".repeat(100_000)}1]) { return }`],
    [
      "a long reshape",
      `graph(%x: f32[2]) { %0 = reshape(%x) {shape: [${symbols(60, ",").replaceAll(",", "+1,")}+1]} : f32[2] return }`,
    ],
    [
      "many wide operands",
      `graph(%x: f32[${symbols(1000, "+")}]) { %0 = concat(${"%x,".repeat(50_000)}%x) {axis: 0} : f32[s] return }`,
    ],
    ["many comments", `${"#\n".repeat(500_000)}graph`],
  ])("%s: refused at once", (_, text) => {
    const start = performance.now();
    expect(() => parse(text, { composites })).toThrow(AdjointError);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  /** What parsing throws; undefined where the text can be parsed. */
  function refusal(text: string): unknown {
    try {
      print(parse(text, { composites }));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  const isClean = (error: unknown): boolean => error === undefined || error instanceof AdjointError;

  test("text cut off anywhere", { timeout: 60_000 }, () => {
    const text = print(trainingStep());
    for (let end = 0; end < text.length; end++)
      expect(refusal(text.slice(0, end))).toBeInstanceOf(AdjointError);
  });

  test("text with a token replaced, removed or repeated", { timeout: 60_000 }, () => {
    const pieces = [
      '%x %0 %9 0 -1 1e9 99999999999999999999 batch f32 i64 bool [] [2] { } ( ) [ ] , : = ... "" NaN null add scan',
      "return update axis shape dtype value data __proto__ toString f32[2](1,2) {data:1} \0",
    ].flatMap((line) => line.split(" "));
    fc.assert(
      fc.property(
        graphs,
        fc.array(
          fc.tuple(fc.nat(), fc.constantFrom("replace", "remove", "repeat"), fc.constantFrom(...pieces)),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        (graph, edits) => {
          const tokens = print(graph).match(/%?[\w./]+|"[^"]*"|\s+|./g) ?? [];
          for (const [place, edit, piece] of edits) {
            const at = place % tokens.length;
            const token = tokens[at] ?? "";
            tokens.splice(at, 1, ...{ replace: [piece], remove: [], repeat: [token, piece, token] }[edit]);
          }
          expect(refusal(tokens.join(""))).toSatisfy(isClean);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
