import { AdjointError } from "../error.ts";

/** `name`: reshape, batch; `value`: %0, %dense_1.weight; `mark`: one of `( ) [ ] { } , : = + - * ...`. */
export type TokenKind = "name" | "value" | "number" | "string" | "mark" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; a value without its %, a string without quotes and escapes. */
  readonly text: string;
  /** Its first position in the text. */
  readonly at: number;
}

/** A name without quotes. */
export const NAME: RegExp = /^[A-Za-z_][A-Za-z0-9_.]*$/;
/** A value's label. */
export const LABEL: RegExp = /^[A-Za-z_][A-Za-z0-9_./-]*$/;

/** Names that are values of their own and so no symbols, unless in parentheses. */
export const KEYWORDS: ReadonlyMap<string, boolean | null | number> = new Map<
  string,
  boolean | null | number
>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
]);

const BLANK = /[ \t\r\n]+|#[^\n]*/y;
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["name", /[A-Za-z_][A-Za-z0-9_.]*/y],
  ["value", /%[A-Za-z0-9_][A-Za-z0-9_./-]*/y],
  ["number", /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?n?/y],
  ["mark", /\.\.\.|[()[\]{},:=+*-]/y],
];

/** Tokens of a graph's text, one ahead. */
export class Scanner {
  readonly #text: string;
  #end = 0;
  #token: Token;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#scan();
  }

  /** The token that `next` takes. */
  get token(): Token {
    return this.#token;
  }

  /** Takes a token. */
  next(): Token {
    const taken = this.#token;
    this.#token = this.#scan();
    return taken;
  }

  at(kind: TokenKind, text?: string): boolean {
    return this.#token.kind === kind && (text === undefined || this.#token.text === text);
  }

  /** Takes this mark if it is the next token. */
  take(mark: string): boolean {
    if (!this.at("mark", mark)) return false;
    this.next();
    return true;
  }

  /** @throws AdjointError when the next token is another. */
  expect(kind: TokenKind, text?: string): Token {
    if (this.at(kind, text)) return this.next();
    throw this.expected(text === undefined ? NAMES[kind] : `"${text}"`);
  }

  /** Takes `item` and then, after each comma, another, up to `close`, which is taken too. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.take(close)) return items;
    do items.push(item());
    while (this.take(","));
    if (!this.take(close)) throw this.expected(`"," or "${close}"`);
    return items;
  }

  /** `line 3, column 8`, both from 1. */
  place(at: number = this.#token.at): string {
    const before = this.#text.slice(0, at);
    const start = before.lastIndexOf("\n") + 1;
    return `line ${before.split("\n").length}, column ${at - start + 1}`;
  }

  /** The error for a token that does not belong. */
  expected(what: string, token: Token = this.#token): AdjointError {
    const { kind, text } = token;
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    const found =
      kind === "end" ? "the end of the text" : kind === "string" ? JSON.stringify(shown) : `"${shown}"`;
    return this.error(`expected ${what} and found ${found}`, token.at);
  }

  error(problem: string, at: number = this.#token.at): AdjointError {
    return new AdjointError("text", "parse", `${this.place(at)}: ${problem}`);
  }

  #scan(): Token {
    let at = this.#end;
    for (BLANK.lastIndex = at; BLANK.test(this.#text);) at = BLANK.lastIndex;
    if (at >= this.#text.length) return { kind: "end", text: "", at };
    if (this.#text[at] === '"') return this.#string(at);
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const found = pattern.exec(this.#text)?.[0];
      if (found === undefined) continue;
      this.#end = at + found.length;
      return { kind, text: kind === "value" ? found.slice(1) : found, at };
    }
    throw this.error(
      `unexpected ${JSON.stringify(String.fromCodePoint(this.#text.codePointAt(at) ?? 0))}`,
      at,
    );
  }

  /** A JSON string. Base64 is long, so it is found by searching, not by a pattern that backtracks. */
  #string(at: number): Token {
    let end = at + 1;
    for (; ; end++) {
      const character = this.#text[end];
      if (character === undefined || character === "\n") throw this.error("a string has no end", at);
      if (character === '"') break;
      if (character === "\\") end++;
    }
    this.#end = end + 1;
    try {
      return { kind: "string", text: String(JSON.parse(this.#text.slice(at, this.#end))), at };
    } catch {
      throw this.error("a string has an escape or a character that JSON does not know", at);
    }
  }
}

const NAMES: { readonly [K in TokenKind]: string } = {
  name: "a name",
  value: "a value such as %0",
  number: "a number",
  string: "a string",
  mark: "punctuation",
  end: "the end of the text",
};
