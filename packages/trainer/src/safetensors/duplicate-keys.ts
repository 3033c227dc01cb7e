/** A string of JSON, whole; sticky. */
const STRING = /"(?:[^"\\]|\\.)*"/y;
const KEY_END = /\s*:/y;

/**
 * The first key that an object of a JSON text has twice, and where it stands (in characters). `JSON.parse` keeps the last
 * silently, so that two readers of one file could see two different things.
 * @param json valid JSON.
 */
export function duplicateKey(json: string): { readonly key: string; readonly at: number } | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      STRING.lastIndex = at;
      const [text = '""'] = STRING.exec(json) ?? [];
      KEY_END.lastIndex = at + text.length;
      if (KEY_END.test(json)) {
        const key = String(JSON.parse(text));
        const keys = open.at(-1);
        if (keys?.has(key) === true) return { key, at };
        keys?.add(key);
      }
      at += text.length - 1;
    }
  }
  return undefined;
}
