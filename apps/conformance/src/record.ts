import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { BackendName } from "./options.ts";
import { markdownSection } from "./report.ts";
import type { Result } from "./run-test.ts";

const listPath = (root: string, backend: BackendName): string =>
  `${root}/apps/conformance/passed-${backend}.txt`;

const nameOf = ({ folder, test }: Result): string => `${folder}/${test}`;

/** Recorded tests that ran and no longer pass. */
export function lostTests(root: string, backend: BackendName, results: readonly Result[]): readonly Result[] {
  const path = listPath(root, backend);
  if (!existsSync(path)) return [];
  const recorded = new Set(readFileSync(path, "utf8").split("\n"));
  return results.filter((result) => result.result !== "passed" && recorded.has(nameOf(result)));
}

/** Records which tests pass on a backend, and writes its part of the page. */
export function record(root: string, backend: BackendName, results: readonly Result[]): void {
  const passed = results.filter(({ result }) => result === "passed").map(nameOf);
  writeFileSync(listPath(root, backend), `${passed.toSorted().join("\n")}\n`);
  const path = `${root}/docs/onnx-conformance.md`;
  const page = existsSync(path) ? readFileSync(path, "utf8") : `${introduction}\n`;
  writeFileSync(path, withSection(page, backend, markdownSection(backend, results)));
}

const introduction = `# ONNX conformance

The official ONNX backend tests on each backend: dtype and shape the same, whole numbers equal, floats within a relative
1e-3 and an absolute 1e-7. The \`light\` models expect one constant for any input, so they prove that their files load, and no number;
\`pnpm test:full\` proves those networks with random weights, node by node. Written by \`pnpm conformance --update\`; not to be edited.
`;

/** The page with one backend's section replaced, or added. */
export function withSection(page: string, backend: string, section: string): string {
  const [head = "", ...sections] = page.split(/^(?=## )/m);
  const others = sections.filter((other) => !other.startsWith(`## ${backend}\n`));
  return [head, ...[...others, `${section}\n`].toSorted()].join("").trimEnd() + "\n";
}
