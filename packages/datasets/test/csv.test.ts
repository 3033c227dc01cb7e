import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { csv, type CsvField, type Dataset } from "../src/index.ts";
import { csvRecords } from "../src/csv-records.ts";
import { f32, i32, refusal } from "./support.ts";

const penguins = `species,bill,depth,mass
Adelie,39.1,18.7,3750
Gentoo,46.5,14.8,5200
Adelie,-.5,1e-2,+3
`;

describe("csv", () => {
  it("takes columns of numbers alone, together, and classes", () => {
    const data = csv(penguins, {
      fields: {
        size: ["depth", "bill"],
        mass: "mass",
        species: { column: "species", classes: ["Adelie", "Gentoo"] },
      },
    });
    expectTypeOf(data).toEqualTypeOf<
      Dataset<{ readonly size: "f32"; readonly mass: "f32"; readonly species: "i32" }>
    >();
    expect(data.columns()).toEqual({
      size: f32([3, 2], [18.7, 39.1, 14.8, 46.5, 0.01, -0.5]),
      mass: f32([3], [3750, 5200, 3]),
      species: i32([3], [0, 1, 0]),
    });
  });

  it("takes a header from outside, other separators, spaces around numbers, and f64", () => {
    const data = csv("1;0.1\r\n2; 0.2 ", {
      header: ["a", "b"],
      separator: ";",
      dtype: "f64",
      fields: { b: "b" },
    });
    expect(data.column("b")).toEqual({ dtype: "f64", shape: [2], data: Float64Array.of(0.1, 0.2) });
    expectTypeOf(data.column("b").data).toEqualTypeOf<Float64Array>();
  });

  it.each([
    ["an empty text", "", "empty", {}],
    ["a header alone", "a,b\n", "empty", {}],
    ["a column twice", "a,b,a\n1,2,3", "bad-csv", { column: "a" }],
    ["a short record", "a,b\n1,2\n\n3", "bad-csv", { line: 4 }],
    ["a long record", "a,b\n1,2,3", "bad-csv", { line: 2 }],
    ["a missing column", "b,c\n1,2", "bad-field", { column: "a" }],
    ["an empty cell", "a,b\n1,2\n,2", "bad-value", { line: 3, column: "a" }],
    ["a word", "a,b\nx,2", "bad-value", { line: 2, column: "a" }],
    ["a hexadecimal number", "a\n0x10", "bad-value", { line: 2, column: "a" }],
    ["NaN", "a\nNaN", "bad-value", { line: 2, column: "a" }],
    ["infinity", "a\n-Infinity", "bad-value", { line: 2, column: "a" }],
    ["a number too large for f32", "a\n1e39", "bad-value", { line: 2, column: "a" }],
    ["a quote that stays open", 'a\n1\n"2\n3', "bad-csv", { line: 3 }],
    ["a quote within a cell", 'a\n1"2', "bad-csv", { line: 2 }],
    ["a cell after its quotes", 'a\n"1"2', "bad-csv", { line: 2 }],
  ])("refuses %s with its place", async (_, text, code, place) => {
    const error = await refusal(() => csv(text, { fields: { a: "a" }, file: "table.csv" }));
    expect(error.reason).toBe(code);
    expect(error.file).toBe("table.csv");
    expect(error).toMatchObject(place);
  });

  it("says what is wrong", async () => {
    const number = await refusal(() => csv("a,b\n1,n/a\n", { fields: { b: "b" }, file: "table.csv" }));
    expect(number.message).toBe(
      'csv: table.csv, line 2, column "b": "n/a" is no decimal number. Replace it, or leave its record out.',
    );
    const species = { column: "species", classes: ["Adelie"] };
    const label = await refusal(() => csv(penguins, { fields: { species } }));
    expect(label.message).toBe(
      'csv: line 3, column "species": "Gentoo" is none of the 1 classes. Replace it, or leave its record out.',
    );
  });

  it.each([
    [{ fields: {} }, "empty"],
    [{ fields: { a: [] } }, "bad-option"],
    [{ fields: { a: 3 } }, "bad-option"],
    [{ fields: { a: { column: "a", classes: [] } } }, "bad-option"],
    [{ fields: { a: "a" }, separator: ", " }, "bad-option"],
    [{ fields: { a: "a" }, separator: '"' }, "bad-option"],
    [{ fields: { a: "a" }, dtype: "i32" }, "bad-option"],
    [{ fields: { a: "a" }, delimiter: "," }, "bad-option"],
  ])("refuses the options %o", async (options, code) => {
    // Callers without types can pass anything.
    const error = await refusal(() => csv("a\n1", options as { fields: Record<string, CsvField> }));
    expect(error.reason).toBe(code);
  });
});

it("refuses bytes in the place of text", async () => {
  const text = new Uint8Array(3) as unknown as string; // What callers without types can pass.
  const error = await refusal(() => csv(text, { fields: { a: "a" } }));
  expect(error.message).toBe(
    "csv: needs text, got a Uint8Array. Decode bytes: new TextDecoder().decode(bytes).",
  );
});

describe("csvRecords", () => {
  const cells = (text: string, separator = ","): (readonly string[])[] => {
    return Array.from(csvRecords(text, separator), (record) => record.cells);
  };

  it("follows RFC 4180", () => {
    expect(cells('a,b\r\n"1,5","say ""hi"""\r\n"two\r\nlines",\r\n')).toEqual([
      ["a", "b"],
      ["1,5", 'say "hi"'],
      ["two\r\nlines", ""],
    ]);
  });

  it("takes all line ends, a byte-order mark, empty lines and a missing last line end", () => {
    expect(cells("\uFEFFa\rb\n\n\r\nc,")).toEqual([["a"], ["b"], ["c", ""]]);
    expect(cells("\n\n")).toEqual([]);
  });

  it("counts lines as an editor does", () => {
    const lines = Array.from(csvRecords('a\n"b\nb\r\nb"\r\n\rc\n', ","), ({ line }) => line);
    expect(lines).toEqual([1, 2, 6]);
  });

  it("keeps an empty cell in quotes that is a record of its own, and skips empty lines", () => {
    expect(cells('a\n""\n\nb\n""')).toEqual([["a"], [""], ["b"], [""]]);
    expect(cells('""')).toEqual([[""]]);
    expect(() => csv('x\n1\n""\n3\n', { fields: { x: "x" } })).toThrow(/line 3/);
  });

  it("reads back what was quoted by the rules", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "1", ",", ";", '"', "\n", "\r", " ", "é") });
    const tables = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom(",", ";"),
        fc.constantFrom("\n", "\r\n", "\r"),
        (table, separator, end) => {
          const quoted = (text: string): string =>
            /[,;"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
          const text = table.map((row) => row.map(quoted).join(separator) + end).join("");
          expect(cells(text, separator)).toEqual(table);
        },
      ),
    );
  });
});

describe("huge and hostile tables", () => {
  const fields = { x: "x" };

  it("cells of any length: read, or refused in a few words", async () => {
    const long = "1".repeat(2 ** 20);
    for (const cell of [
      `${long}x`,
      `${long}.${long}e`,
      `.${long}e+-`,
      `-${long}e${long}x`,
      "x ".repeat(2 ** 20),
    ]) {
      const error = await refusal(() => csv(`x\n${cell}\n`, { fields }));
      expect(error.reason).toBe("bad-value");
      expect(error.message.length).toBeLessThan(5000);
    }
    expect((await refusal(() => csv(`x\n${long}\n`, { fields }))).message).toContain("too large");
    expect(csv(`x\n0.${long}\n`, { fields }).columns().x.data).toEqual(Float32Array.of(1 / 9));
  });

  it("numbers are those that they were", () => {
    const old = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    const text = fc.string({ unit: fc.constantFrom("0", "1", ".", "e", "E", "+", "-", "x"), maxLength: 8 });
    fc.assert(
      fc.property(text, (cell) => {
        let read = true;
        try {
          csv(`x,y\n${cell},1\n`, { fields, dtype: "f64" });
        } catch {
          read = false;
        }
        expect(read).toBe(old.test(cell) && Number.isFinite(Number(cell)));
      }),
    );
  });

  it("a hundred thousand columns, all of them taken, and a million", { timeout: 60_000 }, async () => {
    const titles = Array.from({ length: 100_000 }, (_, index) => `c${index}`);
    const row = titles.map((_, index) => index).join();
    const all = csv(`${titles.join()}\n${row}\n`, { fields: { all: titles } });
    expect(all.fields.all.shape).toEqual([100_000]);
    const million = Array.from({ length: 1_000_000 }, (_, index) => `c${index}`).join();
    const text = `${million}\n${"1,".repeat(999_999)}1\n`;
    expect(csv(text, { fields: { last: "c999999" } }).length).toBe(1);
    const unknown = await refusal(() => csv(`${titles.join()}\n${row}\n`, { fields: { last: "d" } }));
    expect(unknown.message).toContain('"c0", "c1"');
    expect(unknown.message).toContain("and 99980 more");
    const twice = await refusal(() => csv(`${titles.join()},c5\n${row},1\n`, { fields: { last: "c5" } }));
    expect(twice.message).toContain("this column twice");
  });
});
