import { type DType, type DataOf, at } from "@adjoint/ir/values";
import {
  type Schema,
  array,
  checked,
  minLength,
  oneOf,
  optional,
  record,
  regex,
  show,
  strictObject,
  string,
  union,
  withDefault,
} from "@adjoint/ir/schema";
import type { Column } from "./column.ts";
import { type CsvRecord, csvRecords } from "./csv-records.ts";
import { Dataset } from "./dataset.ts";
import { allocate, type FloatDType } from "./dtype.ts";
import { DatasetError, listed } from "./error.ts";
import { parseOptions } from "./options.ts";
import { storedSources } from "./sources.ts";

/**
 * The columns that a field takes from a table: the numbers of one ([length]), of several ([length, columns]), or the index
 * of a column's text in a list of classes (i32 [length]).
 */
export type CsvField =
  | string
  | readonly string[]
  | { readonly column: string; readonly classes: readonly string[] };

/** Fields by name. */
export type CsvFields = Readonly<Record<string, CsvField>>;

/** Options of making a data set from a table. */
export interface CsvOptions<S extends CsvFields, D extends FloatDType = "f32"> {
  /** The fields, by the columns they take: `{ features: ["rooms", "age"], price: "price" }`. */
  readonly fields: S;
  /** The columns' names, for a text whose first record isn't its header. */
  readonly header?: readonly string[];
  /** One character. Default: a comma. */
  readonly separator?: string;
  /** Element type of the numbers. Default: `"f32"`. */
  readonly dtype?: D;
  /** Name of the file, for messages. */
  readonly file?: string;
}

/** The data set that `csv` makes of the fields `S`. */
export type CsvDataset<S extends CsvFields, D extends FloatDType> = Dataset<{
  readonly [K in keyof S]: S[K] extends { readonly classes: readonly string[] } ? "i32" : D;
}>;

const name = string("must be a column's name");
const fieldSchema: Schema<CsvField> = union(
  [
    name,
    checked(array(name), minLength(1)),
    strictObject({ column: name, classes: checked(array(string()), minLength(1)) }),
  ],
  "must be a column's name, a list of names, or { column, classes }",
);
const schema = strictObject({
  fields: record(fieldSchema, "must be fields by name"),
  header: optional(checked(array(name, "must be a list of names"), minLength(1))),
  separator: withDefault(
    checked(
      string("must be one character"),
      regex(/^[^"\r\n]$/, "must be one character, no quote or line break"),
    ),
    ",",
  ),
  dtype: withDefault(oneOf(["f32", "f64"], 'must be "f32" or "f64"'), "f32"),
  file: optional(string("must be a name")),
});

/**
 * A data set from text of comma-separated values (RFC 4180). Every cell that a field takes must be a decimal number,
 * or one of the field's classes; other columns may hold anything.
 *
 * @throws DatasetError with line and column: `bad-csv` for text that is not a table, `bad-field` for a column that isn't
 * there, `bad-value` for a cell that is neither a number nor a class, `empty` for a table without records.
 */
export function csv<const S extends CsvFields, D extends FloatDType = "f32">(
  text: string,
  options: CsvOptions<S, D>,
): CsvDataset<S, D> {
  const { fields, separator, dtype, file, ...rest } = parseOptions("csv", schema, options);
  if (typeof text !== "string") {
    throw new DatasetError(
      "bad-option",
      "csv",
      `needs text, got ${show(text)}. Decode bytes: new TextDecoder().decode(bytes).`,
    );
  }
  const records = Array.from(csvRecords(text, separator, file));
  const header = rest.header ?? records.shift()?.cells ?? [];
  const table = { header, places: new Map(header.map((title, place) => [title, place])), records, file };
  checkTable(table);
  const columns = Object.entries(fields).map(([field, taken]) => [field, column(table, taken, dtype)]);
  return new Dataset(storedSources(Object.fromEntries(columns)));
}

interface Table {
  readonly header: readonly string[];
  /** The index of each column. */
  readonly places: ReadonlyMap<string, number>;
  readonly records: readonly CsvRecord[];
  readonly file: string | undefined;
}

function checkTable({ header, places, records, file }: Table): void {
  const twice = header.find((title, index) => places.get(title) !== index);
  if (twice !== undefined) {
    throw new DatasetError("bad-csv", "csv", "the header has this column twice. Give each its own name.", {
      file,
      column: twice,
    });
  }
  if (records.length === 0)
    throw new DatasetError("empty", "csv", "the text has no record after its header.", { file });
  for (const { line, cells } of records) {
    if (cells.length === header.length) continue;
    const problem = `${cells.length} cells where the header has ${header.length}. Check separators and quotes.`;
    throw new DatasetError("bad-csv", "csv", problem, { file, line });
  }
}

function column(table: Table, taken: CsvField, dtype: FloatDType): Column {
  const length = table.records.length;
  if (typeof taken === "string") {
    return { dtype, shape: [length], data: read(table, [taken], dtype, numberOf) };
  }
  if (!("classes" in taken)) {
    return { dtype, shape: [length, taken.length], data: read(table, taken, dtype, numberOf) };
  }
  const places = new Map(taken.classes.map((text, place) => [text, place]));
  const data = read(
    table,
    [taken.column],
    "i32",
    (cell) => places.get(cell) ?? `is none of the ${places.size} classes`,
  );
  return { dtype: "i32", shape: [length], data };
}

/** `value` gives the element of a cell, or says what is wrong with it. */
function read<D extends FloatDType | "i32">(
  table: Table,
  titles: readonly string[],
  dtype: D,
  value: (cell: string, dtype: DType) => number | string,
): DataOf<D> {
  const places = titles.map((title) => {
    const place = table.places.get(title);
    if (place !== undefined) return place;
    const known = listed(table.header);
    throw new DatasetError("bad-field", "csv", `there is no such column among ${known}.`, {
      file: table.file,
      column: title,
    });
  });
  const data = allocate(dtype, table.records.length * titles.length);
  let index = 0;
  for (const { line, cells } of table.records) {
    for (const place of places) {
      const cell = at(cells, place);
      const element = value(cell.trim(), dtype);
      if (typeof element === "string") {
        const problem = `"${cell}" ${element}. Replace it, or leave its record out.`;
        throw new DatasetError("bad-value", "csv", problem, {
          file: table.file,
          line,
          column: at(table.header, place),
        });
      }
      data[index++] = element;
    }
  }
  return data;
}

function numberOf(cell: string, dtype: DType): number | string {
  // Number() alone would take "", "0x10" and "Infinity". Each digit fits one place of the pattern, so that it never goes back.
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(cell)) return "is no decimal number";
  const value = Number(cell);
  return Number.isFinite(dtype === "f32" ? Math.fround(value) : value) ? value : `is too large for ${dtype}`;
}
