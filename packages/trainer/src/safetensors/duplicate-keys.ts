const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * The first key that an object of a JSON text has twice, and where it stands (in characters). `JSON.parse` keeps the last
 * silently, so that two readers of one file could see two different things. Takes time in proportion to the text, however
 * long its strings are and however deep it goes.
 * @param json valid JSON.
 */
export function duplicateKey(json: string): { readonly key: string; readonly at: number } | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === OPEN) open.push(new Set());
    else if (character === CLOSE) open.pop();
    else if (character === QUOTE) {
      const start = at;
      at = endOfString(json, start);
      if (json.charCodeAt(afterSpace(json, at + 1)) !== COLON) continue;
      const key = String(JSON.parse(json.slice(start, at + 1)));
      const keys = open.at(-1);
      if (keys?.has(key) === true) return { key, at: start };
      keys?.add(key);
    }
  }
  return undefined;
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** The first index from `at` on that is not a space; all of JSON's spaces are up to U+0020. */
function afterSpace(json: string, at: number): number {
  while (json.charCodeAt(at) <= 0x20) at++;
  return at;
}
