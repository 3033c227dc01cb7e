import { DatasetError } from "./error.ts";

/** One record of a text of separated values. */
export interface CsvRecord {
  /** The line on which it begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The records of `text` by RFC 4180: cells in quotes may hold separators, line breaks and doubled quotes. Lines may end
 * with CR, LF or both; a byte-order mark and empty lines are skipped.
 *
 * @throws DatasetError `bad-csv` with the line: a quote that is never closed, or that stands within a cell.
 */
export function* csvRecords(text: string, separator: string, file?: string): Generator<CsvRecord, undefined> {
  let position = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  const wrong = (problem: string): DatasetError =>
    new DatasetError("bad-csv", "csv", problem, { file, line });
  const ends = (char: string | undefined): boolean =>
    char === separator || char === "\n" || char === "\r" || char === undefined;

  const plainCell = (): string => {
    const begin = position;
    while (!ends(text[position])) {
      if (text[position] === '"') {
        throw wrong("a quote stands within a cell. Put the whole cell in quotes and double those within it.");
      }
      position++;
    }
    return text.slice(begin, position);
  };
  const quotedCell = (): string => {
    const begin = position + 1;
    for (let quote = text.indexOf('"', begin); quote !== -1; quote = text.indexOf('"', quote + 2)) {
      if (text[quote + 1] === '"') continue;
      position = quote + 1;
      if (!ends(text[position])) {
        throw wrong("a cell goes on after its closing quote. Double the quotes within a quoted cell.");
      }
      return text.slice(begin, quote).replaceAll('""', '"');
    }
    throw wrong("a quote is never closed.");
  };

  while (position < text.length) {
    const record = { line, cells: [] as string[] };
    const start = position;
    for (;;) {
      const begin = position;
      const isQuoted = text[position] === '"';
      record.cells.push(isQuoted ? quotedCell() : plainCell());
      if (isQuoted) line += text.slice(begin, position).match(/\r\n|\r|\n/g)?.length ?? 0;
      if (text[position] !== separator) break;
      position++;
    }
    // A line that holds nothing is skipped; an empty cell in quotes is a record.
    if (position > start) yield record;
    position += text.startsWith("\r\n", position) ? 2 : 1;
    line++;
  }
}
