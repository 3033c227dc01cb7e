// Counts words and openings that CONTRIBUTING.md advises against, in the comments and docs of each package.
// node tools/style.mjs [--list NAME]: a table, or the lines of one pattern.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";

/** What is looked for: in doc comments from their start, elsewhere in all comments and prose. */
const patterns = {
  opening: /^(?:What|How|Whether|Where|Which|Why)\b/,
  repeating: /^(?:(?:All )?(?:Options|Settings|Config|Configuration|Kind|Result|Type) (?:of|for) `\w+`\.?)$/,
  isNo: /(?<!\b(?:[Tt]here|that|which) )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|larger\b|smaller\b|faster\b|slower\b|better\b|worse\b|other\b|such\b)\w/,
  ofBefore: /\bof (?:before|after) the\b/,
  dear: /\b(?:dear|dearer|nought|hence|thereof|wherein)\b/,
  forOnly: /\bfor \w+ \w+s only\b/,
};

/** @type {(text: string) => string} */
const sentence = (text) =>
  text
    .replaceAll(/^\s*\*? ?/gm, " ")
    .replaceAll(/\s+/g, " ")
    .trim();

/** The comments of a source file, or the paragraphs of a page; `isDoc` for those that stand before a declaration. */
function commentsOf(/** @type {string} */ file, /** @type {string} */ text) {
  if (file.endsWith(".md"))
    return text
      .replaceAll(/^```[\s\S]*?^```$/gm, "")
      .split(/\n{2,}/)
      .map((part) => ({ isDoc: false, text: sentence(part) }));
  return [
    ...[...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(([, part = ""]) => ({
      isDoc: true,
      text: sentence(part),
    })),
    ...[...text.matchAll(/(?<=^|\s)\/\/ ([^\n]*)/g)].map(([, part = ""]) => ({ isDoc: false, text: part })),
  ];
}

/** Each place where a pattern holds. */
function findings(/** @type {string} */ root) {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.mjs", "*.md"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && file !== "CONTRIBUTING.md" && existsSync(`${root}/${file}`));
  return files.flatMap((file) => {
    const [top = "", name = ""] = file.split("/");
    const part = ["packages", "apps"].includes(top) ? `${top}/${name}` : file.includes("/") ? top : "(root)";
    return commentsOf(file, readFileSync(`${root}/${file}`, "utf8")).flatMap(({ isDoc, text }) =>
      Object.entries(patterns).flatMap(([pattern, expression]) =>
        expression.test(text) && (isDoc || !expression.source.startsWith("^"))
          ? [{ part, file, pattern, text }]
          : [],
      ),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = findings(fileURLToPath(new URL("..", import.meta.url)));
  const wanted = process.argv[2] === "--list" ? process.argv[3] : undefined;
  if (wanted !== undefined) {
    for (const { file, pattern, text } of found)
      if (pattern === wanted) process.stdout.write(`${file}: ${text.slice(0, 120)}\n`);
  } else {
    /** @type {{ [part: string]: { [pattern: string]: number } }} */
    const table = {};
    for (const { part, pattern } of found) {
      const row = (table[part] ??= Object.fromEntries(Object.keys(patterns).map((each) => [each, 0])));
      row[pattern] = (row[pattern] ?? 0) + 1;
    }
    console.table(table);
  }
}
